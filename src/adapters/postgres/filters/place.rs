//! The place of a contact in an order: where a page ends, and the next begins.

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::sql::{Sql, Values};

/// A value by which a page is sorted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Value {
    Text(String),
    Rank(i32),
    Boolean(bool),
    Number(f64),
    Instant(DateTime<Utc>),
}

/// Of which type a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Text,
    Rank,
    Boolean,
    Number,
    Instant,
}

impl Value {
    /// The value in a column; `None` where it is absent.
    pub(super) fn read(row: &Row, column: &str, of: Of) -> Result<Option<Value>, tokio_postgres::Error> {
        Ok(match of {
            Of::Text => row.try_get::<_, Option<_>>(column)?.map(Value::Text),
            Of::Rank => row.try_get::<_, Option<_>>(column)?.map(Value::Rank),
            Of::Boolean => row.try_get::<_, Option<_>>(column)?.map(Value::Boolean),
            Of::Number => row.try_get::<_, Option<_>>(column)?.map(Value::Number),
            Of::Instant => row.try_get::<_, Option<_>>(column)?.map(Value::Instant),
        })
    }

    pub(super) fn bind(&self, values: &mut Values) -> Sql {
        match self {
            Value::Text(text) => values.bind(text.clone(), Type::TEXT),
            Value::Rank(rank) => values.bind(*rank, Type::INT4),
            Value::Boolean(yes) => values.bind(*yes, Type::BOOL),
            Value::Number(number) => values.bind(*number, Type::FLOAT8),
            Value::Instant(instant) => values.bind(*instant, Type::TIMESTAMPTZ),
        }
    }

    fn is(&self, of: Of) -> bool {
        matches!(
            (self, of),
            (Value::Text(_), Of::Text)
                | (Value::Rank(_), Of::Rank)
                | (Value::Boolean(_), Of::Boolean)
                | (Value::Number(_), Of::Number)
                | (Value::Instant(_), Of::Instant)
        )
    }
}

/// What a contact shows in the columns that a page is sorted by, and who it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) values: Vec<Option<Value>>,
    id: Uuid,
}

impl Place {
    pub(super) fn new(values: Vec<Option<Value>>, contact: ContactId) -> Self {
        Place { values, id: contact.0 }
    }

    pub(super) fn bind_id(&self, values: &mut Values) -> Sql {
        values.bind(self.id, Type::UUID)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// A place in an order by such values; `None` if it is of another one.
    pub(super) fn read(bytes: &[u8], order: impl ExactSizeIterator<Item = Of>) -> Option<Self> {
        let place: Place = serde_json::from_slice(bytes).ok()?;
        let fits = |(value, of): (&Option<Value>, Of)| value.as_ref().is_none_or(|value| value.is(of));
        (place.values.len() == order.len() && place.values.iter().zip(order).all(fits)).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_as_it_was_and_only_in_its_own_order() {
        let instant = DateTime::from_timestamp_micros(1_767_225_600_000_001);
        let values =
            vec![Some(Value::Number(0.1 + 0.2)), None, instant.map(Value::Instant), Some(Value::Text("ä".into()))];
        let place = Place::new(values, ContactId(Uuid::from_u128(7)));
        let bytes = place.to_bytes().unwrap();
        let order = [Of::Number, Of::Boolean, Of::Instant, Of::Text];
        assert_eq!(Place::read(&bytes, order.into_iter()), Some(place));
        assert_eq!(Place::read(&bytes, [Of::Number, Of::Boolean, Of::Instant, Of::Rank].into_iter()), None);
        assert_eq!(Place::read(&bytes, order[..3].iter().copied()), None);
        assert_eq!(Place::read(b"{}", order.into_iter()), None);
    }
}
