//! The tree of absorbed contacts. Chains of merges are as deep as users make them, so nothing here recurses: a tree is a
//! list of rows, and its nested JSON is written in one pass.

use std::collections::HashMap;
use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use dossier_domain::compose::Absorbed;
use dossier_domain::ids::{ContactId, MergeId};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One absorbed contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsorbedRow {
    /// Who.
    pub contact_id: ContactId,
    /// By which merge.
    pub merge_id: MergeId,
    /// Since when.
    pub merged_at: DateTime<Utc>,
    /// Into whom, directly.
    pub primary: ContactId,
}

impl From<&Absorbed> for AbsorbedRow {
    fn from(absorbed: &Absorbed) -> Self {
        AbsorbedRow {
            contact_id: absorbed.contact,
            merge_id: absorbed.merge,
            merged_at: absorbed.merged_at,
            primary: absorbed.primary,
        }
    }
}

/// All that is absorbed in a contact; on the wire a nested list `[{contact_id, merge_id, merged_at, absorbed}]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsorbedTree {
    root: ContactId,
    rows: Vec<AbsorbedRow>,
}

impl AbsorbedTree {
    /// The tree below `root`. Rows whose primary is not in the tree are not shown.
    pub fn new(root: ContactId, rows: Vec<AbsorbedRow>) -> Self {
        AbsorbedTree { root, rows }
    }

    /// All rows, in no nested order.
    pub fn rows(&self) -> &[AbsorbedRow] {
        &self.rows
    }

    fn json(&self) -> String {
        let mut below: HashMap<ContactId, Vec<&AbsorbedRow>> = HashMap::new();
        self.rows.iter().rev().for_each(|row| below.entry(row.primary).or_default().push(row));
        let mut text = String::from("[");
        // One list of rows still to write for each level that is open, the next row last.
        let mut open = vec![below.remove(&self.root).unwrap_or_default()];
        while let Some(level) = open.last_mut() {
            let Some(row) = level.pop() else {
                open.pop();
                text.push_str(if open.is_empty() { "]" } else { "]}" });
                continue;
            };
            if text.ends_with('}') {
                text.push(',');
            }
            begin_row(&mut text, row);
            open.push(below.remove(&row.contact_id).unwrap_or_default());
        }
        text
    }
}

/// Everything of a row up to the opening of its own list. Ids and times need no escaping.
fn begin_row(text: &mut String, row: &AbsorbedRow) {
    let merged_at = row.merged_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let (contact, merge) = (row.contact_id, row.merge_id);
    let written =
        write!(text, r#"{{"contact_id":"{contact}","merge_id":"{merge}","merged_at":"{merged_at}","absorbed":["#);
    debug_assert!(written.is_ok(), "writing to a string can't fail");
}

impl Serialize for AbsorbedTree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.rows.is_empty() {
            return serializer.collect_seq(std::iter::empty::<()>());
        }
        RawValue::from_string(self.json()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

// Only the schema is used: `AbsorbedTree` writes the JSON.
/// An absorbed contact, with what is absorbed in it in turn.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub(super) struct AbsorbedBody {
    /// Who.
    #[schema(value_type = Uuid)]
    contact_id: ContactId,
    /// By which merge.
    #[schema(value_type = Uuid)]
    merge_id: MergeId,
    /// Since when.
    merged_at: DateTime<Utc>,
    /// What is absorbed in it in turn.
    #[schema(no_recursion)]
    absorbed: Vec<AbsorbedBody>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> ContactId {
        ContactId(Uuid::from_u128(number))
    }

    fn row(contact: u128, primary: u128) -> AbsorbedRow {
        let merge_id = MergeId(Uuid::from_u128(1000 + contact));
        AbsorbedRow { contact_id: id(contact), merge_id, merged_at: DateTime::UNIX_EPOCH, primary: id(primary) }
    }

    #[test]
    fn absorbed_contacts_nest_in_the_order_of_their_merges() {
        let tree = AbsorbedTree::new(id(1), vec![row(2, 1), row(3, 1), row(4, 2)]);
        let json = serde_json::to_value(&tree).unwrap();
        assert_eq!(json[0]["contact_id"], id(2).to_string());
        assert_eq!(json[0]["absorbed"][0]["contact_id"], id(4).to_string());
        assert_eq!(json[1]["contact_id"], id(3).to_string());
        assert_eq!(json[1]["absorbed"], serde_json::json!([]));
    }

    #[test]
    fn a_contact_that_absorbed_nobody_has_an_empty_list() {
        assert_eq!(serde_json::to_string(&AbsorbedTree::new(id(1), vec![])).unwrap(), "[]");
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_merges_is_written() {
        let tree = AbsorbedTree::new(id(0), (1..100_000).map(|number| row(number, number - 1)).collect());
        assert!(serde_json::to_string(&tree).unwrap().ends_with("]}]}]"));
    }
}
