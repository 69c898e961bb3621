//! Filters as people type them: what they become, and where it is told that something is wrong.

use dossier_domain::filter::{Filter, Phrase, Slip, Source};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::generate::{filter, setting};

fn parsed(text: &str) -> Json {
    Phrase::parse(text, &setting().fields).unwrap_or_else(|slip| panic!("{text}: {slip:?}")).json().clone()
}

fn read(text: &str) -> Result<Filter, Vec<Slip>> {
    let setting = setting();
    let phrase = Phrase::parse(text, &setting.fields).map_err(|slip| vec![slip])?;
    setting.with(Source::Given, |vocabulary| phrase.read(vocabulary))
}

fn condition(field: &str, op: &str, value: impl Into<Json>) -> Json {
    json!({"field": field, "op": op, "value": value.into()})
}

#[test]
fn operators_are_typed_as_they_are_spoken() {
    for (text, wanted) in [
        ("country = MY", condition("country", "eq", "MY")),
        ("country is MY", condition("country", "eq", "MY")),
        ("country != MY", condition("country", "ne", "MY")),
        ("Country in (MY, GB)", condition("Country", "in", json!(["MY", "GB"]))),
        ("country not in MY, GB", condition("country", "nin", json!(["MY", "GB"]))),
        ("email does not contain example", condition("email", "not_contains", "example")),
        ("first_name starts with \"Ada and\"", condition("first_name", "starts_with", "Ada and")),
        ("number >= 10", condition("custom.number", "ge", 10)),
        ("custom.number between -1.5 and 2", condition("custom.number", "between", json!([-1.5, 2]))),
        ("tags any of vip, lead", condition("tags", "any_of", json!(["vip", "lead"]))),
        ("tags exactly ()", condition("tags", "exactly", json!([]))),
        ("tags none vip", condition("tags", "none_of", json!(["vip"]))),
        ("assignee is not set", json!({"field": "assignee", "op": "is_unset"})),
        ("boolean is true", json!({"field": "custom.boolean", "op": "is_true"})),
        ("last_in older than 3 days", condition("last_in", "older_than", json!({"amount": 3, "unit": "day"}))),
        ("last_in within_last 90 min", condition("last_in", "within_last", json!({"amount": 90, "unit": "minute"}))),
        ("text = 10", condition("custom.text", "eq", "10")),
        (
            "last_in on 2026-03-29 zone Europe/Berlin",
            json!({"field": "last_in", "op": "on", "value": "2026-03-29", "zone": "Europe/Berlin"}),
        ),
    ] {
        assert_eq!(parsed(text), wanted, "{text}");
    }
}

#[test]
fn not_binds_closest_then_and_then_or() {
    let set = |field: &str| json!({"field": field, "op": "is_set"});
    let [email, phone, tags] = ["email", "phone", "tags"].map(set);
    assert_eq!(parsed(""), json!({"all": []}));
    assert_eq!(
        parsed("email is set or phone is set and not tags is set"),
        json!({"any": [email, {"all": [phone, {"not": tags}]}]})
    );
    assert_eq!(
        parsed("(email is set OR phone is set) AND NOT (tags is set)"),
        json!({"all": [{"any": [email, phone]}, {"not": tags}]})
    );
    assert!(read("country = MY and (tags any vip or not list is set) and last_in older than 3 days").is_ok());
}

#[test]
fn what_is_wrong_is_told_by_its_column() {
    for (text, column) in [
        ("countri = MY", 1),
        ("country = MY and emial is set", 18),
        ("country contains MY", 9),
        ("country = Malaya", 11),
        ("country in (MY, Malaya)", 17),
        ("é = 1", 1),
        ("(country = MY", 1),
        ("country = MY)", 13),
        ("country = MY tags is set", 14),
        ("country", 2),
        ("country = ", 10),
        ("country = and", 11),
        ("last_in older than 3 moons", 22),
        ("last_in older than many days", 20),
        ("number between 3 and 1", 16),
        ("number between 3 or 1", 18),
        ("first_name = 'Ada", 14),
        ("last_in on 2026-02-30", 12),
        ("last_in on 2026-02-03 zone Mars", 28),
        ("not and", 5),
    ] {
        let slips = read(text).expect_err(text);
        assert_eq!(slips[0].column, column, "{text}: {slips:?}");
    }
    let both = read("countri = MY and emial is set").unwrap_err();
    assert_eq!(both.iter().map(|slip| slip.column).collect::<Vec<_>>(), [1, 18]);
    assert!(both[0].message.contains("country"), "{both:?}");
}

#[test]
fn brackets_without_end_end() {
    let deep = "(".repeat(100_000);
    assert_eq!(read(&deep).unwrap_err()[0].message, "nest less deep");
    assert!(read(&"not ".repeat(100_000)).is_err());
}

/// A filter as it could be typed: operators by their own names, every value but numbers in quotes.
fn typed(filter: &Json) -> String {
    let join = |nodes: &Json, by: &str| {
        let nodes: Vec<String> = nodes.as_array().unwrap().iter().map(|node| format!("({})", typed(node))).collect();
        nodes.join(by)
    };
    if let Some(nodes) = filter.get("all") {
        return join(nodes, " and ");
    }
    if let Some(nodes) = filter.get("any") {
        return join(nodes, " or ");
    }
    if let Some(node) = filter.get("not") {
        return format!("not ({})", typed(node));
    }
    let [field, op] = ["field", "op"].map(|member| filter[member].as_str().unwrap());
    let value = match (op, &filter["value"]) {
        (_, Json::Null) => String::new(),
        (_, Json::Object(span)) => format!("{} {}", span["amount"], span["unit"].as_str().unwrap()),
        ("between", Json::Array(ends)) => format!("{} and {}", quoted(&ends[0]), quoted(&ends[1])),
        (_, Json::Array(values)) => {
            format!("({})", values.iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
        (_, one) => quoted(one),
    };
    let zone = filter["zone"].as_str().map(|zone| format!(" zone {zone}"));
    format!("{field} {op} {value}{}", zone.unwrap_or_default())
}

fn quoted(value: &Json) -> String {
    match value {
        Json::String(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        other => other.to_string(),
    }
}

/// Lists of nothing can't be typed within a phrase; they mean everybody or are refused.
fn has_empty_list(filter: &Json) -> bool {
    match filter {
        Json::Object(members) => members.iter().any(|(name, value)| {
            (matches!(name.as_str(), "all" | "any") && value == &json!([])) || has_empty_list(value)
        }),
        Json::Array(items) => items.iter().any(has_empty_list),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_phrase_means_what_its_filter_means(filter in filter()) {
        prop_assume!(!has_empty_list(&filter));
        let wanted = setting().read(&filter, Source::Given).unwrap();
        // A list of one is what it holds: no phrase has such a list.
        let meant = read(&typed(&filter)).unwrap();
        prop_assert_eq!(flat(&meant.to_json()), flat(&wanted.to_json()));
    }

    #[test]
    fn whatever_is_typed_is_read_or_told_at_a_column_of_it(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "country", "tags", "number", "=", "<", "!", "is", "not", "set", "any", "and", "or", "(", ")", ",",
                "MY", "3", "days", "older", "than", "between", "\"x\"", "'", "é", "zone", "in", "exactly",
            ]),
            0..12,
        )
    ) {
        let text = words.join(" ");
        if let Err(slips) = read(&text) {
            let end = text.chars().count() + 1;
            prop_assert!(slips.iter().all(|slip| (1..=end).contains(&slip.column)), "{:?} of {:?}", slips, text);
        }
    }
}

/// The filter with every list of one node replaced by that node.
fn flat(filter: &Json) -> Json {
    let nodes = |nodes: &Json| nodes.as_array().unwrap().iter().map(flat).collect::<Vec<_>>();
    for name in ["all", "any"] {
        if let Some(inner) = filter.get(name) {
            let mut inner = nodes(inner);
            return if inner.len() == 1 { inner.remove(0) } else { json!({name: inner}) };
        }
    }
    match filter.get("not") {
        Some(inner) => json!({"not": flat(inner)}),
        None => filter.clone(),
    }
}
