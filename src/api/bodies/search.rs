//! Contacts that were searched for.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A page of the contacts table.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SearchPage {
    /// In the order asked for. Each has its id, its display name and the columns asked for: members of the contact, and
    /// under `custom` the custom fields asked for by their keys.
    #[schema(value_type = Vec<Object>)]
    pub contacts: Vec<Map<String, Value>>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// How many there are on all pages; null unless it was asked for.
    pub count: Option<u64>,
    /// The position in the log that the answer is at least as new as.
    pub position: u64,
}
