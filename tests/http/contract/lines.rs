//! Lines of commands, good and wrecked, at both doors: `POST /commands` and `dossier ingest` refuse the same ones, for the
//! same reasons.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::sample::Samples;
use super::wreck;
use super::*;

/// Commands by name, with the shape of what they share with HTTP and the references that they need.
const COMMANDS: &[(&str, &str, &[&str])] = &[
    ("create_contact", "CreateContactRequest", &[]),
    ("update_contact", "UpdateContactRequest", &["contact"]),
    ("add_tag", "", &["contact", "tag"]),
    ("remove_tag", "", &["contact", "tag"]),
    ("claim_channel", "ChannelRequest", &["contact"]),
    ("release_channel", "ChannelRequest", &["contact"]),
    ("receive_message", "ReceiveMessageRequest", &[]),
    ("send_message", "SendMessageRequest", &["contact"]),
    ("update_message_status", "StatusRequest", &["contact", "message_id"]),
    ("add_comment", "CommentRequest", &["contact"]),
    ("open_conversation", "", &["contact"]),
    ("close_conversation", "CloseRequest", &["contact"]),
    ("snooze_conversation", "SnoozeRequest", &["contact"]),
    ("assign", "AssignRequest", &["contact"]),
    ("block_contact", "ReasonRequest", &["contact"]),
    ("unblock_contact", "ReasonRequest", &["contact"]),
    ("merge_contacts", "MergeRequest", &[]),
    ("unmerge_contacts", "UnmergeSecondaryRequest", &["primary"]),
    ("delete_contact", "", &["contact"]),
    ("define_field", "DefineFieldRequest", &["field"]),
    ("change_field", "ChangeFieldRequest", &["field"]),
    ("retire_field", "", &["field"]),
    ("define_segment", "DefineSegmentRequest", &[]),
    ("change_segment", "ChangeSegmentRequest", &["segment"]),
    ("remove_segment", "", &["segment"]),
];

/// A line of a command on one of a few contacts, known by their handles.
fn line(samples: &mut Samples, dice: &mut Dice) -> Value {
    let handle = |dice: &mut Dice| format!("channel:web:h{}", dice.below(12));
    samples.contacts = [handle(dice), handle(dice)];
    let (name, schema, needed) = COMMANDS[dice.below(COMMANDS.len())];
    let mut line = if schema.is_empty() { json!({}) } else { samples.named(schema, dice) };
    for member in needed {
        let given = if ["tag", "message_id", "field", "segment"].contains(member) {
            "m1".into()
        } else {
            json!(samples.contacts[0])
        };
        line[*member] = given;
    }
    if name == "receive_message" {
        line["external_id"] = json!(format!("h{}", dice.below(12)));
    }
    line["command"] = json!(name);
    line
}

fn lines(samples: &mut Samples, count: usize) -> Vec<u8> {
    let mut dice = Dice(11);
    let mut all = Vec::new();
    for round in 0..count {
        let good = line(samples, &mut dice).to_string().into_bytes();
        let operation = Operation { method: Method::POST, path: String::new(), params: Vec::new(), schema: None };
        let asked = Asked { path: String::new(), headers: Vec::new(), body: Some(good.clone()) };
        // Every other line is good; the ways to wreck a body take turns.
        let wrecked = (round % 2 == 1).then(|| wreck::one_thing(&operation, asked, &mut dice, round / 2 % 7)).flatten();
        all.extend(wrecked.and_then(|wrecked| wrecked.asked.body).unwrap_or(good));
        all.push(b'\n');
    }
    all
}

/// Number and problem of every refused line.
fn refused(answers: &[u8], number: &str) -> Vec<(u64, String)> {
    let answers = String::from_utf8_lossy(answers).into_owned();
    let answers = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused = answers.filter(|answer| answer["problem"].is_object());
    refused
        .map(|answer| {
            let problem = &answer["problem"];
            assert!(problem["status"].as_u64().unwrap() < 500, "{answer}");
            (answer[number].as_u64().unwrap(), format!("{} {}", problem["type"], problem["errors"]))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_doors_refuse_the_same_lines_for_the_same_reasons() {
    let mut asking = Asking::open().await;
    let lines = lines(&mut asking.samples, 3_000);
    let path = "/v1/workspaces/default/commands";
    let ndjson = [("content-type", "application/x-ndjson")];
    let reply = asking.door.caller().send(Method::POST, path, &ndjson, Some(lines.clone())).await.unwrap();
    assert_eq!(reply.status, 200);
    let by_http = refused(&reply.bytes, "line");
    assert!((1_000..2_500).contains(&by_http.len()), "{}", by_http.len());

    let folder = tempfile::tempdir().unwrap();
    let (file, rejects, data) = (folder.path().join("in"), folder.path().join("rejects"), folder.path().join("data"));
    std::fs::write(&file, &lines).unwrap();
    let mut ingest = Command::new(env!("CARGO_BIN_EXE_dossier"));
    let ingest = ingest.arg("ingest").arg(&file).arg("--rejects").arg(&rejects).arg("--data").arg(&data);
    assert_eq!(ingest.output().unwrap().status.code(), Some(3));
    let by_ingest = refused(&std::fs::read(&rejects).unwrap(), "line");
    for (one, other) in by_http.iter().zip(&by_ingest) {
        assert_eq!(one, other);
    }
    assert_eq!(by_http.len(), by_ingest.len());
    server::verify(&data);
    asking.door.verify();
}
