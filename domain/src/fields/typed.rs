//! The value of a custom field as its type means it.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::FieldType;
use crate::field::Value;
use crate::values::number::positive_zero;
use crate::values::time::{parse_day, parse_time, parse_time_of_day, written};

/// A value by its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// Of a `text`, `email`, `phone` or `url`.
    Text(Arc<str>),
    /// Of a `list`.
    Option(Arc<str>),
    /// Of a `number`.
    Number(f64),
    /// Of a `boolean`.
    Boolean(bool),
    /// Of a `date`.
    Date(NaiveDate),
    /// Of a `datetime`.
    Instant(DateTime<Utc>),
    /// Of a `time`.
    Time(NaiveTime),
    /// Of a `multi_list`.
    Options(Vec<Arc<str>>),
}

impl Typed {
    /// What a stored value means to a field of this type. `None` where it does not fit: values that were stored before
    /// their field was defined may be anything, and such a one is as good as absent.
    pub fn of(kind: FieldType, value: &Value) -> Option<Typed> {
        use FieldType as T;
        Some(match (kind, value) {
            (T::Text | T::Email | T::Phone | T::Url, Value::Text(text)) => Typed::Text(text.clone()),
            (T::List, Value::Text(option)) => Typed::Option(option.clone()),
            (T::Number, Value::Number(number)) if number.is_finite() => Typed::Number(positive_zero(*number)),
            (T::Boolean, Value::Boolean(yes)) => Typed::Boolean(*yes),
            (T::Date, Value::Text(text)) => Typed::Date(parse_day(text).ok()?),
            (T::Datetime, Value::Text(text)) => Typed::Instant(parse_time(text).ok()?),
            (T::Time, Value::Text(text)) => Typed::Time(parse_time_of_day(text).ok()?),
            (T::MultiList, Value::List(options)) => Typed::Options(options.clone()),
            _ => return None,
        })
    }

    /// The form in which it is stored.
    pub fn into_value(self) -> Value {
        match self {
            Typed::Text(text) | Typed::Option(text) => Value::Text(text),
            Typed::Number(number) => Value::Number(number),
            Typed::Boolean(yes) => Value::Boolean(yes),
            Typed::Options(options) => Value::List(options),
            Typed::Date(_) | Typed::Instant(_) | Typed::Time(_) => Value::Text(self.canonical().concat().into()),
        }
    }

    /// The canonical text, by which it is searched (rule 39): one, or one for each option.
    pub fn canonical(&self) -> Vec<Cow<'_, str>> {
        let one = match self {
            Typed::Options(options) => return options.iter().map(|option| Cow::Borrowed(&**option)).collect(),
            Typed::Text(text) | Typed::Option(text) => Cow::Borrowed(&**text),
            Typed::Number(number) => number.to_string().into(),
            Typed::Boolean(yes) => yes.to_string().into(),
            Typed::Date(day) => day.to_string().into(),
            Typed::Instant(instant) => written(*instant).into(),
            Typed::Time(time) => time.to_string().into(),
        };
        vec![one]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_canonical_text() {
        for (kind, value, canonical) in [
            (FieldType::Text, Value::from("Two\nlines"), "Two\nlines"),
            (FieldType::Number, Value::Number(12.0), "12"),
            (FieldType::Number, Value::Number(-0.5), "-0.5"),
            (FieldType::Number, Value::Number(1e-7), "0.0000001"),
            (FieldType::Boolean, Value::Boolean(false), "false"),
            (FieldType::Date, Value::from("2026-03-01"), "2026-03-01"),
            (FieldType::Datetime, Value::from("2026-03-01T09:30:00+08:00"), "2026-03-01T01:30:00Z"),
            (FieldType::Time, Value::from("09:30"), "09:30:00"),
            (FieldType::List, Value::from("Gold"), "Gold"),
            (FieldType::Email, Value::from("Ada@Example.com"), "Ada@Example.com"),
            (FieldType::Phone, Value::from("+60123456789"), "+60123456789"),
            (FieldType::Url, Value::from("https://example.com/A"), "https://example.com/A"),
        ] {
            let typed = Typed::of(kind, &value).unwrap();
            assert_eq!(typed.canonical(), [canonical]);
            let stored = typed.clone().into_value();
            assert_eq!(Typed::of(kind, &stored), Some(typed));
        }
        let several = Value::List(vec!["a".into(), "b".into()]);
        assert_eq!(Typed::of(FieldType::MultiList, &several).unwrap().canonical(), ["a", "b"]);
    }

    #[test]
    fn a_value_that_does_not_fit_its_type_is_as_good_as_absent() {
        for (kind, value) in [
            (FieldType::Number, Value::from("12")),
            (FieldType::Number, Value::Number(f64::NAN)),
            (FieldType::Text, Value::Number(12.0)),
            (FieldType::Boolean, Value::from("true")),
            (FieldType::Date, Value::from("tomorrow")),
            (FieldType::MultiList, Value::from("a")),
            (FieldType::List, Value::List(vec!["a".into()])),
        ] {
            assert_eq!(Typed::of(kind, &value), None);
        }
    }
}
