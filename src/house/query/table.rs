//! A contact as a row of the contacts table: the columns that were asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::api::bodies::ContactBody;
use crate::app::AppError;
use crate::app::query::Column;

/// The columns of a contact; its id and its display name are always among them.
pub(super) fn row(body: &ContactBody, columns: &[Column]) -> Result<Map<String, Value>, AppError> {
    let whole = serde_json::to_value(body).map_err(|error| AppError::Internal(format!("a contact's body: {error}")))?;
    let Value::Object(mut whole) = whole else {
        return Err(AppError::Internal("the body of a contact is no object".to_owned()));
    };
    let custom = chosen_custom(whole.get("custom"), columns);
    let wanted: BTreeSet<&str> = columns.iter().filter_map(member).chain(["id", "display_name"]).collect();
    let mut row: Map<String, Value> = Map::new();
    for name in Column::MEMBERS.into_iter().filter(|name| wanted.contains(name)) {
        row.extend(whole.remove(name).map(|value| (name.to_owned(), value)));
    }
    if let Some(custom) = custom
        && !row.contains_key("custom")
    {
        row.insert("custom".to_owned(), custom.into());
    }
    Ok(row)
}

fn member(column: &Column) -> Option<&str> {
    match column {
        Column::Member(name) => Some(name),
        Column::Custom(_) => None,
    }
}

/// The custom fields that are columns; null where the contact has no value.
fn chosen_custom(custom: Option<&Value>, columns: &[Column]) -> Option<Map<String, Value>> {
    let chosen = columns.iter().filter_map(|column| match column {
        Column::Custom(key) => Some(key),
        Column::Member(_) => None,
    });
    let value = |key: &str| custom.and_then(|custom| custom.get(key)).cloned().unwrap_or(Value::Null);
    let chosen: Map<String, Value> = chosen.map(|key| (key.to_string(), value(key))).collect();
    (!chosen.is_empty()).then_some(chosen)
}
