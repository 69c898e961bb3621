//! The own state of a contact as few bytes: what read models keep of it. They are made anew where this form changes, so
//! nothing here is a promise; equal states give equal bytes.

use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Contact;

/// Bytes that are no packed state of this form. What is in them is not told: it is personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a packed state of this form")]
pub struct NotPacked;

impl Contact {
    /// Counts up with every change of the form.
    pub const FORM: u32 = 1;

    /// Packs the state behind what `bytes` hold already.
    ///
    /// # Errors
    /// None for a state that was folded.
    pub fn pack_into(&self, bytes: Vec<u8>) -> Result<Vec<u8>, NotPacked> {
        postcard::to_extend(self, bytes).map_err(|_| NotPacked)
    }

    /// The state that was packed.
    ///
    /// # Errors
    /// The bytes are of another form, or damaged.
    pub fn unpack(bytes: &[u8]) -> Result<Contact, NotPacked> {
        postcard::from_bytes(bytes).map_err(|_| NotPacked)
    }
}

/// A time as seconds and nanoseconds.
pub(super) mod instant {
    use super::*;

    pub(in crate::state) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        (at.timestamp(), at.timestamp_subsec_nanos()).serialize(serializer)
    }

    pub(in crate::state) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let (seconds, nanoseconds) = Deserialize::deserialize(deserializer)?;
        DateTime::from_timestamp(seconds, nanoseconds).ok_or_else(|| D::Error::custom(NotPacked))
    }
}

/// A time that may be absent.
pub(super) mod instant_or_none {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Instant(#[serde(with = "instant")] DateTime<Utc>);

    pub(in crate::state) fn serialize<S: Serializer>(
        at: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Instant).serialize(serializer)
    }

    pub(in crate::state) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(Option::<Instant>::deserialize(deserializer)?.map(|Instant(at)| at))
    }
}

/// The name of a field: the number of a standard one, the key of another.
pub(super) mod field {
    use super::*;
    use crate::field::Field;

    pub(in crate::state) fn serialize<S: Serializer>(field: &Field, serializer: S) -> Result<S::Ok, S::Error> {
        let standard = Field::STANDARD.iter().position(|standard| standard == field);
        let number = standard.unwrap_or(Field::STANDARD.len());
        let key = if let Field::Custom(key) = field { Some(key) } else { None };
        match (u8::try_from(number), key) {
            (Ok(number), key) => (number, key).serialize(serializer),
            (Err(_), _) => Err(S::Error::custom(NotPacked)),
        }
    }

    pub(in crate::state) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        let (number, key) = <(u8, Option<std::sync::Arc<str>>)>::deserialize(deserializer)?;
        let standard = || Field::STANDARD.get(usize::from(number)).cloned();
        key.map(Field::Custom).or_else(standard).ok_or_else(|| D::Error::custom(NotPacked))
    }
}

/// The value of a field with its kind, which JSON tells by its form.
pub(super) mod value {
    use std::sync::Arc;

    use super::*;
    use crate::field::Value;

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Value")]
    enum Kind {
        Text(Arc<str>),
        Boolean(bool),
        Number(f64),
        List(Vec<Arc<str>>),
    }

    #[derive(Serialize)]
    struct Written<'a>(#[serde(with = "Kind")] &'a Value);

    #[derive(Deserialize)]
    struct Read(#[serde(with = "Kind")] Value);

    pub(in crate::state) fn serialize<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Written).serialize(serializer)
    }

    pub(in crate::state) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
        Ok(Option::<Read>::deserialize(deserializer)?.map(|Read(value)| value))
    }
}

/// What is seldom there, and has its stored form in JSON.
pub(super) mod json {
    use super::*;

    pub(in crate::state) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(|_| S::Error::custom(NotPacked))?.serialize(serializer)
    }

    pub(in crate::state) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        serde_json::from_str(text).map_err(|_| D::Error::custom(NotPacked))
    }
}
