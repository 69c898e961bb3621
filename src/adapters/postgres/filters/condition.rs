//! One condition: a comparison that is true, false, or unknown where the value is absent.

use std::sync::Arc;

use chrono::NaiveTime;
use dossier_domain::compose::{ActivityLevel, Status};
use dossier_domain::filter::{Choice, Condition, Folded, Ordered, Part, Textual, Truth, Word};
use dossier_domain::state::ConversationStatus;
use tokio_postgres::types::Type;

use super::Compiler;
use super::sql::{Sql, Values, sql};

/// A value as a parameter.
pub(super) trait Parameter: Sized {
    fn bind(&self, values: &mut Values) -> Sql;
    /// Several of them as one array.
    fn bind_all(all: &[Self], values: &mut Values) -> Sql;
}

/// Of what is compared as text.
macro_rules! as_text {
    ($($of:ty: $text:expr;)+) => { $(
        impl Parameter for $of {
            fn bind(&self, values: &mut Values) -> Sql {
                let text: fn(&$of) -> String = $text;
                values.bind(text(self), Type::TEXT)
            }

            fn bind_all(all: &[Self], values: &mut Values) -> Sql {
                let text: fn(&$of) -> String = $text;
                values.bind(all.iter().map(text).collect::<Vec<String>>(), Type::TEXT_ARRAY)
            }
        }
    )+ };
}

as_text! {
    Folded: |text| text.folded().to_string();
    Arc<str>: |text| text.to_string();
    ConversationStatus: |status| status.word().to_owned();
    Status: |status| status.word().to_owned();
    ActivityLevel: |level| level.word().to_owned();
    NaiveTime: |time| time.format("%H:%M:%S").to_string();
    chrono::NaiveDate: |day| super::time::day(*day);
}

impl Parameter for f64 {
    fn bind(&self, values: &mut Values) -> Sql {
        values.bind(*self, Type::FLOAT8)
    }

    fn bind_all(all: &[Self], values: &mut Values) -> Sql {
        values.bind(all.to_vec(), Type::FLOAT8_ARRAY)
    }
}

impl Compiler<'_> {
    pub(super) fn condition(&mut self, condition: &Condition) -> Sql {
        match condition {
            Condition::Text { field, test } => {
                let column = self.text(field);
                match test {
                    Textual::Whole(test) => self.choice(&column, test),
                    Textual::Part(how, part) => self.part(&column, *how, part.folded()),
                }
            }
            Condition::Phone { field, test } => {
                let column = self.phone(field);
                match test {
                    Textual::Whole(test) => self.choice(&column, test),
                    // Parts are digits, which begin after the plus.
                    Textual::Part(how, digits) => self.part(&sql!["ltrim(", column, ", '+')"], *how, digits),
                }
            }
            Condition::Code { field, test } => {
                let column = self.code(field);
                self.choice(&column, test)
            }
            Condition::ConversationStatus(test) => self.choice(&"c.conversation_status".into(), test),
            Condition::Status(test) => self.choice(&"c.status".into(), test),
            Condition::Activity(test) => {
                let column = self.activity();
                self.choice(&column, test)
            }
            Condition::Boolean { field, test } => truth(&self.boolean(field), *test),
            Condition::Number { key, test } => {
                let column = self.number(key);
                self.ordered(&column, test)
            }
            Condition::Time { key, test } => {
                let column = self.custom_text(key, " ->> 'time') collate \"C\"");
                self.ordered(&column, test)
            }
            Condition::Date { key, test } => self.date(key, test),
            Condition::Instant { field, test } => self.timed(field, test),
            Condition::Set { field, test } => self.set(field, test),
        }
    }

    pub(super) fn choice<V: Parameter>(&mut self, column: &Sql, test: &Choice<V>) -> Sql {
        let values = &mut self.values;
        match test {
            Choice::Eq(value) => sql!["(", column, " = ", value.bind(values), ")"],
            Choice::Ne(value) => sql!["(", column, " <> ", value.bind(values), ")"],
            Choice::In(all) => sql!["(", column, " = any(", V::bind_all(all, values), "))"],
            Choice::Nin(all) => sql!["(", column, " <> all(", V::bind_all(all, values), "))"],
            Choice::IsSet => sql!["(", column, " is not null)"],
            Choice::IsUnset => sql!["(", column, " is null)"],
        }
    }

    pub(super) fn ordered<V: Parameter>(&mut self, column: &Sql, test: &Ordered<V>) -> Sql {
        let values = &mut self.values;
        match test {
            Ordered::Choice(test) => self.choice(column, test),
            Ordered::Lt(value) => sql!["(", column, " < ", value.bind(values), ")"],
            Ordered::Le(value) => sql!["(", column, " <= ", value.bind(values), ")"],
            Ordered::Gt(value) => sql!["(", column, " > ", value.bind(values), ")"],
            Ordered::Ge(value) => sql!["(", column, " >= ", value.bind(values), ")"],
            Ordered::Between(from, to) => {
                sql!["(", column, " between ", from.bind(values), " and ", to.bind(values), ")"]
            }
        }
    }

    fn part(&mut self, column: &Sql, how: Part, part: &str) -> Sql {
        let part = escaped(part);
        let (like, pattern) = match how {
            Part::Contains => (" like ", format!("%{part}%")),
            Part::NotContains => (" not like ", format!("%{part}%")),
            Part::StartsWith => (" like ", format!("{part}%")),
            Part::EndsWith => (" like ", format!("%{part}")),
        };
        sql!["(", column, like, self.values.bind(pattern, Type::TEXT), ")"]
    }
}

/// A text as a pattern that is like that text alone.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn truth(column: &Sql, test: Truth) -> Sql {
    match test {
        Truth::IsTrue => column.into(),
        Truth::IsFalse => sql!["(not ", column, ")"],
        Truth::IsSet => sql!["(", column, " is not null)"],
        Truth::IsUnset => sql!["(", column, " is null)"],
    }
}
