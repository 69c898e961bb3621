//! Every case of the corpus: a filter, the contacts of its file that match, and a wrong reading of the filter with what
//! would match by it.

use std::collections::BTreeSet;

use dossier_domain::filter::{Filter, FilterField, Kind, Node, Op, Source};

use crate::sheet::sheets;
use crate::support::{Person, Setting};

#[test]
fn every_case_matches_whom_it_says_and_not_whom_a_wrong_reading_would() {
    let mut failures = Vec::new();
    for (file, sheet) in sheets() {
        for case in &sheet.cases {
            let at = format!("{file}: {}", case.filter);
            let setting = sheet.setting(case);
            let people = sheet.people(&setting);
            let filter = setting.read(&case.filter, Source::Given).unwrap_or_else(|errors| panic!("{at}: {errors:?}"));
            let found: BTreeSet<_> =
                people.iter().filter(|(_, person)| setting.matches(&filter, person)).collect_names();
            if found != case.matches {
                failures.push(format!("{at} matches {found:?} instead of {:?}", case.matches));
            }
            if case.wrongly == case.matches || case.wrong.is_empty() {
                failures.push(format!("{at}: the wrong reading does not differ"));
            }
            let known = case.matches.union(&case.wrongly).all(|name| sheet.contacts.contains_key(name));
            assert!(known, "{at} names a contact that its file does not have");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

trait CollectNames<'p> {
    fn collect_names(self) -> BTreeSet<String>;
}

impl<'p, I: Iterator<Item = &'p (&'p str, Person)>> CollectNames<'p> for I {
    fn collect_names(self) -> BTreeSet<String> {
        self.map(|(name, _)| (*name).to_owned()).collect()
    }
}

#[test]
fn a_case_that_is_stored_and_read_again_in_another_zone_is_the_same() {
    for (file, sheet) in sheets() {
        for case in &sheet.cases {
            let setting = sheet.setting(case);
            let elsewhere = Setting { zone: chrono_tz::Tz::Pacific__Kiritimati, region: None, ..setting.clone() };
            let filter = setting.read(&case.filter, Source::Given).unwrap();
            let stored = filter.to_json();
            assert_eq!(elsewhere.read(&stored, Source::Stored), Ok(filter), "{file}: {stored}");
        }
    }
}

/// The kinds of fields that can be absent; a set is empty instead.
fn can_be_absent(kind: Kind) -> bool {
    kind != Kind::Word
}

/// Whether the contact shows nothing in the field of a filter that is one lone condition.
fn shows_nothing(setting: &Setting, field: &FilterField, person: &Person) -> bool {
    let filter = serde_json::json!({"field": field.name(), "op": "is_unset"});
    setting.matches(&setting.read(&filter, Source::Given).unwrap(), person)
}

#[test]
fn every_operator_of_every_kind_of_field_has_a_case_present_and_absent() {
    let mut covered = BTreeSet::new();
    let mut fields = BTreeSet::new();
    for (_, sheet) in sheets() {
        for case in &sheet.cases {
            let setting = sheet.setting(case);
            let filter = setting.read(&case.filter, Source::Given).unwrap();
            fields.extend(filter.conditions().iter().map(|condition| condition.field().name()));
            let Node::Condition(condition) = filter.root() else { continue };
            let (field, op) = (condition.field(), condition.op());
            let people = sheet.people(&setting);
            let absent = people.iter().map(|(_, person)| shows_nothing(&setting, &field, person));
            covered.extend(absent.map(|absent| (field.kind(), op, absent)));
        }
    }
    let wanted = Kind::ALL.into_iter().flat_map(|kind| kind.operators().map(move |op| (kind, op)));
    let wanted = wanted.flat_map(|(kind, op)| [(kind, op, false), (kind, op, true)]);
    let missing: Vec<(Kind, Op, bool)> = wanted
        .filter(|(kind, _, absent)| !absent || can_be_absent(*kind))
        .filter(|one| !covered.contains(one))
        .collect();
    assert!(missing.is_empty(), "no case for (kind, operator, absent): {missing:?}");
    let untold: Vec<_> = FilterField::STANDARD.into_iter().filter(|(name, _)| !fields.contains(*name)).collect();
    assert!(untold.is_empty(), "no case for {untold:?}");
}

#[test]
fn everyone_is_matched_by_the_filter_of_everyone() {
    let (_, sheet) = sheets().remove(0);
    let setting = sheet.setting(&sheet.cases[0]);
    let everyone = Filter::everyone();
    assert!(sheet.people(&setting).iter().all(|(_, person)| setting.matches(&everyone, person)));
}
