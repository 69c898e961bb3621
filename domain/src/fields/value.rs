//! A value of a custom field from outside: checked by the field's type, and brought into its one form (rule 6).

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Definition, FieldType, OPTION_LIMIT, Typed};
use crate::field::Value;
use crate::problem::{Place, Problems};
use crate::values::Invalid;
use crate::values::email::{Email, parse_email};
use crate::values::number::parse_number;
use crate::values::phone::{Phone, parse_phone};
use crate::values::text::{TextRule, parse_text, parse_url};
use crate::values::time::{parse_day, parse_time, parse_time_of_day};

/// The value, as it is stored; the inner `None` clears the field, as null, blank text and an empty list do. The outer
/// `None` is a refusal, and the problems say why. `region` is the workspace's default region, for phone numbers.
pub fn read_value(
    definition: &Definition,
    json: &Json,
    region: Option<&str>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Option<Value>> {
    let typed = match (definition.kind, json) {
        (_, Json::Null) => return Some(None),
        (FieldType::Number, Json::Number(number)) => problems.take(place, parse_number(number)).map(Typed::Number)?,
        (FieldType::Boolean, Json::Bool(yes)) => Typed::Boolean(*yes),
        (FieldType::MultiList, Json::Array(items)) => {
            return options(definition, items, place, problems);
        }
        (FieldType::Number | FieldType::Boolean | FieldType::MultiList, _) | (_, Json::Bool(_) | Json::Number(_)) => {
            return wrong_type(definition.kind, place, problems);
        }
        (FieldType::List, Json::String(text)) if text.trim().is_empty() => return Some(None),
        (FieldType::List, Json::String(text)) => Typed::Option(option(definition, text, place, problems)?),
        (kind, Json::String(text)) => match parse(kind, text, region) {
            Ok(None) | Err(Invalid::Empty) => return Some(None),
            parsed => problems.take(place, parsed)??,
        },
        (kind, Json::Array(_) | Json::Object(_)) => return wrong_type(kind, place, problems),
    };
    Some(Some(typed.into_value()))
}

/// What a text means to a type that is written as text; `None` where nothing is left of it.
fn parse(kind: FieldType, text: &str, region: Option<&str>) -> Result<Option<Typed>, Invalid> {
    let blank = text.trim().is_empty();
    Ok(Some(match kind {
        _ if blank => return Ok(None),
        FieldType::Date => Typed::Date(parse_day(text)?),
        FieldType::Datetime => Typed::Instant(parse_time(text)?),
        FieldType::Time => Typed::Time(parse_time_of_day(text)?),
        FieldType::Email => Typed::Text(parse_email(text).map(Email::into_text)?),
        FieldType::Phone => Typed::Text(parse_phone(text, region).map(Phone::into_text)?),
        FieldType::Url => Typed::Text(parse_url(text)?),
        _ => return Ok(parse_text(text, TextRule::COMMENT)?.map(Typed::Text)),
    }))
}

/// Some of the options, each once, in the order given.
fn options(
    definition: &Definition,
    items: &[Json],
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Option<Value>> {
    if items.len() > OPTION_LIMIT {
        problems.add(place, "too_many", format!("give at most {OPTION_LIMIT} options"));
        return None;
    }
    let (mut read, mut all_read) = (Vec::<Arc<str>>::new(), true);
    for (index, item) in items.iter().enumerate() {
        let place = place.item(index);
        let option = match item {
            Json::String(text) => option(definition, text, &place, problems),
            _ => wrong_type(FieldType::List, &place, problems),
        };
        all_read &= option.is_some();
        read.extend(option.filter(|option| !read.contains(option)));
    }
    all_read.then_some((!read.is_empty()).then_some(Value::List(read)))
}

/// The option that a text spells.
pub(crate) fn option(
    definition: &Definition,
    text: &str,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Arc<str>> {
    let option = definition.option(text).cloned();
    if option.is_none() {
        problems.add(place, "unknown_option", format!("give one of the options of the field {}", definition.key));
    }
    option
}

fn wrong_type<T>(kind: FieldType, place: &Place<'_>, problems: &mut Problems) -> Option<T> {
    let wanted = match kind {
        FieldType::Number => "a number",
        FieldType::Boolean => "true or false",
        FieldType::MultiList => "a list of texts",
        FieldType::Date => "a day as text, such as \"2026-03-01\"",
        FieldType::Datetime => "a time as text, such as \"2026-03-01T09:30:00Z\"",
        FieldType::Time => "a time of day as text, such as \"09:30\"",
        FieldType::Text | FieldType::List | FieldType::Email | FieldType::Phone | FieldType::Url => "a text",
    };
    problems.add(place, "wrong_type", format!("give {wanted}, or null"));
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn definition(kind: FieldType) -> Definition {
        let options: &[&str] = if kind.has_options() { &["Gold", "Silver"] } else { &[] };
        Definition::new("field", kind, options).unwrap()
    }

    fn read(kind: FieldType, json: &Json) -> Result<Option<Value>, Vec<(String, &'static str)>> {
        let mut problems = Problems::default();
        let read = read_value(&definition(kind), json, Some("MY"), &Place::WHOLE, &mut problems);
        let read = problems.or(read);
        read.map_err(|found| found.into_iter().map(|problem| (problem.pointer, problem.code)).collect())
    }

    #[test]
    fn every_type_takes_its_values_in_many_ways_and_keeps_one() {
        for (kind, json, value) in [
            (FieldType::Text, json!(" Jose\u{301}\r\n2 "), Value::from("José\n2")),
            (FieldType::Number, json!(-0.0), Value::Number(0.0)),
            (FieldType::Boolean, json!(false), Value::Boolean(false)),
            (FieldType::Date, json!(" 2026-03-01 "), Value::from("2026-03-01")),
            (FieldType::Datetime, json!("2026-03-01T09:30:00+08:00"), Value::from("2026-03-01T01:30:00Z")),
            (FieldType::Time, json!("09:30"), Value::from("09:30:00")),
            (FieldType::List, json!(" gold "), Value::from("Gold")),
            (
                FieldType::MultiList,
                json!(["silver", "GOLD", "Silver"]),
                Value::List(vec!["Silver".into(), "Gold".into()]),
            ),
            (FieldType::Email, json!(" Ada@Example.com"), Value::from("Ada@Example.com")),
            (FieldType::Phone, json!("012-345 6789"), Value::from("+60123456789")),
            (FieldType::Url, json!(" https://example.com"), Value::from("https://example.com")),
        ] {
            assert_eq!(read(kind, &json), Ok(Some(value)), "{kind:?}");
        }
    }

    #[test]
    fn null_blanks_and_an_empty_list_clear() {
        for kind in FieldType::ALL {
            assert_eq!(read(kind, &Json::Null), Ok(None));
            let blank = if kind == FieldType::MultiList { json!([]) } else { json!(" \t ") };
            if !matches!(kind, FieldType::Number | FieldType::Boolean) {
                assert_eq!(read(kind, &blank), Ok(None), "{kind:?}");
            }
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused_and_never_converted() {
        for kind in FieldType::ALL {
            assert_eq!(read(kind, &json!({"a": 1})), Err(vec![(String::new(), "wrong_type")]), "{kind:?}");
        }
        for (kind, json) in [
            (FieldType::Text, json!(12)),
            (FieldType::Number, json!("12")),
            (FieldType::Boolean, json!("true")),
            (FieldType::Boolean, json!(1)),
            (FieldType::List, json!(["Gold"])),
            (FieldType::MultiList, json!("Gold")),
        ] {
            assert_eq!(read(kind, &json), Err(vec![(String::new(), "wrong_type")]), "{kind:?}");
        }
    }

    #[test]
    fn a_value_that_its_type_does_not_have_is_refused_by_name() {
        for (kind, json, code) in [
            (FieldType::Text, json!("a\u{0}"), "nul_character"),
            (FieldType::Text, json!("x".repeat(4_001)), "too_long"),
            (FieldType::Number, json!(9_007_199_254_740_993_u64), "number_too_large"),
            (FieldType::Date, json!("2026-02-30"), "invalid_day"),
            (FieldType::Datetime, json!("2026-03-01"), "invalid_time"),
            (FieldType::Time, json!("25:00"), "invalid_time_of_day"),
            (FieldType::List, json!("Bronze"), "unknown_option"),
            (FieldType::Email, json!("ada"), "invalid_email"),
            (FieldType::Phone, json!("12"), "invalid_phone"),
            (FieldType::Url, json!("ftp://example.com"), "invalid_url"),
        ] {
            assert_eq!(read(kind, &json), Err(vec![(String::new(), code)]));
        }
        let several = read(FieldType::MultiList, &json!(["Gold", 7, "Bronze", ""]));
        let places = [("/1".into(), "wrong_type"), ("/2".into(), "unknown_option"), ("/3".into(), "unknown_option")];
        assert_eq!(several, Err(places.to_vec()));
    }

    proptest! {
        #[test]
        fn a_value_never_panics_and_stays(
            kind in proptest::sample::select(FieldType::ALL.to_vec()),
            text in prop_oneof![any::<String>(), "[0-9:T+.Z-]{1,25}", "(gold|Silver| )"],
            number in any::<f64>(),
        ) {
            for json in [json!(text), json!(number), json!([text.clone()]), json!([text, "Gold"])] {
                if let Ok(Some(once)) = read(kind, &json) {
                    let stored = serde_json::to_value(&once).unwrap();
                    prop_assert_eq!(read(kind, &stored), Ok(Some(once.clone())));
                    prop_assert!(Typed::of(kind, &once).is_some());
                }
            }
        }
    }
}
