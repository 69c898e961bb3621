//! Search (rule 39): each term somewhere in what a contact shows. Text lies folded in one column, and custom values lie by
//! what they are to each type; only fields in use are looked into.

use std::collections::BTreeMap;

use dossier_domain::fields::FieldType;
use dossier_domain::filter::Search;
use tokio_postgres::types::Type;

use super::Compiler;
use super::condition::escaped;
use super::sql::{Sql, sql};

/// Where the searched text of a custom value lies, and where its digits, if it is written like a phone number.
fn readings(kind: FieldType) -> (Option<&'static str>, Option<&'static str>) {
    match kind {
        FieldType::Boolean => (None, None),
        FieldType::Number => (Some(" ->> 'number_written'"), None),
        FieldType::Date => (Some(" ->> 'date'"), None),
        FieldType::Datetime => (Some(" ->> 'datetime_written'"), None),
        FieldType::Time => (Some(" ->> 'time'"), None),
        FieldType::MultiList => (Some(" ->> 'multi_list_folded'"), Some(" ->> 'multi_list_digits'")),
        FieldType::Text | FieldType::List | FieldType::Email | FieldType::Phone | FieldType::Url => {
            (Some(" ->> 'folded'"), Some(" ->> 'digits'"))
        }
    }
}

/// Keys of fields, bound, by where their values are looked into.
type Keys = Vec<(&'static str, Sql)>;

impl Compiler<'_> {
    pub(super) fn search(&mut self, search: &Search) -> Sql {
        let texts = self.keys_by(|kind| readings(kind).0);
        match search {
            Search::Terms(terms) => {
                let each: Vec<Sql> = terms.iter().map(|term| self.lies("c.searched", &texts, term)).collect();
                sql!["(", Sql::joined(each, " and "), ")"]
            }
            Search::Phone { digits, text } => {
                let numbers = self.keys_by(|kind| readings(kind).1);
                let mut any = vec![self.lies("c.searched", &texts, text)];
                any.extend(digits.iter().map(|part| self.lies("c.searched_digits", &numbers, part)));
                sql!["(", Sql::joined(any, " or "), ")"]
            }
        }
    }

    /// Whether a text lies in a column or in a custom value.
    fn lies(&mut self, column: &'static str, custom: &Keys, text: &str) -> Sql {
        let pattern = self.values.bind(format!("%{}%", escaped(text)), Type::TEXT);
        let in_column = sql![column, " like ", &pattern];
        let in_custom = custom.iter().map(|(reading, keys)| {
            let value = sql!["(c.custom_compared -> key", *reading, ") collate \"C\" like ", &pattern];
            sql!["exists (select from unnest(", keys, ") as key where ", value, ")"]
        });
        sql!["(", Sql::joined([in_column].into_iter().chain(in_custom), " or "), ")"]
    }

    fn keys_by(&mut self, reading: impl Fn(FieldType) -> Option<&'static str>) -> Keys {
        let mut keys: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for field in self.setting.fields.iter().filter(|field| !field.retired) {
            if let Some(reading) = reading(field.kind) {
                keys.entry(reading).or_default().push(field.key.to_string());
            }
        }
        keys.into_iter().map(|(reading, keys)| (reading, self.values.bind(keys, Type::TEXT_ARRAY))).collect()
    }
}
