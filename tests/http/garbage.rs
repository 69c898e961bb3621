//! Whatever anybody sends, the answer is a problem or a success, never a failure of ours; and the log stays whole.

use reqwest::Method;
use serde_json::{Value, json};

use super::server::Dice;
use super::*;

const NOBODY: &str = "0197f3a2-0000-7000-8000-000000000001";
const TRIES: usize = 25;

/// Every command by method and path; `{c}` stands for a contact, `{x}` for anything.
const COMMANDS: &[(&str, &str)] = &[
    ("PUT", ""),
    ("POST", "/contacts"),
    ("PATCH", "/contacts/{c}"),
    ("DELETE", "/contacts/{x}"),
    ("PUT", "/contacts/{c}/tags/{x}"),
    ("DELETE", "/contacts/{c}/tags/{x}"),
    ("PUT", "/contacts/{c}/channels/{x}/{x}"),
    ("DELETE", "/contacts/{c}/channels/{x}/{x}"),
    ("POST", "/contacts/{c}/block"),
    ("POST", "/contacts/{c}/unblock"),
    ("POST", "/contacts/{c}/assign"),
    ("POST", "/contacts/{c}/conversation/open"),
    ("POST", "/contacts/{c}/conversation/close"),
    ("POST", "/contacts/{c}/conversation/snooze"),
    ("POST", "/contacts/{c}/comments"),
    ("POST", "/contacts/{c}/messages"),
    ("POST", "/contacts/{c}/messages/{x}/status"),
    ("POST", "/messages"),
    ("POST", "/merges"),
    ("POST", "/merges/{x}/unmerge"),
    ("POST", "/contacts/{c}/unmerge"),
    ("POST", "/commands"),
    ("GET", "/contacts/{x}"),
    ("GET", "/contacts/{c}?as_of={x}"),
    ("GET", "/contacts/{c}?as_of_position={x}"),
    ("GET", "/contacts/{c}?min_position={x}&wait_ms=1"),
    ("GET", "/tags?prefix={x}"),
    ("GET", "/tags?limit={x}"),
    ("GET", "/merges/{x}"),
    ("GET", "/billing/cycles?cursor={x}"),
    ("GET", "/billing/cycles/{x}"),
    ("GET", "/billing/cycles/{x}/contacts"),
];

const MEMBERS: &[&str] = &[
    "first_name",
    "email",
    "phone",
    "country",
    "language",
    "custom",
    "tags",
    "channels",
    "channel",
    "external_id",
    "message_id",
    "content",
    "kind",
    "sender",
    "at",
    "until",
    "profile",
    "text",
    "reason",
    "assignee",
    "category",
    "status",
    "primary",
    "secondary",
    "choices",
    "expected",
    "time_zone",
    "billing_anchor_day",
    "default_region",
    "active_days",
    "command",
    "contact",
    "tag",
    "key",
    "if_exists",
    "avatar_url",
    "type",
    "\u{0}",
    "",
];

fn string(dice: &mut Dice) -> String {
    let long = dice.below(70_000);
    let given = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "web",
        "x",
        "text",
        "message",
        "user",
        NOBODY,
        "a@example.com",
        "+60123456789",
        "\u{202e}\u{feff}",
        "e\u{301}\u{301}\u{301}",
        "9999-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T00:00:00+99:99",
        "2016-12-31T23:59:60Z",
        "99999999999999999999",
        "-1",
        "1e400",
        "receive_message",
        "create_contact",
        "email:",
        "channel:web:",
        "channel::x",
        "phone:1",
        "id:",
        "..",
        "%",
        "\u{10ffff}",
        "add_tag",
    ];
    match dice.below(given.len() + 1) {
        index if index < given.len() => given[index].into(),
        _ => "x".repeat(long),
    }
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 7 } else { 10 }) {
        0 => Value::Null,
        1 => json!(dice.below(2) == 0),
        2 => json!([0, 1, 31, -1, i64::MIN, i64::MAX][dice.below(6)]),
        3 => json!([u64::MAX as f64, 1.5, -0.0, f64::MAX, f64::MIN_POSITIVE][dice.below(5)]),
        4..7 => json!(string(dice)),
        7 => (0..dice.below(4)).map(|_| value(dice, depth - 1)).collect(),
        _ => object(dice, depth - 1),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let members = (0..dice.below(7)).map(|_| ((*dice.of(MEMBERS).unwrap()).to_owned(), value(dice, depth)));
    Value::Object(members.collect())
}

/// Bytes that are no JSON, or strange JSON.
fn bytes(dice: &mut Dice) -> Vec<u8> {
    let text = object(dice, 3).to_string().into_bytes();
    match dice.below(12) {
        0 => vec![0xff, 0xfe, b'{', b'}'],
        1 => b"{\"first_name\":\"\xc3\x28\"}".to_vec(),
        2 => [vec![b'['; 20_000], vec![b']'; 20_000]].concat(),
        3 => "{\"custom\":".repeat(5_000).into_bytes(),
        4 => b"{\"first_name\":\"a\",\"first_name\":\"b\"}".to_vec(),
        5 => b"{\"first_name\":\"\\ud800\"}".to_vec(),
        6 => b"\0\0\0".to_vec(),
        7 => b"{\"custom\":{\"n\":1e999}}".to_vec(),
        8 => text[..dice.below(text.len())].to_vec(),
        _ => text,
    }
}

/// A part of a path, percent-encoded: sometimes as no UTF-8.
fn part(dice: &mut Dice) -> String {
    if dice.below(10) == 0 {
        return "%FF%00".into();
    }
    let text: String = string(dice).chars().take(400).collect();
    let text = if text.is_empty() || text == ".." { "x".into() } else { text };
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn filled(path: &str, contact: &str, dice: &mut Dice) -> String {
    let mut path = path.replace("{c}", contact);
    while path.contains("{x}") {
        path = path.replacen("{x}", &part(dice), 1);
    }
    format!("/v1/workspaces/default{path}")
}

#[track_caller]
fn well_answered(asked: &str, reply: &Reply) {
    match reply.status {
        200..300 => {}
        // A position that is not reached yet: the caller is told to come again.
        503 => assert_eq!(reply.problem().1, "projection_behind", "{asked}"),
        400..500 => _ = reply.problem(),
        status => panic!("{asked}: {status} {}", String::from_utf8_lossy(&reply.bytes)),
    }
}

fn lines_well_answered(asked: &str, reply: &Reply) {
    for line in String::from_utf8_lossy(&reply.bytes).lines().filter(|_| reply.status == 200) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["status"].as_u64().unwrap() < 500, "{asked}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_sent_makes_the_server_fail() {
    let door = Door::open().await;
    let mut dice = Dice(7);
    let contact = door.named("Ada").await;
    for (method, path) in COMMANDS {
        for _ in 0..TRIES {
            let path_given = filled(path, &contact, &mut dice);
            let body = (*method != "GET").then(|| bytes(&mut dice));
            let told = body.as_ref().map(|body| String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned());
            let asked = format!("{method} {path} {path_given:.300} {told:?}");
            let method: Method = method.parse().unwrap();
            let reply = door.caller().send(method, &path_given, &[], body).await;
            let reply = reply.unwrap_or_else(|error| panic!("{asked}: {error}"));
            well_answered(&asked, &reply);
            if *path == "/commands" {
                lines_well_answered(&asked, &reply);
            }
        }
    }
    assert_eq!(door.get("/healthz").await.unwrap().json()["healthy"], true);
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_make_no_sense_are_refused() {
    let door = Door::open().await;
    let long = "x".repeat(5_000);
    for (name, value) in [
        ("idempotency-key", ""),
        ("idempotency-key", &*long),
        ("if-match", "7"),
        ("dossier-actor", "nobody"),
        ("dossier-actor", "system:dossier"),
        ("dossier-cause", "timer"),
        ("dossier-correlation-id", "7"),
    ] {
        let reply = door.with("POST", "/contacts", &[(name, value)], json!({"first_name": "Ada"})).await;
        assert_eq!(reply.problem(), (422, "validation".into()), "{name}: {value:.20}");
    }
    door.verify();
}
