//! What belongs to a person, and may be erased while the fact around it stays.

use serde::{Deserialize, Serialize};

/// A value that was sealed with the keys of the contacts it speaks of.
///
/// Serialises as the value or, erased, as null: for snapshots, which are sealed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Option<T>", into = "Option<T>", bound(serialize = "T: Clone + Serialize"))]
pub enum Personal<T> {
    /// The keys exist: this is the value.
    Open(T),
    /// A key was destroyed (rule 18): nobody will ever read it again.
    #[default]
    Erased,
}

impl<T> Personal<T> {
    /// The value, unless it was erased.
    pub fn open(&self) -> Option<&T> {
        match self {
            Personal::Open(value) => Some(value),
            Personal::Erased => None,
        }
    }
}

impl<T> From<Option<T>> for Personal<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Personal::Erased, Personal::Open)
    }
}

impl<T> From<Personal<T>> for Option<T> {
    fn from(value: Personal<T>) -> Self {
        match value {
            Personal::Open(value) => Some(value),
            Personal::Erased => None,
        }
    }
}
