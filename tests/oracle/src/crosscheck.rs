//! A second reading of what a contact shows: one value and the place of its last own edit per field, and the live edges
//! after it. On long streams it must agree with the replay; the pair of names, which that reading leaves open, aside.

use serde_json::{Map, Value};

use crate::generator::commands;
use crate::oracle::{FIELDS, Oracle};
use crate::replay::{kept, tags};
use crate::values::index;

/// The live edges of a contact, each with its line.
fn edges(oracle: &Oracle, contact: usize) -> Vec<(usize, &Value)> {
    let live = oracle.streams[contact].iter().filter(|it| it["edge"].is_string() && it["undone"].is_null());
    live.map(|it| (index(&it["line"]), it)).collect()
}

fn own(oracle: &Oracle, contact: usize, field: &str) -> (Value, usize) {
    let mut last = (Value::Null, 0);
    for fact in &oracle.streams[contact] {
        let lost = fact["via"].as_u64().is_some_and(|it| oracle.erased.contains(&(it as usize)));
        if let Some(value) = fact["set"].get(field).filter(|_| !lost) {
            last = (value.clone(), index(&fact["line"]));
        }
    }
    last
}

fn value(oracle: &Oracle, contact: usize, field: &str) -> Value {
    let (mut shown, at) = own(oracle, contact, field);
    for (_, edge) in edges(oracle, contact).into_iter().filter(|it| it.0 > at) {
        let theirs = value(oracle, index(&edge["secondary"]), field);
        shown = match &edge["choices"][field] {
            Value::Null if shown.is_null() => theirs,
            Value::String(side) if side == "secondary" && !theirs.is_null() => theirs,
            Value::Object(given) => kept(field, &given["value"], true),
            _ => shown,
        };
    }
    shown
}

fn tags_of(oracle: &Oracle, contact: usize) -> Map<String, Value> {
    let (mut own, mut removed) = (Map::new(), Map::new());
    for fact in &oracle.streams[contact] {
        for (tag, spelled) in tags(&fact["set"]) {
            if spelled.is_null() {
                own.remove(tag);
                removed.insert(tag.clone(), fact["line"].clone());
            } else {
                own.insert(tag.clone(), spelled.clone());
            }
        }
    }
    for (place, edge) in edges(oracle, contact) {
        for (tag, spelled) in tags_of(oracle, index(&edge["secondary"])) {
            if removed.get(&tag).is_none_or(|it| index(it) < place) {
                own.insert(tag, spelled);
            }
        }
    }
    own
}

#[test]
fn replaying_and_comparing_places_show_the_same() {
    for seed in [21, 22] {
        let mut oracle = Oracle::default();
        for (command, line) in commands(seed, 4_000).iter().zip(1..) {
            oracle.apply(line, command);
            for contact in (0..oracle.streams.len()).filter(|it| line % 400 == 0 && !oracle.erased.contains(it)) {
                let replayed = oracle.replay(contact, true);
                for field in &FIELDS[2..] {
                    assert_eq!(replayed[field], value(&oracle, contact, field), "seed {seed} line {line} {field}");
                }
                let shown: Map<_, _> = tags(&replayed).map(|(tag, it)| (tag.clone(), it.clone())).collect();
                assert_eq!(shown, tags_of(&oracle, contact), "seed {seed} line {line} tags");
            }
        }
    }
}
