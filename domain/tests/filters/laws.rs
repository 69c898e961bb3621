//! Laws of filters, for every filter and every contact.

use dossier_domain::filter::Source;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::generate::{NOW, condition, contact, fields, filter, setting};
use crate::support::{Person, Setting};

fn is_matched(filter: &Json, person: &Person) -> bool {
    let setting = setting();
    let read = setting.read(filter, Source::Given).unwrap_or_else(|problems| panic!("{filter}: {problems:?}"));
    setting.matches(&read, person)
}

proptest! {
    #[test]
    fn not_is_the_exact_complement(filter in filter(), contact in contact()) {
        let person = setting().person(&contact);
        prop_assert_ne!(is_matched(&filter, &person), is_matched(&json!({"not": filter}), &person));
    }

    #[test]
    fn all_and_any_are_what_they_say(one in filter(), other in filter(), contact in contact()) {
        let person = setting().person(&contact);
        let both = [is_matched(&one, &person), is_matched(&other, &person)];
        prop_assert_eq!(is_matched(&json!({"all": [one, other]}), &person), both[0] && both[1]);
        prop_assert_eq!(is_matched(&json!({"any": [other, one]}), &person), both[0] || both[1]);
        prop_assert_eq!(is_matched(&json!({"all": [one]}), &person), both[0]);
        prop_assert_eq!(is_matched(&json!({"any": [one]}), &person), both[0]);
        let everyone = json!({"all": []});
        prop_assert!(is_matched(&everyone, &person));
    }

    #[test]
    fn whatever_is_asked_absent_values_fulfil_is_unset_alone(condition in condition(), contact in contact()) {
        let person = setting().person(&contact);
        let of = |op: &str| json!({"field": condition["field"], "op": op});
        let is_unset = is_matched(&of("is_unset"), &person);
        prop_assert_ne!(is_unset, is_matched(&of("is_set"), &person));
        let name = condition["field"].as_str().unwrap();
        let is_set_of_values = matches!(name, "tags" | "channels" | "segment" | "custom.multi_list");
        if is_unset && condition["op"] != "is_unset" && !is_set_of_values {
            prop_assert!(!is_matched(&condition, &person));
        }
    }

    #[test]
    fn a_present_value_lies_before_at_or_after_every_other(condition in condition(), contact in contact()) {
        let person = setting().person(&contact);
        let with = |op: &str| json!({"field": condition["field"], "op": op, "value": condition["value"], "zone": condition["zone"]});
        let is_ordered = matches!(condition["op"].as_str(), Some("lt" | "le" | "gt" | "ge" | "before" | "after"));
        if is_ordered && is_matched(&json!({"field": condition["field"], "op": "is_set"}), &person) {
            let [lt, eq, gt, le, ge, ne] = ["lt", "eq", "gt", "le", "ge", "ne"].map(|op| is_matched(&with(op), &person));
            prop_assert_eq!([lt, eq, gt].into_iter().filter(|one| *one).count(), 1);
            prop_assert_eq!((le, ge, ne), (lt || eq, gt || eq, !eq));
            let pair = json!({"field": condition["field"], "op": "between", "value": [condition["value"], condition["value"]], "zone": condition["zone"]});
            prop_assert_eq!(is_matched(&pair, &person), eq);
        }
    }

    #[test]
    fn what_is_no_longer_within_the_last_is_older_unless_it_is_to_come(condition in condition(), contact in contact()) {
        let person = setting().person(&contact);
        let with = |op: &str| is_matched(&json!({"field": condition["field"], "op": op, "value": condition["value"], "zone": condition["zone"]}), &person);
        if matches!(condition["op"].as_str(), Some("within_last" | "older_than" | "within_next")) {
            let [within, older, next] = ["within_last", "older_than", "within_next"].map(with);
            prop_assert!([within, older, next].into_iter().filter(|one| *one).count() <= 1);
            let past = json!({"field": condition["field"], "op": "le", "value": NOW});
            if condition["field"] != "custom.date" {
                prop_assert_eq!(is_matched(&past, &person), within || older);
            }
        }
    }

    #[test]
    fn a_filter_is_stored_and_read_again_as_the_same(filter in filter(), contact in contact()) {
        let (here, person) = (setting(), setting().person(&contact));
        let elsewhere = Setting { zone: chrono_tz::Tz::Pacific__Apia, region: None, ..setting() };
        let read = here.read(&filter, Source::Given).unwrap();
        let stored = serde_json::to_string(&read).unwrap();
        let json: Json = serde_json::from_str(&stored).unwrap();
        for source in [Source::Given, Source::Stored] {
            let again = elsewhere.read(&json, source).unwrap();
            prop_assert_eq!(&again, &read);
            prop_assert_eq!(serde_json::to_string(&again).unwrap(), stored.clone());
            prop_assert_eq!(elsewhere.matches(&again, &person), here.matches(&read, &person));
        }
    }

    #[test]
    fn reading_never_panics_and_never_refuses_without_a_word(json in anything()) {
        if let Err(problems) = setting().read(&json, Source::Given) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", problem.code);
                prop_assert!(!problem.message.is_empty() && problem.message.starts_with(char::is_lowercase));
                let place = json.pointer(&problem.pointer).is_some();
                let owner = problem.pointer.rsplit_once('/').is_none_or(|(owner, _)| json.pointer(owner).is_some());
                prop_assert!(place || owner, "{}", problem.pointer);
            }
        }
    }
}

/// Any JSON, with a liking for what filters are made of.
fn anything() -> impl Strategy<Value = Json> {
    let names: Vec<String> = fields().iter().map(|field| field.name().into_owned()).collect();
    let operators = dossier_domain::filter::Op::ALL.map(|op| op.name()).to_vec();
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        proptest::sample::select(names).prop_map(Json::from),
        proptest::sample::select(operators).prop_map(Json::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:00Z)?".prop_map(Json::from),
        condition(),
    ];
    let members = ["all", "any", "not", "field", "op", "value", "zone", "amount", "unit", "~/"];
    let member = proptest::sample::select(members.map(str::to_owned).to_vec());
    leaf.prop_recursive(12, 96, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::hash_map(member.clone(), inner, 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}
