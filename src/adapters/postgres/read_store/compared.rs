//! A custom value as fields of every type compare it. Which fields there are does not matter here: a field that is
//! defined later finds the values that fit it, and one that is retired changes no row.

use std::collections::BTreeSet;

use dossier_domain::field::Value;
use dossier_domain::fields::{FieldType, Typed};
use dossier_domain::filter::phone_digits;
use dossier_domain::values::text::fold;
use serde::Serialize;

use crate::adapters::postgres::filters::{day, fixed};

/// What a value is to the types that it fits; those that it does not fit are left out.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Compared<'a> {
    /// To texts, email addresses and addresses of the web; lists are sorted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    folded: Option<String>,
    /// To phones and lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<&'a str>,
    /// Of what is written like a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<f64>,
    /// As it is searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_written: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boolean: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// To the microsecond, in UTC, all of one length.
    #[serde(skip_serializing_if = "Option::is_none")]
    datetime: Option<String>,
    /// As it is searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    datetime_written: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// Sorted, each once; left out where there are none.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    multi_list: BTreeSet<&'a str>,
    /// As they are searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_list_folded: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_list_digits: Option<String>,
}

/// What stands between texts that are searched together: no text has it, and so no needle that is looked for.
pub(super) const BETWEEN: &str = "\u{1}";

/// Texts that are searched together; `None` where there are none.
pub(super) fn together(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(BETWEEN))
}

impl<'a> Compared<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        let text = value.as_text().map(AsRef::as_ref);
        let digits = text.and_then(phone_digits);
        let mut compared = Compared { folded: text.map(fold), exact: text, digits, ..Compared::default() };
        for kind in [FieldType::Number, FieldType::Boolean, FieldType::Date, FieldType::Datetime, FieldType::Time] {
            let typed = Typed::of(kind, value);
            let written = || typed.iter().flat_map(Typed::canonical).map(|text| fold(&text)).next();
            match typed {
                Some(Typed::Number(number)) => {
                    (compared.number, compared.number_written) = (Some(number), written());
                }
                Some(Typed::Boolean(yes)) => compared.boolean = Some(yes),
                Some(Typed::Date(date)) => compared.date = Some(day(date)),
                Some(Typed::Instant(instant)) => {
                    (compared.datetime, compared.datetime_written) = (Some(fixed(instant)), written());
                }
                Some(Typed::Time(time)) => compared.time = Some(time.format("%H:%M:%S").to_string()),
                _ => {}
            }
        }
        if let Value::List(options) = value {
            compared.multi_list = options.iter().map(AsRef::as_ref).collect();
            compared.multi_list_folded = together(compared.multi_list.iter().map(|option| fold(option)));
            compared.multi_list_digits = together(compared.multi_list.iter().filter_map(|option| phone_digits(option)));
        }
        compared
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_told_by_every_type_that_it_fits() {
        for (value, expected) in [
            (Value::from("Straße"), json!({"folded": "strasse", "exact": "Straße"})),
            (
                Value::from("2026-03-01"),
                json!({"folded": "2026-03-01", "exact": "2026-03-01", "digits": "20260301", "date": "2026-03-01"}),
            ),
            (
                Value::from("2026-03-01T09:30:00.5+08:00"),
                json!({"folded": "2026-03-01t09:30:00.5+08:00", "exact": "2026-03-01T09:30:00.5+08:00",
                    "datetime": "2026-03-01T01:30:00.500000Z", "datetime_written": "2026-03-01t01:30:00.500z"}),
            ),
            (Value::from("09:30"), json!({"folded": "09:30", "exact": "09:30", "time": "09:30:00"})),
            (Value::Number(-0.0), json!({"number": 0.0, "number_written": "0"})),
            (Value::Number(f64::INFINITY), json!({})),
            (Value::Boolean(false), json!({"boolean": false})),
            (
                Value::List(vec!["b".into(), "A".into(), "b".into()]),
                json!({"multi_list": ["A", "b"], "multi_list_folded": "a\u{1}b"}),
            ),
            (Value::List(vec![]), json!({})),
        ] {
            assert_eq!(serde_json::to_value(Compared::of(&value)).unwrap(), expected, "{value:?}");
        }
    }
}
