//! What is refused, where and by which name; and the limits of a tree.

use dossier_domain::fields::{Definition, FieldType};
use dossier_domain::filter::{Filter, FilterField, Kind, Op, Source};
use dossier_domain::problem::Problem;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::generate::value_of;
use crate::support::{Setting, folder, one_field_of_each_type};

#[derive(Deserialize)]
struct Sheet {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    filter: Json,
    errors: Vec<(String, String)>,
}

fn setting() -> Setting {
    let old = Definition { retired: true, ..Definition::new("old", FieldType::Text, &[""; 0]).unwrap() };
    Setting {
        fields: one_field_of_each_type().iter().cloned().chain([old]).collect(),
        zone: chrono_tz::Tz::UTC,
        now: chrono::DateTime::UNIX_EPOCH,
        region: None,
    }
}

fn problems(filter: &Json) -> Vec<Problem> {
    setting().read(filter, Source::Given).expect_err("it is refused")
}

fn codes(filter: &Json) -> Vec<(String, &'static str)> {
    problems(filter).into_iter().map(|problem| (problem.pointer, problem.code)).collect()
}

#[test]
fn every_filter_of_the_sheet_is_refused_for_all_that_is_wrong_with_it() {
    let sheet: Sheet = serde_json::from_str(&std::fs::read_to_string(folder().join("refused.json")).unwrap()).unwrap();
    for Case { filter, errors } in sheet.cases {
        let errors: Vec<(String, &str)> = errors.iter().map(|(at, code)| (at.clone(), code.as_str())).collect();
        assert_eq!(codes(&filter), errors, "{filter}");
    }
}

#[test]
fn an_unknown_field_is_told_the_nearest_and_a_wrong_operator_those_that_fit() {
    let told = |filter| problems(&filter).remove(0).message;
    assert!(told(json!({"field": "contry", "op": "is_set"})).ends_with("country"));
    assert!(told(json!({"field": "numbr", "op": "is_set"})).ends_with("custom.number"));
    let fit = told(json!({"field": "tags", "op": "eq", "value": "a"}));
    assert!(fit.ends_with("is_set, is_unset, any_of, all_of, none_of, exactly"), "{fit}");
}

/// A condition at a depth.
fn nested(depth: usize) -> Json {
    let condition = json!({"field": "blocked", "op": "is_true"});
    (1..depth)
        .fold(condition, |inner, level| if level % 2 == 0 { json!({"not": inner}) } else { json!({"all": [inner]}) })
}

#[test]
fn a_tree_is_eight_deep_and_no_deeper() {
    assert!(setting().read(&nested(8), Source::Given).is_ok());
    let refused = codes(&nested(9));
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].0.matches('/').count(), refused[0].1), (12, "too_deep"));
    let abyss =
        (0..100_000).fold(json!([]), |inner, _| Json::Object([("not".to_owned(), inner)].into_iter().collect()));
    assert_eq!(codes(&abyss)[0].1, "too_deep");
    // Dropping it would recurse as deep as it is.
    std::mem::forget(abyss);
}

#[test]
fn a_tree_has_250_conditions_and_no_more() {
    let many = |count| json!({"all": vec![json!({"field": "blocked", "op": "is_true"}); count]});
    assert_eq!(setting().read(&many(250), Source::Given).unwrap().conditions().len(), Filter::CONDITIONS_MAX);
    assert_eq!(codes(&many(251)), [(String::new(), "too_many_conditions")]);
    assert_eq!(codes(&many(100_000)), [(String::new(), "too_many_conditions")]);
    let empty = json!({"any": vec![json!({"all": []}); 251]});
    assert_eq!(codes(&empty), [(String::new(), "too_many_conditions")]);
}

#[test]
fn a_condition_has_a_thousand_values_and_no_more() {
    let many = |count: usize| json!({"field": "custom.number", "op": "in", "value": (0..count).collect::<Vec<_>>()});
    assert!(setting().read(&many(1_000), Source::Given).is_ok());
    assert_eq!(codes(&many(1_001)), [("/value".to_owned(), "too_many")]);
}

#[test]
fn no_more_than_a_hundred_errors_are_told() {
    assert_eq!(codes(&json!({"all": vec![json!(7); 5_000]})).len(), 100);
}

#[test]
fn a_message_never_repeats_what_was_given() {
    for filter in [
        json!({"field": "secret", "op": "secret", "value": "secret"}),
        json!({"field": "email", "op": "eq", "value": "secret"}),
        json!({"field": "custom.list", "op": "eq", "value": "secret"}),
        json!({"field": "segment", "op": "any_of", "value": ["secret"]}),
    ] {
        assert!(problems(&filter).iter().all(|problem| !problem.message.contains("secret")), "{filter}");
    }
}

/// The table says which operators a kind takes; the reader must read all of those and no other.
#[test]
fn the_reader_takes_what_the_table_says_and_nothing_else() {
    let custom = one_field_of_each_type();
    let custom = custom.iter().map(FilterField::custom);
    for field in FilterField::STANDARD.into_iter().map(|(_, field)| field).chain(custom) {
        for op in Op::ALL {
            let value = value_of(&field, op);
            let filter = json!({"field": field.name(), "op": op.name(), "value": value});
            let read = setting().read(&filter, Source::Given);
            match read {
                Ok(read) => {
                    assert!(field.kind().takes(op), "{filter}");
                    let condition = read.conditions()[0];
                    assert_eq!((condition.field(), condition.op()), (field.clone(), op));
                }
                Err(problems) => {
                    assert!(!field.kind().takes(op), "{filter}: {problems:?}");
                    assert_eq!(problems[0].code, "wrong_operator");
                }
            }
        }
    }
    assert_eq!(Kind::ALL.len(), 10);
}

#[test]
fn a_stored_filter_is_read_whatever_became_of_fields_and_options() {
    let before = setting();
    let filter = json!({"all": [
        {"field": "custom.list", "op": "eq", "value": "gold"},
        {"field": "custom.multi_list", "op": "any_of", "value": ["Silver"]},
        {"field": "tags", "op": "any_of", "value": ["ß".repeat(100)]},
    ]});
    let read = before.read(&filter, Source::Given).unwrap();
    let changed = |definition: &Definition| match definition.kind.has_options() {
        true => Definition { options: vec!["Platinum".into()], retired: true, ..definition.clone() },
        false => definition.clone(),
    };
    let after = Setting { fields: before.fields.iter().map(changed).collect(), ..before };
    assert_eq!(after.read(&read.to_json(), Source::Stored), Ok(read.clone()));
    let codes: Vec<_> = after.read(&read.to_json(), Source::Given).unwrap_err().iter().map(|one| one.code).collect();
    assert_eq!(codes, ["retired_field", "retired_field", "too_long"]);
}

#[test]
fn a_filter_tells_which_segments_it_asks_about() {
    let named = |filter: Json| setting().read(&filter, Source::Given).unwrap().segments();
    let some = named(json!({"any": [
        {"not": {"field": "segment", "op": "none_of", "value": ["seg-b", "seg-a"]}},
        {"field": "segment", "op": "any_of", "value": ["seg-b"]},
    ]}));
    assert_eq!((some.ids.into_iter().collect::<Vec<_>>(), some.every), (vec!["seg-a".into(), "seg-b".into()], false));
    assert!(named(json!({"field": "segment", "op": "is_unset"})).every);
    assert!(named(json!({"field": "segment", "op": "exactly", "value": []})).every);
    assert_eq!(named(json!({"field": "tags", "op": "is_unset"})), Default::default());
}
