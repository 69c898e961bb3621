//! `dossier ingest`: bad lines among good ones, and runs that are cut off.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use super::*;

#[test]
fn rejected_lines_are_told_by_number_and_reason_and_stop_nothing() {
    let place = Place::new();
    let long = "x".repeat(2 << 20);
    let lines = format!(
        "{{\"command\":\"create_contact\",\"first_name\":\"Ada\"}}\nnonsense\n\n{{\"command\":\"fly\"}}\n{long}\n\
         {{\"command\":\"add_comment\",\"contact\":\"email:nobody@example.com\",\"text\":\"x\"}}\r\n\
         {{\"command\":\"create_contact\",\"email\":\"no address\"}}\n{{\"command\":\"create_contact\",\"first_name\":\"Ben\"}}"
    );
    place.file("in.ndjson", &lines);
    let run = place.run("ingest in.ndjson --rejects rejects.ndjson --json");
    assert_eq!(run.code, Some(3));
    let summary: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&summary["lines"], &summary["accepted"], &summary["rejected"]), (&7.into(), &2.into(), &5.into()));
    let rejects = std::fs::read_to_string(place.0.path().join("rejects.ndjson")).unwrap();
    let rejects: Vec<Value> = rejects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(u64, &str)> = rejects
        .iter()
        .map(|reject| (reject["line"].as_u64().unwrap(), reject["problem"]["type"].as_str().unwrap()))
        .collect();
    let validation = "/problems/validation";
    let expected = [
        (2, "/problems/malformed_request"),
        (4, validation),
        (5, "/problems/body_too_large"),
        (6, "/problems/contact_not_found"),
        (7, validation),
    ];
    assert_eq!(told, expected);
    assert_eq!(rejects[4]["problem"]["errors"][0]["pointer"], "/email");
    let again = place.run("ingest in.ndjson");
    assert!(again.out.contains("7 lines: 2 accepted (2 of them changed nothing new), 5 rejected"), "{}", again.out);
    assert!(again.out.contains("rejected line 7: /email "), "{}", again.out);
    place.run("verify").good();
}

#[test]
fn what_can_not_be_read_makes_no_folder() {
    let place = Place::new();
    assert!(place.run("ingest nowhere.ndjson").failed(1).contains("nowhere.ndjson: "));
    place.file("in.ndjson", ADA);
    assert!(place.run("ingest in.ndjson --rejects no/folder").failed(1).contains("no/folder: "));
    let compressed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sympy.ndjson.gz");
    let said = place.run(&format!("ingest {compressed}")).failed(1);
    assert!(said.contains(&format!("is compressed: zcat {compressed} | dossier ingest -")), "{said}");
    assert!(!place.data().exists());
}

/// More than a process that waits for the rest of its input can have read ahead of what it carried out.
fn history() -> String {
    let mut lines = String::new();
    for number in 0..6_000 {
        let (handle, filler) = (number % 50, "x".repeat(300));
        match number % 7 {
            0 if number > 100 => writeln!(lines, r#"{{"command":"create_contact","first_name":"Ada","company":"{filler}"}}"#),
            1 if number > 100 => writeln!(
                lines,
                r#"{{"command":"add_comment","contact":"channel:sms:{}","text":"{filler}"}}"#,
                (number + 1) % 50
            ),
            _ => writeln!(
                lines,
                r#"{{"command":"receive_message","channel":"sms","external_id":"{handle}","message_id":"m{number}","text":"{filler}"}}"#
            ),
        }
        .unwrap();
    }
    lines
}

#[test]
fn a_run_that_is_killed_is_run_again_without_doubling_anything() {
    let lines = history();
    let (whole, cut) = (Place::new(), Place::new());
    whole.file("in.ndjson", &lines);
    cut.file("in.ndjson", &lines);
    let expected = whole.run("ingest in.ndjson --json");
    let expected: Value = serde_json::from_str(&expected.out).unwrap();
    for parts in [9, 10] {
        // What is still to come keeps it from ending; what was written keeps it from having done nothing.
        let mut child = cut.command("ingest -").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(&lines.as_bytes()[..lines.len() / 11 * parts]).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let again = cut.run("ingest in.ndjson --json");
    let again: Value = serde_json::from_str(&again.out).unwrap();
    let unchanged = again["unchanged"].as_u64().unwrap();
    assert!((500..6_000).contains(&unchanged), "the kills came in the middle: {unchanged}");
    for member in ["lines", "accepted", "rejected", "position"] {
        assert_eq!(again[member], expected[member], "{member}");
    }
    let count = |place: &Place| place.run("contact show channel:sms:7 --json").json()["counts"].clone();
    assert_eq!(count(&cut), count(&whole));
    cut.run("verify").good();
}
