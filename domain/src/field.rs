//! The profile fields of a contact, their values, where a value came from, and the choices of a merge.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A profile field (rule 20 lists them). Serialises as its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `first_name`
    FirstName,
    /// `last_name`
    LastName,
    /// `email`
    Email,
    /// `phone`, E.164
    Phone,
    /// `country`, ISO 3166 alpha-2
    Country,
    /// `language`, BCP 47
    Language,
    /// `company`
    Company,
    /// `avatar_url`
    AvatarUrl,
    /// `custom.<key>`
    Custom(Arc<str>),
}

impl Field {
    /// The fields that every workspace has, in the order in which they are shown.
    pub const STANDARD: [Field; 8] = [
        Field::FirstName,
        Field::LastName,
        Field::Email,
        Field::Phone,
        Field::Country,
        Field::Language,
        Field::Company,
        Field::AvatarUrl,
    ];

    /// The name of a standard field; `None` for a custom one.
    fn standard_name(&self) -> Option<&'static str> {
        Some(match self {
            Field::FirstName => "first_name",
            Field::LastName => "last_name",
            Field::Email => "email",
            Field::Phone => "phone",
            Field::Country => "country",
            Field::Language => "language",
            Field::Company => "company",
            Field::AvatarUrl => "avatar_url",
            Field::Custom(_) => return None,
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.standard_name(), self) {
            (Some(name), _) => f.write_str(name),
            (None, Field::Custom(key)) => write!(f, "custom.{key}"),
            (None, _) => Ok(()),
        }
    }
}

/// A text that names no field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a profile field")]
pub struct NotAField;

impl FromStr for Field {
    type Err = NotAField;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(key) = text.strip_prefix("custom.") {
            return if key.is_empty() { Err(NotAField) } else { Ok(Field::Custom(key.into())) };
        }
        Field::STANDARD.into_iter().find(|field| field.standard_name() == Some(text)).ok_or(NotAField)
    }
}

impl Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.standard_name() {
            Some(name) => serializer.serialize_str(name),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schemas")]
impl schemars::JsonSchema for Field {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let standard = Field::STANDARD.iter().filter_map(Field::standard_name).collect::<Vec<_>>().join("|");
        schemars::json_schema!({
            "description": "the name of a profile field",
            "type": "string",
            "pattern": format!("^({standard}|custom\\..+)$"),
        })
    }
}

/// The value of a field. Standard fields hold text; custom ones hold what their type allows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Value {
    /// Text, a code, a date: whatever is written as text.
    Text(Arc<str>),
    /// Yes or no; `false` is a value.
    Boolean(bool),
    /// A finite IEEE double; 0 is a value.
    Number(f64),
    /// Several texts, of a `multi_list`.
    List(Vec<Arc<str>>),
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&Arc<str>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

/// Where a value came from (rule 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person typed it.
    Manual,
    /// A channel's profile brought it.
    Channel,
    /// Computed from another value; never stored.
    Derived,
    /// A file brought it.
    Import,
    /// A program set it.
    Api,
}

/// One field set or cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldChange {
    /// Which field.
    pub field: Field,
    /// Its value from now on; `None` clears it.
    pub value: Option<Value>,
    /// Where the value came from.
    pub origin: Origin,
}

/// What a merge does with one field (rule 20). Evaluated whenever the contact is composed.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// What the primary shows without this merge, even nothing.
    Primary,
    /// What the secondary shows or, where that is nothing, what the primary shows.
    Secondary,
    /// A given value; `None` is given too.
    Given(Option<Value>),
}

/// The stored form of a choice: `"primary"`, `"secondary"` or `{"value": ...}`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum ChoiceForm {
    /// Of one of the two contacts.
    Side(Side),
    /// Of neither.
    Given {
        /// The value given; null is given too.
        value: Option<Value>,
    },
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Side {
    /// What the primary shows without this merge, even nothing.
    Primary,
    /// What the secondary shows or, where that is nothing, what the primary shows.
    Secondary,
}

impl Serialize for Choice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Choice::Primary => ChoiceForm::Side(Side::Primary),
            Choice::Secondary => ChoiceForm::Side(Side::Secondary),
            Choice::Given(value) => ChoiceForm::Given { value: value.clone() },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match ChoiceForm::deserialize(deserializer)? {
            ChoiceForm::Side(Side::Primary) => Choice::Primary,
            ChoiceForm::Side(Side::Secondary) => Choice::Secondary,
            ChoiceForm::Given { value } => Choice::Given(value),
        })
    }
}

#[cfg(feature = "schemas")]
impl schemars::JsonSchema for Choice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Choice".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        ChoiceForm::json_schema(generator)
    }
}

/// Choices by field; a field that is not here follows the policy.
pub type MergeChoices = BTreeMap<Field, Choice>;

/// The default policy of merges made today: the primary's value where it shows one, else the secondary's.
pub const MERGE_POLICY: u16 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_read_as_the_very_number_that_was_stored(number in proptest::num::f64::NORMAL) {
            let stored = serde_json::to_vec(&Value::Number(number)).unwrap();
            let read: Value = serde_json::from_slice(&stored).unwrap();
            prop_assert_eq!(read, Value::Number(number));
        }
    }
}
