//! What is asked of a set: one that has rows of its own, or a custom one, which lies in the contact.

use std::collections::BTreeSet;
use std::sync::Arc;

use dossier_domain::filter::{SetField, SetTest};
use tokio_postgres::types::{Json, Type};
use uuid::Uuid;

use super::Compiler;
use super::sql::{Sql, sql};

/// The rows of a contact in the table of a set, and what of them is the value.
struct Rows {
    of_contact: &'static str,
    value: &'static str,
}

const TAGS: Rows = Rows { of_contact: "contact_tags as m where m.contact_id = c.contact_id", value: "m.key" };
const CHANNELS: Rows =
    Rows { of_contact: "contact_channels as m where m.contact_id = c.contact_id", value: "m.channel" };
/// Members as of the time up to which the feed tells.
const SEGMENTS: Rows =
    Rows { of_contact: "segment_members as m where m.contact_id = c.contact_id", value: "m.segment_id" };

impl Compiler<'_> {
    pub(super) fn set(&mut self, field: &SetField, test: &SetTest) -> Sql {
        match field {
            SetField::Tags => self.rows(&TAGS, test),
            SetField::Channels => self.rows(&CHANNELS, test),
            SetField::Segment => self.rows(&SEGMENTS, test),
            SetField::Custom(key) => self.custom_set(key, test),
        }
    }

    fn rows(&mut self, rows: &Rows, test: &SetTest) -> Sql {
        match test {
            SetTest::AnyOf(values) => self.any(rows, values),
            SetTest::NoneOf(values) => sql!["(not ", self.any(rows, values), ")"],
            SetTest::AllOf(values) => self.all(rows, values),
            SetTest::Exactly(values) if values.is_empty() => sql!["(not ", some(rows), ")"],
            SetTest::Exactly(values) => {
                let (all, count) = (self.all(rows, values), self.count(values));
                let whole = sql!["(select count(distinct ", rows.value, ") from ", rows.of_contact, ")"];
                sql!["(", all, " and ", whole, " = ", count, ")"]
            }
            SetTest::IsSet => some(rows),
            SetTest::IsUnset => sql!["(not ", some(rows), ")"],
        }
    }

    /// Whether one of the values is there: a semi-join, or all who have one, whichever an index serves better.
    fn any(&mut self, rows: &Rows, values: &[Arc<str>]) -> Sql {
        let (asked, workspace) = (self.asked(rows, values), &self.workspace);
        let of_workspace = sql![rows.of_contact, " and m.workspace = ", workspace];
        sql!["exists (select from ", of_workspace, " and ", rows.value, " = any(", asked, "))"]
    }

    /// Whether all of them are: first whether one is, which most contacts fail already.
    fn all(&mut self, rows: &Rows, values: &[Arc<str>]) -> Sql {
        let (any, asked, count) = (self.any(rows, values), self.asked(rows, values), self.count(values));
        let there = sql!["(select count(distinct ", rows.value, ") from ", rows.of_contact, " and ", rows.value];
        sql!["(", any, " and ", there, " = any(", asked, ")) = ", count, ")"]
    }

    fn count(&mut self, values: &[Arc<str>]) -> Sql {
        self.values.bind(i64::try_from(values.len()).unwrap_or(i64::MAX), Type::INT8)
    }

    /// The values; a segment that has no id is none, and has no members.
    fn asked(&mut self, rows: &Rows, values: &[Arc<str>]) -> Sql {
        if rows.value == SEGMENTS.value {
            let ids: Vec<Uuid> = values.iter().filter_map(|value| value.parse().ok()).collect();
            return self.values.bind(ids, Type::UUID_ARRAY);
        }
        self.values.bind(texts(values), Type::TEXT_ARRAY)
    }

    /// Absent options are an empty set.
    fn custom_set(&mut self, key: &Arc<str>, test: &SetTest) -> Sql {
        let column = self.options(key);
        let values = &mut self.values;
        match test {
            SetTest::AnyOf(all) => sql!["(", column, " ?| ", values.bind(texts(all), Type::TEXT_ARRAY), ")"],
            SetTest::AllOf(all) => sql!["(", column, " ?& ", values.bind(texts(all), Type::TEXT_ARRAY), ")"],
            SetTest::NoneOf(all) => {
                sql!["((", column, " ?| ", values.bind(texts(all), Type::TEXT_ARRAY), ") is not true)"]
            }
            SetTest::Exactly(all) if all.is_empty() => sql!["(", column, " is null)"],
            SetTest::Exactly(all) => {
                let sorted: BTreeSet<String> = texts(all).into_iter().collect();
                sql!["(", column, " = ", values.bind(Json(sorted), Type::JSONB), ")"]
            }
            SetTest::IsSet => sql!["(", column, " is not null)"],
            SetTest::IsUnset => sql!["(", column, " is null)"],
        }
    }
}

fn texts(values: &[Arc<str>]) -> Vec<String> {
    values.iter().map(|value| value.to_string()).collect()
}

/// Whether the set has anything in it.
fn some(rows: &Rows) -> Sql {
    sql!["exists (select from ", rows.of_contact, ")"]
}
