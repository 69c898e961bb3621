//! Which tests hold which rule: `table.md`, held to the sources. `cargo nextest run --test rules --no-capture` prints
//! the rules that no test holds.

mod sources;

use std::collections::{BTreeMap, BTreeSet};

use sources::Tests;

const TABLE: &str = include_str!("table.md");
/// The last rule.
const LAST: u8 = 40;
/// Rules from here on are of the read side, which is not there yet.
const READ_SIDE: u8 = 33;

/// Tests by rule: the binary and the full name.
fn table() -> BTreeMap<u8, Vec<(String, String)>> {
    let mut table = BTreeMap::new();
    let mut rule = 0;
    for line in TABLE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let number = heading.split_once('.').expect("a number and a dot").0;
            rule = number.parse().expect("the number of a rule");
            assert!(table.insert(rule, Vec::new()).is_none(), "rule {rule} stands twice");
        } else if let Some(test) = line.strip_prefix("- ") {
            let (binary, name) = test.split_once(' ').expect("a binary and a name");
            let tests = table.get_mut(&rule).expect("under a rule");
            tests.push((binary.to_owned(), name.to_owned()));
        }
    }
    table
}

#[test]
fn every_rule_is_in_the_table_and_those_without_a_test_are_printed_as_open() {
    let table = table();
    assert_eq!(table.keys().copied().collect::<Vec<_>>(), (1..=LAST).collect::<Vec<_>>());
    for (rule, tests) in &table {
        match tests.len() {
            0 => println!("rule {rule}: open"),
            held => println!("rule {rule}: held by {held} tests"),
        }
        assert!(!tests.is_empty() || *rule >= READ_SIDE, "no test holds rule {rule}");
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let tests = Tests::read();
    let named: Vec<_> = table().into_values().flatten().collect();
    let missing: Vec<_> = named.iter().filter(|(binary, name)| !tests.holds(binary, name)).collect();
    assert!(missing.is_empty(), "there are no such tests: {missing:#?}");
    assert!(!tests.holds("laws", "cases::no_such_test") && !tests.holds("nowhere", &named[0].1));
}

#[test]
fn no_rule_names_a_test_twice() {
    for (rule, tests) in table() {
        let once: BTreeSet<_> = tests.iter().collect();
        assert_eq!(once.len(), tests.len(), "rule {rule}");
    }
}

#[test]
fn every_deliberate_break_is_made_by_a_test() {
    let tests = Tests::read();
    let unused = dossier_domain::sabotage::Break::ALL.iter().filter(|broken| !tests.mention(&format!("{broken:?}")));
    let unused: Vec<_> = unused.collect();
    assert!(unused.is_empty(), "no test makes these breaks: {unused:?}");
}
