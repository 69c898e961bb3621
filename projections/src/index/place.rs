//! A place in an order: the sort values and the id of a contact, after which a page begins.

use dossier_domain::ids::ContactId;
use uuid::Uuid;

/// Where a page ended. It holds values and not an ordinal, so that it stays where it is whatever becomes of the contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub(super) values: Vec<Value>,
    pub(super) id: ContactId,
}

/// What a contact shows in a field that is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Absent,
    /// Keys lie as what they stand for does.
    Key(u64),
    /// Folded.
    Text(Box<str>),
}

/// More than any sort has.
const VALUES_MAX: usize = 8;

impl Place {
    /// As bytes, to be sealed into a cursor.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.id.0.as_bytes().to_vec();
        for value in &self.values {
            match value {
                Value::Absent => bytes.push(0),
                Value::Key(key) => {
                    bytes.push(1);
                    bytes.extend(key.to_be_bytes());
                }
                Value::Text(text) => {
                    bytes.push(2);
                    bytes.extend((text.len() as u64).to_be_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
        bytes
    }

    /// From what [`Place::to_bytes`] made; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Place> {
        let (id, mut rest) = bytes.split_first_chunk::<16>()?;
        let mut values = Vec::new();
        while let Some((kind, after)) = rest.split_first() {
            let value;
            (value, rest) = read(*kind, after)?;
            values.push(value);
            if values.len() > VALUES_MAX {
                return None;
            }
        }
        Some(Place { values, id: ContactId(Uuid::from_bytes(*id)) })
    }
}

fn read(kind: u8, bytes: &[u8]) -> Option<(Value, &[u8])> {
    if kind == 0 {
        return Some((Value::Absent, bytes));
    }
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*number);
    match kind {
        1 => Some((Value::Key(number), rest)),
        2 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
            Some((Value::Text(std::str::from_utf8(text).ok()?.into()), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Absent),
            any::<u64>().prop_map(Value::Key),
            any::<String>().prop_map(|text| Value::Text(text.into())),
        ]
    }

    proptest! {
        #[test]
        fn a_place_survives_its_bytes(values in prop::collection::vec(value(), 0..4), id in any::<u128>()) {
            let place = Place { values, id: ContactId(Uuid::from_u128(id)) };
            prop_assert_eq!(Place::from_bytes(&place.to_bytes()), Some(place));
        }

        #[test]
        fn reading_bytes_never_panics(bytes in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..60)) {
            if let Some(place) = Place::from_bytes(&bytes) {
                prop_assert_eq!(place.to_bytes(), bytes);
            }
        }
    }
}
