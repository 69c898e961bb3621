//! An order (rule 38) as SQL: absent values last in both directions, the id at last.

use dossier_domain::filter::{Direction, FilterField, InstantField, PhoneField, Sort};

use super::Compiler;
use super::column::LAST_HOUR;
use super::place::{Of, Place};
use super::sql::{Sql, sql};

/// The names under which a page tells the values that it is sorted by.
pub(super) const NAMES: [&str; 3] = ["key_1", "key_2", "key_3"];

/// One key of an order.
pub(super) struct Key {
    pub(super) column: Sql,
    pub(super) of: Of,
    direction: Direction,
    /// A column that lies in the same order with larger steps, and has an index.
    steps: Option<&'static str>,
}

impl Key {
    fn direction(&self) -> &'static str {
        if self.direction == Direction::Ascending { " nulls last" } else { " desc nulls last" }
    }
}

impl Compiler<'_> {
    pub(super) fn keys(&mut self, sort: &Sort) -> Vec<Key> {
        let mut keys = Vec::with_capacity(sort.keys().len());
        for key in sort.keys() {
            let (column, of) = self.sorted_by(&key.by);
            let steps = matches!(key.by, FilterField::Instant(InstantField::LastInteraction)).then_some(LAST_HOUR);
            keys.push(Key { column, of, direction: key.direction, steps });
        }
        keys
    }

    fn sorted_by(&mut self, field: &FilterField) -> (Sql, Of) {
        match field {
            FilterField::Text(field) => (self.text(field), Of::Text),
            FilterField::Phone(PhoneField::Phone) => ("c.phone collate \"C\"".into(), Of::Text),
            FilterField::Phone(PhoneField::Custom(key)) => {
                (self.custom_text(key, " ->> 'folded') collate \"C\""), Of::Text)
            }
            FilterField::Code(field) => (self.folded_code(field), Of::Text),
            FilterField::ConversationStatus => (ranked(STATUSES, "c.conversation_status".into()), Of::Rank),
            FilterField::Status => (ranked(STATUSES, "c.status".into()), Of::Rank),
            FilterField::Activity => (ranked("'active', 'inactive', 'blocked'", self.activity()), Of::Rank),
            FilterField::Boolean(field) => (self.boolean(field), Of::Boolean),
            FilterField::Number(key) => (self.number(key), Of::Number),
            FilterField::Time(key) => (self.custom_text(key, " ->> 'time') collate \"C\""), Of::Text),
            FilterField::Date(key) => (self.custom_text(key, " ->> 'date') collate \"C\""), Of::Text),
            FilterField::Instant(field) => {
                let line = self.instant(field);
                (line.column().clone(), line.of())
            }
            // No sort is by a set: reading one refuses it.
            FilterField::Set(_) => ("null::text".into(), Of::Text),
        }
    }

    /// Whether a contact lies behind a place.
    pub(super) fn after(&mut self, keys: &[Key], place: &Place) -> Sql {
        let mut behind = sql!["c.contact_id > ", place.bind_id(&mut self.values)];
        for (Key { column, direction, .. }, value) in keys.iter().zip(&place.values).rev() {
            behind = match value {
                None => sql!["(", column, " is null and ", behind, ")"],
                Some(value) => {
                    let value = value.bind(&mut self.values);
                    let beyond = if *direction == Direction::Ascending { " > " } else { " < " };
                    let farther = sql![column, beyond, &value, " or ", column, " is null"];
                    sql!["(", farther, " or (", column, " = ", &value, " and ", behind, "))"]
                }
            };
        }
        behind
    }
}

const STATUSES: &str = "'open', 'snoozed', 'closed', 'none', 'blocked'";

/// The place of a word among words in their order.
fn ranked(order: &'static str, word: Sql) -> Sql {
    sql!["array_position(array[", order, "], ", word, ")"]
}

/// Contacts in their order, each key under a name.
pub(super) fn order_by(keys: &[Key], of: &'static str) -> Sql {
    let by = keys.iter().zip(NAMES).map(|(key, name)| sql![of, name, key.direction()]);
    Sql::joined(by.chain([sql![of, "contact_id"]]), ", ")
}

/// The same order, by an index where one has the steps of the first key: only those of a step are sorted then.
pub(super) fn indexed_order_by(keys: &[Key]) -> Sql {
    let order = order_by(keys, "");
    match keys.first().and_then(|first| Some(sql![first.steps?, first.direction()])) {
        Some(steps) => sql![steps, ", ", order],
        None => order,
    }
}
