//! Sorting (rule 38).

use std::cmp::Ordering;

use dossier_domain::filter::Sort;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::generate::{self, contact, setting};
use crate::support::Person;

fn sort(json: &Json) -> Sort {
    Sort::read(json, &setting().fields).unwrap()
}

fn refused(json: Json) -> Vec<(String, &'static str)> {
    let problems = Sort::read(&json, &setting().fields).unwrap_err();
    problems.into_iter().map(|problem| (problem.pointer, problem.code)).collect()
}

/// The names of contacts, first to last; each is the company of its contact.
fn sorted(sort: &Sort, contacts: &[(&str, Json)]) -> String {
    let people = contacts.iter().zip(1..).map(|((name, json), number)| {
        let mut json = json.clone();
        json["id"] = json!(Uuid::from_u128(number));
        (*name, setting().person(&json))
    });
    let mut people: Vec<(&str, Person)> = people.collect();
    people.sort_by(|(_, one), (_, other)| sort.compare(&one.subject, &other.subject));
    people.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

#[test]
fn absent_values_are_last_in_both_directions_and_ids_decide_at_last() {
    let contacts = [
        ("absent", json!({})),
        ("two", json!({"custom": {"number": 2}})),
        ("ten", json!({"custom": {"number": 10}})),
        ("also_two", json!({"custom": {"number": 2}})),
        ("absent_too", json!({})),
    ];
    let by = |order| sort(&json!([{"by": "custom.number", "order": order}]));
    assert_eq!(sorted(&by("asc"), &contacts), "two also_two ten absent absent_too");
    assert_eq!(sorted(&by("desc"), &contacts), "ten two also_two absent absent_too");
}

#[test]
fn text_is_sorted_by_code_point_of_its_folded_form() {
    let names = ["zoe", "Ada", "ärger", "ada", "Straße", "strasz", "🙂", "\u{fb01}n", "FIN"];
    let contacts: Vec<_> = names.iter().map(|name| (*name, json!({"first_name": name}))).collect();
    let sort = sort(&json!([{"by": "first_name"}]));
    assert_eq!(sorted(&sort, &contacts), "Ada ada \u{fb01}n FIN Straße strasz zoe ärger 🙂");
}

#[test]
fn a_status_has_an_order_of_its_own() {
    let status = |status: &str| json!({"conversation_status": status});
    let contacts = [
        ("blocked", json!({"conversation_status": "open", "blocked": true})),
        ("none", json!({})),
        ("closed", status("closed")),
        ("snoozed", status("snoozed")),
        ("open", status("open")),
    ];
    assert_eq!(sorted(&sort(&json!([{"by": "status"}])), &contacts), "open snoozed closed none blocked");
    let last_first = sort(&json!([{"by": "status", "order": "desc"}]));
    assert_eq!(sorted(&last_first, &contacts), "blocked none closed snoozed open");
    let by_conversation = sort(&json!([{"by": "conversation_status"}]));
    assert_eq!(sorted(&by_conversation, &contacts), "blocked open snoozed closed none");
}

#[test]
fn the_second_key_decides_where_the_first_does_not() {
    let contacts = [
        ("my_old", json!({"country": "MY", "last_in": "2026-01-01T00:00:00Z"})),
        ("us", json!({"country": "US", "last_in": "2026-02-01T00:00:00Z"})),
        ("my_new", json!({"country": "MY", "last_in": "2026-03-01T00:00:00Z"})),
    ];
    let both = sort(&json!([{"by": "country", "order": "asc"}, {"by": "last_in", "order": "desc"}]));
    assert_eq!(sorted(&both, &contacts), "my_new my_old us");
}

#[test]
fn the_last_interaction_comes_first_by_default() {
    let at = |time: &str| json!({"last_interaction": time});
    let contacts = [("never", json!({})), ("old", at("2026-01-01T00:00:00Z")), ("new", at("2026-03-01T00:00:00Z"))];
    assert_eq!(sorted(&Sort::default(), &contacts), "new old never");
    assert_eq!(sort(&json!([])), Sort::default());
}

#[test]
fn a_sort_that_makes_no_sense_is_refused_by_name() {
    let many = json!([{"by": "phone"}, {"by": "email"}, {"by": "status"}, {"by": "company"}]);
    assert_eq!(refused(many), [(String::new(), "too_many")]);
    assert_eq!(refused(json!({"by": "phone"})), [(String::new(), "wrong_type")]);
    let several = json!([{"by": "tags"}, {"by": "phon", "order": "up"}, {"by": "phone", "nulls": "first"}]);
    assert_eq!(
        refused(several),
        [
            ("/0/by".into(), "not_sortable"),
            ("/1/by".into(), "unknown_field"),
            ("/1/order".into(), "unknown_option"),
            ("/2/nulls".into(), "unknown_member"),
        ]
    );
    assert_eq!(refused(json!([{"by": "phone"}, {"by": "phone"}])), [("/1/by".into(), "duplicate_field")]);
    assert_eq!(refused(json!([{}, 7])), [("/0/by".into(), "wrong_type"), ("/1".into(), "wrong_type")]);
}

proptest! {
    #[test]
    fn an_order_is_total(keys in generate::sort(), contacts in prop::collection::vec(contact(), 3)) {
        let sort = sort(&keys);
        let people: Vec<Person> = contacts.iter().map(|contact| setting().person(contact)).collect();
        let compare = |one: usize, other: usize| sort.compare(&people[one].subject, &people[other].subject);
        for one in 0..3 {
            prop_assert_eq!(compare(one, one), Ordering::Equal);
            for other in 0..3 {
                prop_assert_eq!(compare(one, other), compare(other, one).reverse());
                for third in 0..3 {
                    if compare(one, other) != Ordering::Greater && compare(other, third) != Ordering::Greater {
                        prop_assert_ne!(compare(one, third), Ordering::Greater);
                    }
                }
            }
        }
    }

    #[test]
    fn an_order_does_not_depend_on_where_it_began(
        keys in generate::sort(),
        contacts in prop::collection::vec(contact(), 2..12),
        swaps in prop::collection::vec(any::<(Index, Index)>(), 12),
    ) {
        let sort = sort(&keys);
        let mut people: Vec<Person> = contacts.iter().map(|contact| setting().person(contact)).collect();
        people.sort_by_key(|person| person.subject.id);
        people.dedup_by_key(|person| person.subject.id);
        let in_order = |mut people: Vec<Person>| {
            people.sort_by(|one, other| sort.compare(&one.subject, &other.subject));
            people.into_iter().map(|person| person.subject.id).collect::<Vec<_>>()
        };
        let mut mixed = people.clone();
        for (one, other) in swaps {
            let count = mixed.len();
            mixed.swap(one.index(count), other.index(count));
        }
        prop_assert_eq!(in_order(mixed), in_order(people));
    }
}
