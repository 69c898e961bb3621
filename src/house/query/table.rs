//! A contact as a row of the contacts table: the columns that were asked for.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::bodies::ContactBody;
use crate::app::AppError;
use crate::app::query::Column;

/// The columns of a contact; its id and its display name are always among them. Only these are made JSON of: a page has
/// many rows, and a contact much more than they show.
pub(super) fn row(body: &ContactBody, columns: &[Column]) -> Result<Map<String, Value>, AppError> {
    let wanted: BTreeSet<&str> = columns.iter().filter_map(member).chain(["id", "display_name"]).collect();
    let mut row: Map<String, Value> = Map::new();
    for name in Column::MEMBERS.into_iter().filter(|name| wanted.contains(name)) {
        row.insert(name.to_owned(), value_of(body, name)?);
    }
    if let Some(custom) = chosen_custom(body, columns)?
        && !row.contains_key("custom")
    {
        row.insert("custom".to_owned(), custom.into());
    }
    Ok(row)
}

/// The members of a contact that are columns, by their names.
macro_rules! members {
    ($($member:ident)*) => {
        #[cfg(test)]
        const NAMED: &[&str] = &[$(stringify!($member)),*];

        fn value_of(body: &ContactBody, name: &str) -> Result<Value, AppError> {
            match name {
                $(stringify!($member) => json(&body.$member),)*
                _ => Err(AppError::Internal(format!("a contact has no member {name}"))),
            }
        }
    };
}

members! {
    id display_name first_name last_name email phone country language company avatar_url custom also_known_as tags
    channels channels_total source assignee conversation status activity blocked blocked_reason created_at first_seen
    last_in last_out last_message last_interaction last_channel counts absorbed revision position
}

fn json(value: &impl Serialize) -> Result<Value, AppError> {
    serde_json::to_value(value).map_err(|error| AppError::Internal(format!("a contact's body: {error}")))
}

fn member(column: &Column) -> Option<&str> {
    match column {
        Column::Member(name) => Some(name),
        Column::Custom(_) => None,
    }
}

/// The custom fields that are columns; null where the contact has no value.
fn chosen_custom(body: &ContactBody, columns: &[Column]) -> Result<Option<Map<String, Value>>, AppError> {
    let mut chosen = Map::new();
    for column in columns {
        if let Column::Custom(key) = column {
            chosen.insert(key.to_string(), json(&body.custom.get(key))?);
        }
    }
    Ok((!chosen.is_empty()).then_some(chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_a_member_of_the_contact() {
        assert_eq!(NAMED, Column::MEMBERS);
    }
}
