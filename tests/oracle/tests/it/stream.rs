//! The stream of 20,000 commands: always the same from the same seed, rich in what is hard, and lawful.

use dossier_oracle::{ANCHOR_DAY, Oracle, ZONE, commands, coverage};
use serde_json::{Value, json};

/// Every situation that must come up, with the least number of lines that come to it.
const WANTED: [(&str, usize); 41] = [
    ("tree of depth 5", 15),
    ("merge", 800),
    ("merge again", 200),
    ("unmerge", 600),
    ("inner unmerge", 300),
    ("unmerge of a tree", 150),
    ("unmerge from a blocked root", 30),
    ("message for an absorbed", 2_000),
    ("sent to an absorbed", 300),
    ("edit of an absorbed", 400),
    ("tag of an absorbed", 300),
    ("claim for an absorbed", 50),
    ("release of an absorbed holder", 80),
    ("message suppressed", 500),
    ("block with messages in two cycles", 30),
    ("delete of a tree", 20),
    ("delete of one", 8),
    ("message of a holder erased since", 100),
    ("message that makes a contact", 150),
    ("redelivery", 10),
    ("redelivery after a merge", 60),
    ("redelivery after an unmerge or a release", 40),
    ("redelivery after an erasure", 40),
    ("retry by key", 150),
    ("no change", 300),
    ("choice of the primary's", 200),
    ("choice of the secondary's", 200),
    ("choice of a given value", 150),
    ("choice of nothing", 80),
    ("problem already_unmerged", 15),
    ("problem clock_behind", 15),
    ("problem contact_absorbed", 15),
    ("problem contact_blocked", 40),
    ("problem contact_erased", 40),
    ("problem contact_not_found", 15),
    ("problem identity_taken", 40),
    ("problem key_reused", 10),
    ("problem merge_blocked_contact", 20),
    ("problem not_live", 15),
    ("contacts", 300),
    ("live contacts at the end", 120),
];

#[test]
fn the_same_seed_gives_the_same_commands_and_a_shorter_stream_still_spans_the_cycles() {
    assert_eq!(commands(7, 1_500), commands(7, 1_500));
    assert_ne!(commands(7, 200), commands(8, 200));
    assert!(coverage(&commands(7, 1_500))["cycles"] >= 13);
}

#[test]
fn twenty_thousand_commands_come_to_every_hard_situation() {
    let stream = commands(1, 20_000);
    assert_eq!(stream.len(), 20_000);
    let seen = coverage(&stream);
    let poor = WANTED.iter().filter(|(name, least)| seen.get(*name).copied().unwrap_or(0) < *least);
    assert_eq!(poor.collect::<Vec<_>>(), Vec::<&(&str, usize)>::new(), "{seen:#?}");
    assert!((13..=16).contains(&seen["cycles"]), "{} cycles", seen["cycles"]);
    assert!((600..=1_400).contains(&seen["refused"]), "{} refused", seen["refused"]);
}

#[test]
fn times_never_go_back_save_in_lines_refused_for_it_or_known() {
    let mut oracle = Oracle::default();
    let mut latest = String::new();
    for (command, line) in commands(3, 3_000).iter().zip(1..) {
        let answer = oracle.apply(line, command);
        let at = command["at"].as_str().expect("every line has a time").to_owned();
        assert!(answer["changed"] != true || at >= latest, "line {line} goes back");
        latest = latest.max(at);
    }
}

#[test]
fn a_closed_statement_never_moves() {
    let mut oracle = Oracle::default();
    let mut known: Vec<Value> = Vec::new();
    for (command, line) in commands(5, 4_000).iter().zip(1..) {
        oracle.apply(line, command);
        if line % 100 == 0 {
            let mut closed = oracle.statements(ZONE, ANCHOR_DAY, &str::to_owned);
            closed.retain(|it| it["state"] == "closed");
            assert_eq!(closed[..known.len()], known);
            known = closed;
        }
    }
    assert!(known.len() > 10);
}

#[test]
fn merging_and_unmerging_at_once_changes_nothing_but_the_secondarys_conversation() {
    let stream = commands(11, 3_000);
    let mut oracle = Oracle::default();
    stream.iter().zip(1..).for_each(|(command, line)| drop(oracle.apply(line, command)));
    let now = stream.last().expect("lines")["at"].clone();
    let view = |oracle: &Oracle, id: &Value| {
        let mut all: Vec<Value> = (0..).map_while(|it| oracle.contact(it)).collect();
        all.retain(|it| it["id"] == *id);
        all
    };
    let reference = |label: &Value| format!("id:{}", label.as_str().expect("a label"));
    let free: Vec<Value> = (0..).map_while(|it| oracle.contact(it)).filter(|it| it["blocked"] == false).collect();
    for (i, pair) in free.chunks_exact(2).take(30).enumerate() {
        let line = 10_000 + 2 * i as u64;
        let [primary, secondary] = [&pair[0]["id"], &pair[1]["id"]];
        let (primary_ref, secondary_ref) = (reference(primary), reference(secondary));
        let merge = json!({"command": "merge_contacts", "at": now, "primary": primary_ref, "secondary": secondary_ref});
        assert_eq!(oracle.apply(line, &merge)["changed"], true);
        assert_ne!(view(&oracle, primary)[0], pair[0]);
        oracle.apply(line + 1, &json!({"command": "unmerge_contacts", "at": now, "merge_id": format!("m{line}")}));
        assert_eq!(view(&oracle, primary)[0], pair[0]);
        let mut after = view(&oracle, secondary).remove(0);
        (after["conversation"], after["status"]) = (pair[1]["conversation"].clone(), pair[1]["status"].clone());
        assert_eq!(after, pair[1]);
    }
}
