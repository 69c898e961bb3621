//! A second reading of what a contact shows: one value and the place of its last own edit per field, and the live edges
//! after it. On long streams it must agree with the replay; the pair of names, which that reading leaves open, aside.

use serde_json::{Map, Value};

use crate::fold::by_hand;
use crate::generator::{ANCHOR_DAY, ZONE, commands};
use crate::oracle::{FIELDS, Oracle};
use crate::values::{index, text};

/// The live edges of a contact, each with its place.
fn edges(oracle: &Oracle, contact: usize) -> Vec<(usize, usize)> {
    let merges = oracle.contacts[contact].stream.iter().filter(|it| it["command"] == "merge");
    let placed = merges.map(|it| (index(&it["position"]), index(&it["edge"])));
    placed.filter(|it| oracle.merges[it.1].undone.is_none()).collect()
}

fn own(oracle: &Oracle, contact: usize, field: &str) -> (Value, usize) {
    let mut last = (Value::Null, 0);
    for fact in &oracle.contacts[contact].stream {
        let lost = fact["via"].as_u64().is_some_and(|it| oracle.contacts[it as usize].erased);
        if fact["command"] == "set" && fact["field"] == field {
            last = (fact["value"].clone(), index(&fact["position"]));
        } else if !lost && fact["suppressed"].is_null() && fact["fill"].get(field).is_some() {
            last = (fact["fill"][field].clone(), index(&fact["position"]));
        }
    }
    last
}

fn value(oracle: &Oracle, contact: usize, field: &str) -> Value {
    let (mut shown, at) = own(oracle, contact, field);
    for (_, edge) in edges(oracle, contact).into_iter().filter(|it| it.0 > at) {
        let merge = &oracle.merges[edge];
        let theirs = value(oracle, merge.secondary, field);
        shown = match &merge.choices[field] {
            Value::Null if shown.is_null() => theirs,
            Value::String(side) if side == "secondary" && !theirs.is_null() => theirs,
            Value::Object(given) => by_hand(field, &given["value"]),
            _ => shown,
        };
    }
    shown
}

fn tags(oracle: &Oracle, contact: usize) -> Map<String, Value> {
    let mut own: Map<String, Value> = Map::new();
    let mut removed: Map<String, Value> = Map::new();
    for fact in &oracle.contacts[contact].stream {
        let tag = text(fact, "tag").to_lowercase();
        match fact["command"].as_str() {
            Some("add_tag") => drop(own.insert(tag, Value::Bool(true))),
            Some("remove_tag") => {
                own.remove(&tag);
                removed.insert(tag, fact["position"].clone());
            }
            _ => {}
        }
    }
    for (place, edge) in edges(oracle, contact) {
        for (tag, present) in tags(oracle, oracle.merges[edge].secondary) {
            if removed.get(&tag).is_none_or(|it| index(it) < place) {
                own.insert(tag, present);
            }
        }
    }
    own
}

#[test]
fn replaying_and_comparing_places_show_the_same() {
    for seed in [21, 22] {
        let mut oracle = Oracle::new(ZONE, ANCHOR_DAY);
        for (command, line) in commands(seed, 4_000).iter().zip(1..) {
            oracle.apply(line, command);
            for contact in (0..oracle.contacts.len()).filter(|it| line % 400 == 0 && !oracle.contacts[*it].erased) {
                let replayed = oracle.replay(contact, true);
                for field in &FIELDS[2..] {
                    assert_eq!(replayed[field], value(&oracle, contact, field), "seed {seed} line {line} {field}");
                }
                assert_eq!(replayed["tags"], Value::Object(tags(&oracle, contact)), "seed {seed} line {line} tags");
            }
        }
    }
}
