//! The tables for analysts: what contacts show, in the clear. A contact that shows nothing any more, because it was erased
//! or absorbed, leaves no row.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use dossier_domain::compose::{Absorbed, Status, View};
use dossier_domain::field::{Field, Value};
use dossier_domain::fields::Definitions;
use dossier_domain::filter::{Setting, Subject, Word};
use dossier_domain::values::text::fold;
use dossier_projections::documents::Shown;
use serde::Serialize;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::Trouble;
use super::compared::{Compared, together};

/// Contacts written at once.
const AT_ONCE: usize = 1_000;

/// A table of which every row belongs to a contact.
struct Table {
    name: &'static str,
    key: &'static [&'static str],
    columns: &'static [&'static str],
}

const CONTACTS: Table = Table {
    name: "contacts",
    key: &["contact_id"],
    columns: &[
        "workspace",
        "display_name",
        "first_name",
        "last_name",
        "email",
        "phone",
        "country",
        "language",
        "company",
        "avatar_url",
        "custom",
        "custom_compared",
        "display_name_folded",
        "first_name_folded",
        "last_name_folded",
        "email_folded",
        "company_folded",
        "assignee_folded",
        "searched",
        "searched_digits",
        "other_emails",
        "other_phones",
        "source",
        "assignee",
        "status",
        "conversation_status",
        "conversation_opened_at",
        "conversation_closed_at",
        "snoozed_until",
        "blocked_since",
        "blocked_reason",
        "created_at",
        "first_seen",
        "last_in",
        "last_out",
        "last_interaction",
        "last_channel",
        "messages_in",
        "messages_out",
        "messages_suppressed",
        "comments",
        "absorbed",
        "revision",
        "position",
    ],
};
const TAGS: Table = Table { name: "contact_tags", key: &["contact_id", "key"], columns: &["workspace", "name"] };
const CHANNELS: Table = Table {
    name: "contact_channels",
    key: &["contact_id", "identity_id"],
    columns: &["workspace", "channel", "external_id", "holder_id", "connected_at", "last_in", "last_out"],
};
const MERGES: Table = Table {
    name: "merges",
    key: &["contact_id", "merge_id"],
    columns: &["workspace", "absorbed_id", "primary_id", "merged_at"],
};

pub(super) async fn write(batch: &Transaction<'_>, shown: &[Shown]) -> Result<(), Trouble> {
    for shown in shown.chunks(AT_ONCE) {
        let ids: Vec<Uuid> = shown.iter().map(|shown| shown.contact.0).collect();
        let views = || shown.iter().filter_map(|shown| shown.view.as_deref());
        put(batch, &CONTACTS, &ids, views().map(ContactRow::of).collect()).await?;
        put(batch, &TAGS, &ids, views().flat_map(tags).collect()).await?;
        put(batch, &CHANNELS, &ids, views().flat_map(channels).collect()).await?;
        put(batch, &MERGES, &ids, views().flat_map(merges).collect()).await?;
    }
    Ok(())
}

/// Makes these the rows of these contacts: what is as it was is not touched.
async fn put<T: Serialize + Sync + std::fmt::Debug>(
    batch: &Transaction<'_>,
    table: &Table,
    ids: &[Uuid],
    rows: Vec<T>,
) -> Result<(), Trouble> {
    let Table { name, key, columns } = table;
    let same = key.iter().map(|column| format!("new.{column} = old.{column}")).collect::<Vec<_>>().join(" and ");
    let remove = format!(
        "delete from {name} as old where contact_id = any($1)
         and not exists (select from jsonb_populate_recordset(null::{name}, $2) as new where {same})"
    );
    let of = |prefix: &str| columns.iter().map(|column| format!("{prefix}.{column}")).collect::<Vec<_>>().join(", ");
    let (names, new, old) = (columns.join(", "), of("excluded"), of("old"));
    let put = format!(
        "insert into {name} as old select * from jsonb_populate_recordset(null::{name}, $1)
         on conflict ({key}) do update set ({names}) = row ({new}) where ({old}) is distinct from ({new})",
        key = key.join(", ")
    );
    let rows = Json(rows);
    batch.execute(&batch.prepare_cached(&remove).await?, &[&ids, &rows]).await?;
    if !rows.0.is_empty() {
        batch.execute(&batch.prepare_cached(&put).await?, &[&rows]).await?;
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct ContactRow<'a> {
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
    custom: BTreeMap<&'a str, &'a Value>,
    custom_compared: BTreeMap<&'a str, Compared<'a>>,
    display_name_folded: String,
    first_name_folded: Option<String>,
    last_name_folded: Option<String>,
    email_folded: Option<String>,
    company_folded: Option<String>,
    assignee_folded: Option<String>,
    searched: Option<String>,
    searched_digits: Option<String>,
    other_emails: &'a [Arc<str>],
    other_phones: &'a [Arc<str>],
    source: Option<&'a str>,
    assignee: Option<&'a str>,
    status: &'static str,
    conversation_status: &'static str,
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
    messages_in: u64,
    messages_out: u64,
    messages_suppressed: u64,
    comments: u64,
    absorbed: usize,
    revision: u64,
    position: u64,
}

impl<'a> ContactRow<'a> {
    fn of(view: &'a View) -> Self {
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
            custom_compared: customs.iter().map(|(key, value)| (*key, Compared::of(value))).collect(),
            custom: customs,
            first_name_folded: folded(Field::FirstName),
            last_name_folded: folded(Field::LastName),
            email_folded: folded(Field::Email),
            company_folded: folded(Field::Company),
            assignee_folded: view.assignee.as_deref().map(fold),
            searched: together(seen.searched().iter().map(|text| fold(text))),
            searched_digits: together(seen.searched_phones().into_iter()),
            other_emails: &view.other_emails,
            other_phones: &view.other_phones,
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
            messages_in: view.counts.messages_in,
            messages_out: view.counts.messages_out,
            messages_suppressed: view.counts.suppressed,
            comments: view.counts.comments,
            absorbed: view.absorbed.len(),
            revision: view.revision,
            position: view.position,
        }
    }
}

#[derive(Debug, Serialize)]
struct TagRow<'a> {
    contact_id: Uuid,
    workspace: &'a str,
    key: &'a str,
    name: &'a str,
}

fn tags(view: &View) -> impl Iterator<Item = TagRow<'_>> {
    view.shown.tags.iter().map(|(key, name)| TagRow { contact_id: view.id.0, workspace: &view.workspace, key, name })
}

#[derive(Debug, Serialize)]
struct ChannelRow<'a> {
    contact_id: Uuid,
    identity_id: Uuid,
    workspace: &'a str,
    channel: &'a str,
    external_id: Option<&'a str>,
    holder_id: Uuid,
    connected_at: DateTime<Utc>,
    last_in: Option<DateTime<Utc>>,
    last_out: Option<DateTime<Utc>>,
}

fn channels(view: &View) -> impl Iterator<Item = ChannelRow<'_>> {
    view.identities.iter().map(|shown| ChannelRow {
        contact_id: view.id.0,
        identity_id: shown.identity.0,
        workspace: &view.workspace,
        channel: &shown.channel,
        external_id: shown.external_id.as_deref(),
        holder_id: shown.holder.0,
        connected_at: shown.connected_at,
        last_in: shown.last_in,
        last_out: shown.last_out,
    })
}

#[derive(Debug, Serialize)]
struct MergeRow<'a> {
    contact_id: Uuid,
    merge_id: Uuid,
    workspace: &'a str,
    absorbed_id: Uuid,
    primary_id: Uuid,
    merged_at: DateTime<Utc>,
}

fn merges(view: &View) -> impl Iterator<Item = MergeRow<'_>> {
    view.absorbed.iter().map(|Absorbed { contact, merge, merged_at, primary }| MergeRow {
        contact_id: view.id.0,
        merge_id: merge.0,
        workspace: &view.workspace,
        absorbed_id: contact.0,
        primary_id: primary.0,
        merged_at: *merged_at,
    })
}
