//! A contact as it is shown, one row.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::{Status, View};
use dossier_domain::field::{Field, Value};
use dossier_domain::fields::Definitions;
use dossier_domain::filter::{Setting, Subject, Word};
use dossier_domain::values::text::fold;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::super::compared::{Compared, together};
use super::super::copying::row;

row! {
    /// What a contact shows.
    pub(in super::super) struct ContactRow<'a> of contacts by [contact_id] {
        contact_id: Uuid,
        workspace: &'a str,
        display_name: String,
        first_name: Option<&'a str>,
        last_name: Option<&'a str>,
        email: Option<&'a str>,
        phone: Option<&'a str>,
        country: Option<&'a str>,
        language: Option<&'a str>,
        company: Option<&'a str>,
        avatar_url: Option<&'a str>,
        custom: Json<BTreeMap<&'a str, &'a Value>>,
        custom_compared: Json<BTreeMap<&'a str, Compared<'a>>>,
        display_name_folded: String,
        first_name_folded: Option<String>,
        last_name_folded: Option<String>,
        email_folded: Option<String>,
        company_folded: Option<String>,
        assignee_folded: Option<String>,
        searched: Option<String>,
        searched_digits: Option<String>,
        other_emails: Vec<&'a str>,
        other_phones: Vec<&'a str>,
        source: Option<&'a str>,
        assignee: Option<&'a str>,
        status: &'a str,
        conversation_status: &'a str,
        conversation_opened_at: Option<DateTime<Utc>>,
        conversation_closed_at: Option<DateTime<Utc>>,
        snoozed_until: Option<DateTime<Utc>>,
        blocked_since: Option<DateTime<Utc>>,
        blocked_reason: Option<&'a str>,
        created_at: DateTime<Utc>,
        first_seen: DateTime<Utc>,
        last_in: Option<DateTime<Utc>>,
        last_out: Option<DateTime<Utc>>,
        last_interaction: Option<DateTime<Utc>>,
        last_channel: Option<&'a str>,
        messages_in: i64,
        messages_out: i64,
        messages_suppressed: i64,
        comments: i64,
        absorbed: i64,
        revision: i64,
        position: i64,
    }
}

impl<'a> ContactRow<'a> {
    pub(super) fn of(view: &'a View) -> Self {
        let text = |field: Field| view.text(&field).map(AsRef::as_ref);
        let customs = view.shown.fields.iter().filter_map(|(field, shown)| match field {
            Field::Custom(key) => Some((&**key, &shown.value)),
            _ => None,
        });
        let customs: BTreeMap<&str, &Value> = customs.collect();
        // What is searched of it but for custom fields, which are looked into by what they are in its workspace.
        let setting = Setting { fields: &Definitions::default(), active_days: 0 };
        let seen = Subject::new(view, setting, DateTime::UNIX_EPOCH);
        let folded = |field: Field| text(field).map(fold);
        let display_name = view.display_name();
        let (conversation, blocked) = (&view.conversation, view.blocked.as_ref());
        let last = view.last_interaction.as_ref();
        ContactRow {
            contact_id: view.id.0,
            workspace: &view.workspace,
            display_name_folded: fold(&display_name),
            display_name,
            first_name: text(Field::FirstName),
            last_name: text(Field::LastName),
            email: text(Field::Email),
            phone: text(Field::Phone),
            country: text(Field::Country).or(view.derived_country.as_deref()),
            language: text(Field::Language),
            company: text(Field::Company),
            avatar_url: text(Field::AvatarUrl),
            custom_compared: Json(customs.iter().map(|(key, value)| (*key, Compared::of(value))).collect()),
            custom: Json(customs),
            first_name_folded: folded(Field::FirstName),
            last_name_folded: folded(Field::LastName),
            email_folded: folded(Field::Email),
            company_folded: folded(Field::Company),
            assignee_folded: view.assignee.as_deref().map(fold),
            searched: together(seen.searched().iter().map(|text| fold(text))),
            searched_digits: together(seen.searched_phones().into_iter()),
            other_emails: texts(&view.other_emails),
            other_phones: texts(&view.other_phones),
            source: view.source.as_deref(),
            assignee: view.assignee.as_deref(),
            status: Status::of(conversation.status, blocked.is_some()).word(),
            conversation_status: conversation.status.word(),
            conversation_opened_at: conversation.opened_at,
            conversation_closed_at: conversation.closed_at,
            snoozed_until: conversation.snoozed_until,
            blocked_since: blocked.map(|block| block.since),
            blocked_reason: blocked.and_then(|block| block.reason.as_deref()),
            created_at: view.created_at,
            first_seen: view.first_seen,
            last_in: view.last_in,
            last_out: view.last_out,
            last_interaction: last.map(|(at, _)| *at),
            last_channel: last.map(|(_, channel)| &**channel),
            messages_in: view.counts.messages_in.cast_signed(),
            messages_out: view.counts.messages_out.cast_signed(),
            messages_suppressed: view.counts.suppressed.cast_signed(),
            comments: view.counts.comments.cast_signed(),
            absorbed: i64::try_from(view.absorbed.len()).unwrap_or(i64::MAX),
            revision: view.revision.cast_signed(),
            position: view.position.cast_signed(),
        }
    }
}

fn texts(of: &[Arc<str>]) -> Vec<&str> {
    of.iter().map(AsRef::as_ref).collect()
}
