//! What belongs to a contact as it is shown: its tags, its channel identities, and what is absorbed in it.

use chrono::{DateTime, Utc};
use dossier_domain::compose::{Absorbed, View};
use uuid::Uuid;

use super::super::copying::row;

row! {
    /// A tag of a contact.
    pub(in super::super) struct TagRow<'a> of contact_tags by [contact_id, key] {
        contact_id: Uuid,
        workspace: &'a str,
        key: &'a str,
        name: &'a str,
    }
}

row! {
    /// A channel identity of a contact.
    pub(in super::super) struct ChannelRow<'a> of contact_channels by [contact_id, identity_id] {
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
}

row! {
    /// A live merge, at any depth below a contact.
    pub(in super::super) struct MergeRow<'a> of merges by [contact_id, merge_id] {
        contact_id: Uuid,
        merge_id: Uuid,
        workspace: &'a str,
        absorbed_id: Uuid,
        primary_id: Uuid,
        merged_at: DateTime<Utc>,
    }
}

pub(super) fn tags(view: &View) -> impl Iterator<Item = TagRow<'_>> {
    view.shown.tags.iter().map(|(key, name)| TagRow { contact_id: view.id.0, workspace: &view.workspace, key, name })
}

pub(super) fn channels(view: &View) -> impl Iterator<Item = ChannelRow<'_>> {
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

pub(super) fn merges(view: &View) -> impl Iterator<Item = MergeRow<'_>> {
    view.absorbed.iter().map(|Absorbed { contact, merge, merged_at, primary }| MergeRow {
        contact_id: view.id.0,
        merge_id: merge.0,
        workspace: &view.workspace,
        absorbed_id: contact.0,
        primary_id: primary.0,
        merged_at: *merged_at,
    })
}
