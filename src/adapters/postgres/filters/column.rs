//! Where the value of each field is found in the table of contacts.

use std::sync::Arc;

use chrono::TimeDelta;
use dossier_domain::filter::{BooleanField, CodeField, InstantField, PhoneField, TextField};
use tokio_postgres::types::Type;

use super::Compiler;
use super::sql::{Sql, sql};
use super::time::{Line, timestamp};

/// The hour of the last interaction, which an index has.
pub(super) const LAST_HOUR: &str = "c.last_hour";

impl Compiler<'_> {
    /// What a custom value is to fields of a type; nothing, where the field is not in use. It is the very expression
    /// that the field is indexed by.
    fn custom(&mut self, key: &Arc<str>, reading: &'static str, if_unused: &'static str) -> Sql {
        if self.setting.fields.in_use(key).is_none() {
            return if_unused.into();
        }
        let values = &mut self.values;
        let bound = self.keys.entry(key.clone()).or_insert_with(|| values.bind(key.to_string(), Type::TEXT));
        sql!["(c.custom_compared -> ", &*bound, reading]
    }

    pub(super) fn custom_text(&mut self, key: &Arc<str>, reading: &'static str) -> Sql {
        self.custom(key, reading, "null::text")
    }

    /// Text, folded.
    pub(super) fn text(&mut self, field: &TextField) -> Sql {
        match field {
            TextField::FirstName => "c.first_name_folded".into(),
            TextField::LastName => "c.last_name_folded".into(),
            TextField::DisplayName => "c.display_name_folded".into(),
            TextField::Email => "c.email_folded".into(),
            TextField::Company => "c.company_folded".into(),
            TextField::Custom(key, _) => self.custom_text(key, " ->> 'folded') collate \"C\""),
        }
    }

    pub(super) fn phone(&mut self, field: &PhoneField) -> Sql {
        match field {
            PhoneField::Phone => "c.phone".into(),
            PhoneField::Custom(key) => self.custom_text(key, " ->> 'exact') collate \"C\""),
        }
    }

    pub(super) fn code(&mut self, field: &CodeField) -> Sql {
        match field {
            CodeField::Country => "c.country".into(),
            CodeField::Language => "c.language".into(),
            CodeField::Source => "c.source".into(),
            CodeField::LastChannel => "c.last_channel".into(),
            CodeField::Assignee => "c.assignee".into(),
            CodeField::Custom(key) => self.custom_text(key, " ->> 'exact') collate \"C\""),
        }
    }

    /// A code as tables sort it: folded. All but assignees and options are ASCII.
    pub(super) fn folded_code(&mut self, field: &CodeField) -> Sql {
        match field {
            CodeField::Assignee => "c.assignee_folded".into(),
            CodeField::Custom(key) => self.custom_text(key, " ->> 'folded') collate \"C\""),
            _ => sql!["lower(", self.code(field), " collate \"C\")"],
        }
    }

    pub(super) fn boolean(&mut self, field: &BooleanField) -> Sql {
        match field {
            BooleanField::Blocked => "(c.blocked_since is not null)".into(),
            BooleanField::HasAbsorbed => "(c.absorbed > 0)".into(),
            BooleanField::Custom(key) => self.custom(key, " -> 'boolean')::boolean", "null::boolean"),
        }
    }

    pub(super) fn number(&mut self, key: &Arc<str>) -> Sql {
        self.custom(key, " -> 'number')::float8", "null::float8")
    }

    /// The options of a custom list, sorted, each once; null where there are none.
    pub(super) fn options(&mut self, key: &Arc<str>) -> Sql {
        self.custom(key, " -> 'multi_list')", "null::jsonb")
    }

    pub(super) fn instant(&mut self, field: &InstantField) -> Line {
        let column = match field {
            InstantField::OpenedAt => "c.conversation_opened_at".into(),
            InstantField::CreatedAt => "c.created_at".into(),
            InstantField::FirstSeen => "c.first_seen".into(),
            InstantField::LastIn => "c.last_in".into(),
            InstantField::LastOut => "c.last_out".into(),
            InstantField::LastMessage => "greatest(c.last_in, c.last_out)".into(),
            InstantField::LastInteraction => return Line::Hourly("c.last_interaction".into(), LAST_HOUR),
            InstantField::Custom(key) => return Line::Text(self.custom_text(key, " ->> 'datetime') collate \"C\"")),
        };
        Line::Instant(column)
    }

    /// The word for how active a contact is, as of now.
    pub(super) fn activity(&mut self) -> Sql {
        let since = self.now - TimeDelta::days(self.setting.active_days.into());
        let since = self.values.bind(timestamp(since), Type::TIMESTAMPTZ);
        let active = sql!["when c.last_interaction > ", since, " then 'active'"];
        sql!["(case when c.blocked_since is not null then 'blocked' ", active, " else 'inactive' end)"]
    }
}
