//! The command line over an event store.

use std::path::Path;
use std::process::{Command, Output};

use dossier_double::Double;

const LINES: &str = r#"{"command":"receive_message","channel":"whatsapp","external_id":"60123456789","message_id":"w1","text":"hello","profile":{"first_name":"Ada"}}
{"command":"receive_message","channel":"telegram","external_id":"@ada","message_id":"t1","text":"again"}
{"command":"merge_contacts","primary":"channel:whatsapp:60123456789","secondary":"channel:telegram:@ada"}
{"command":"add_tag","contact":"channel:telegram:@ada","tag":"VIP"}
"#;

fn run(data: &Path, event_store: Option<&str>, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    command.args(line.split_whitespace()).arg("--data").arg(data).current_dir(data.parent().unwrap());
    command.env_remove("DOSSIER_EVENT_STORE").envs(event_store.map(|it| ("DOSSIER_EVENT_STORE", it))).output().unwrap()
}

#[track_caller]
fn good(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn failed(output: Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_file_is_ingested_twice_verified_shown_and_made_anew() {
    let double = Double::start();
    let connection = Some(double.connection());
    let connection = connection.as_deref();
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    std::fs::write(root.path().join("lines.ndjson"), LINES).unwrap();
    good(run(&data, connection, "ingest lines.ndjson"));
    let events = double.events().len();
    good(run(&data, connection, "ingest lines.ndjson"));
    assert_eq!(double.events().len(), events, "nothing is done twice");
    assert!(good(run(&data, connection, "verify")).ends_with(" 0 faults\n"));
    good(run(&data, connection, "projections rebuild contacts"));
    assert!(good(run(&data, connection, "verify")).ends_with(" 0 faults\n"));
    let shown = good(run(&data, connection, "contact show channel:telegram:@ada --json"));
    assert!(shown.contains("VIP") && shown.contains("Ada"), "{shown}");
    let all = good(run(&data, connection, "events --json"));
    assert_eq!(all.lines().count(), events);
    let first: serde_json::Value = serde_json::from_str(all.lines().next().unwrap()).unwrap();
    let between = first["position"].as_u64().unwrap() + 1;
    let rest = good(run(&data, connection, &format!("events --json --after {between}")));
    assert_eq!(rest.lines().count(), events - 1, "a place between two events is one to read on from");
}

#[test]
fn a_folder_belongs_to_one_log() {
    let double = Double::start();
    let root = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| root.path().join(name));
    std::fs::write(root.path().join("lines.ndjson"), LINES).unwrap();
    good(run(&one, Some(&double.connection()), "ingest lines.ndjson"));
    assert!(failed(run(&one, None, "ingest lines.ndjson")).contains("name it with --event-store"));
    good(run(&other, None, "ingest lines.ndjson"));
    let refused = failed(run(&other, Some(&double.connection()), "ingest lines.ndjson"));
    assert!(refused.contains("leave --event-store away"), "{refused}");
    let refused = failed(run(&root.path().join("third"), Some("esdb://admin:changeit@host:x"), "ingest lines.ndjson"));
    assert!(refused.contains("write it like esdb://") && !refused.contains("changeit"), "{refused}");
}
