//! Profile values and choices on the wire.

use std::sync::Arc;

use dossier_domain::field::{Choice, Value};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// Whole numbers up to here are exact in a double, and are written without a fraction.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A value of a profile field.
#[derive(Clone, Debug, PartialEq, ToSchema)]
#[serde(untagged)]
#[schema(examples("vip", 3, true, json!(["a", "b"])))]
#[allow(missing_docs, reason = "the names say it")]
pub enum ValueBody {
    #[schema(value_type = String)]
    Text(Arc<str>),
    Boolean(bool),
    Number(f64),
    #[schema(value_type = Vec<String>)]
    List(Vec<Arc<str>>),
}

impl From<Value> for ValueBody {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => ValueBody::Text(text),
            Value::Boolean(yes) => ValueBody::Boolean(yes),
            Value::Number(number) => ValueBody::Number(number),
            Value::List(texts) => ValueBody::List(texts),
        }
    }
}

impl From<&Value> for ValueBody {
    fn from(value: &Value) -> Self {
        value.clone().into()
    }
}

impl Serialize for ValueBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ValueBody::Text(text) => text.serialize(serializer),
            ValueBody::Boolean(yes) => serializer.serialize_bool(*yes),
            ValueBody::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT_MAX =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
                serializer.serialize_i64(*number as i64)
            }
            ValueBody::Number(number) => serializer.serialize_f64(*number),
            ValueBody::List(texts) => texts.serialize(serializer),
        }
    }
}

/// What a merge does with one field: `"primary"`, `"secondary"` or `{"value": ...}` (rule 20).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ChoiceBody {
    /// What one of the two shows.
    Side(SideBody),
    /// A given value, null included.
    Given {
        /// The value.
        value: Option<ValueBody>,
    },
}

/// The side that a merge takes a value from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SideBody {
    /// What the primary shows without this merge, even nothing.
    Primary,
    /// What the secondary shows or, where that is nothing, what the primary shows.
    Secondary,
}

impl From<&Choice> for ChoiceBody {
    fn from(choice: &Choice) -> Self {
        match choice {
            Choice::Primary => ChoiceBody::Side(SideBody::Primary),
            Choice::Secondary => ChoiceBody::Side(SideBody::Secondary),
            Choice::Given(value) => ChoiceBody::Given { value: value.as_ref().map(ValueBody::from) },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        let written = |number| serde_json::to_string(&ValueBody::Number(number)).unwrap();
        assert_eq!([3.0, -7.0, 0.5, 1e300].map(written), ["3", "-7", "0.5", "1e+300"].map(str::to_owned));
    }

    #[test]
    fn a_choice_is_a_side_or_a_given_value() {
        let written = |choice| serde_json::to_value(ChoiceBody::from(&choice)).unwrap();
        assert_eq!(written(Choice::Primary), json!("primary"));
        assert_eq!(written(Choice::Given(None)), json!({"value": null}));
        assert_eq!(written(Choice::Given(Some("x".into()))), json!({"value": "x"}));
    }
}
