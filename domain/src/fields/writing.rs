//! A custom value on its way into a contact: what its key and the field's type say to it.

use serde_json::Value as Json;

use super::{Definitions, read_value};
use crate::field::Value;
use crate::problem::{Place, Problems};

/// The value in the form in which it is stored; the inner `None` clears. The outer `None` is a refusal, and the problems
/// say why.
///
/// A field that was retired takes no more values, and is still cleared: what a contact holds of it can be taken away.
/// `value` was read by its JSON type alone, so that what was asked stays the same whatever becomes of the field.
pub fn write_value(
    definitions: &Definitions,
    key: &str,
    value: Option<&Value>,
    region: Option<&str>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Option<Value>> {
    match (definitions.get(key), value) {
        (None, _) => {
            problems.add(place, "unknown_field", undefined(definitions, key));
            None
        }
        (Some(_), None) => Some(None),
        (Some(definition), Some(_)) if definition.retired => {
            problems.add(place, "unknown_field", "this field was retired: it takes null and no value");
            None
        }
        (Some(definition), Some(value)) => read_value(definition, &json_of(value), region, place, problems),
    }
}

fn undefined(definitions: &Definitions, key: &str) -> String {
    match definitions.nearest(key) {
        Some(nearest) => format!("define this field first, or write {nearest}, the one most like it"),
        None => "define this field first; the workspace has none".into(),
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::from(&**text),
        Value::Boolean(yes) => Json::from(*yes),
        Value::Number(number) => Json::from(*number),
        Value::List(texts) => texts.iter().map(|text| Json::from(&**text)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Definition, FieldType};
    use super::*;

    fn written(key: &str, value: Option<Value>) -> Result<Option<Value>, (String, &'static str, String)> {
        let retired = Definition { retired: true, ..Definition::new("old", FieldType::Text, &[""; 0]).unwrap() };
        let kinds = [("score", FieldType::Number), ("phone", FieldType::Phone)];
        let kinds = kinds.map(|(key, kind)| Definition::new(key, kind, &[""; 0]).unwrap());
        let topics = Definition::new("topics", FieldType::MultiList, &["News", "Art"]).unwrap();
        let definitions = kinds.into_iter().chain([topics, retired]).collect();
        let mut problems = Problems::default();
        let place = Place::WHOLE.member("custom");
        let read = write_value(&definitions, key, value.as_ref(), Some("MY"), &place.member(key), &mut problems);
        problems.or(read).map_err(|mut found| {
            let problem = found.remove(0);
            (problem.pointer, problem.code, problem.message)
        })
    }

    #[test]
    fn a_value_is_written_as_its_field_says() {
        assert_eq!(written("score", Some(Value::Number(3.0))), Ok(Some(Value::Number(3.0))));
        assert_eq!(written("phone", Some("012-345 6789".into())), Ok(Some("+60123456789".into())));
        let topics = Value::List(vec!["art".into()]);
        assert_eq!(written("topics", Some(topics)), Ok(Some(Value::List(vec!["Art".into()]))));
        assert_eq!(written("score", None), Ok(None));
        let (pointer, code, _) = written("score", Some("3".into())).unwrap_err();
        assert_eq!((pointer.as_str(), code), ("/custom/score", "wrong_type"));
        let several = Value::List(vec!["News".into(), "Sport".into()]);
        assert_eq!(written("topics", Some(several)).unwrap_err().0, "/custom/topics/1");
    }

    #[test]
    fn an_undefined_field_takes_nothing_and_a_retired_one_only_null() {
        for value in [None, Some("a".into())] {
            let (pointer, code, message) = written("scroe", value).unwrap_err();
            assert_eq!((pointer.as_str(), code), ("/custom/scroe", "unknown_field"));
            assert!(message.contains("write score,"), "{message}");
        }
        assert_eq!(written("old", Some("a".into())).unwrap_err().1, "unknown_field");
        assert_eq!(written("old", None), Ok(None));
    }
}
