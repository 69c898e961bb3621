//! Events as entries: one form for the timeline, the history and the feed.
//!
//! What a caller sees of an event is written out here, member by member: it is a promise, and neither the stored shape
//! nor what only the protocols need (epochs, marks) is part of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::event::{Content, Event, MergeTerms};
use dossier_domain::field::FieldChange;
use dossier_domain::ids::{ContactId, MergeId, Stream};
use dossier_domain::personal::Personal;
use serde_json::{Value, json};

use crate::api::bodies::{ChoiceBody, EntryBody, EntryKind, ValueBody};
use crate::ports::Recorded;
use crate::sealing::Opened;

/// The entry of an event. `channel` and `external_id` are those that the event itself does not name, of the identity
/// that it is about.
pub(super) fn entry(recorded: &Recorded, opened: &Opened, handle: Option<Handle>) -> EntryBody {
    let Handle { channel, external_id } = handle_of(&opened.event).or(handle).unwrap_or_default();
    EntryBody {
        id: recorded.event.id,
        kind: kind_of(&opened.event),
        event_type: opened.event.name(),
        at: time_of(opened),
        recorded_at: opened.meta.recorded_at,
        contact_id: match &recorded.stream {
            Stream::Contact(contact) => Some(*contact),
            Stream::Identity(_) | Stream::Workspace(_) => None,
        },
        position: recorded.position,
        actor: opened.meta.actor.to_string(),
        cause: opened.meta.cause,
        channel,
        external_id,
        data: data_of(&opened.event),
    }
}

/// What sort of entry an event is.
pub(super) fn kind_of(event: &Event) -> EntryKind {
    match event {
        Event::MessageReceived(_) | Event::MessageSent(_) | Event::MessageSuppressed(_) => EntryKind::Message,
        Event::CommentAdded(_) => EntryKind::Comment,
        _ => EntryKind::Event,
    }
}

/// When it happened: interactions and reports on them say so themselves (rule 12).
pub(super) fn time_of(opened: &Opened) -> DateTime<Utc> {
    match &opened.event {
        Event::MessageReceived(event) => event.at,
        Event::MessageSent(event) => event.at,
        Event::MessageSuppressed(event) => event.at,
        Event::MessageStatusChanged(event) => event.at,
        _ => opened.meta.occurred_at,
    }
}

/// A channel and a handle there, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) channel: Option<Arc<str>>,
    pub(super) external_id: Option<Arc<str>>,
}

/// The handle that an event itself names.
pub(super) fn handle_of(event: &Event) -> Option<Handle> {
    let (channel, external_id) = match event {
        Event::MessageReceived(event) => (&event.channel, event.personal.open().map(|text| &text.external_id)),
        Event::MessageSent(event) => (&event.channel, event.personal.open().map(|text| &text.external_id)),
        Event::IdentityConnected(event) => (&event.channel, event.personal.open().map(|named| &named.external_id)),
        Event::IdentityClaimed(event) => (&event.channel, event.personal.open().map(|named| &named.external_id)),
        Event::MessageSuppressed(event) => (&event.channel, None),
        _ => return None,
    };
    Some(Handle { channel: Some(channel.clone()), external_id: external_id.cloned() })
}

/// The event's own words. Personal members are null where they were erased.
fn data_of(event: &Event) -> Value {
    match event {
        Event::ContactCreated(_)
        | Event::IdentityConnected(_)
        | Event::IdentityDisconnected(_)
        | Event::ConversationOpened(_)
        | Event::ContactAbandoned(_) => json!({}),
        Event::ProfileEdited(event) => json!({
            "changes": event.personal.open().map(|edit| edit.changes.iter().map(change).collect::<Vec<_>>()),
            "holder": event.holder,
        }),
        Event::TagAdded(event) => json!({"tag": event.personal.open().map(|tag| &tag.name)}),
        Event::TagRemoved(event) => json!({"tag": event.personal.open().map(|tag| &tag.name)}),
        Event::CommentAdded(event) => json!({"text": event.personal.open().map(|comment| &comment.text)}),
        Event::ConversationClosed(event) => json!({
            "category": event.personal.open().map(|note| &note.category),
            "summary": event.personal.open().map(|note| &note.summary),
        }),
        Event::ConversationSnoozed(event) => json!({"until": event.until}),
        Event::ContactAssigned(event) => json!({"assignee": event.personal.open().map(|given| &given.assignee)}),
        Event::ContactBlocked(event) => json!({"reason": event.personal.open().map(|note| &note.reason)}),
        Event::ContactUnblocked(event) => json!({"reason": event.personal.open().map(|note| &note.reason)}),
        Event::MessageReceived(_)
        | Event::MessageSent(_)
        | Event::MessageSuppressed(_)
        | Event::MessageStatusChanged(_) => message_data(event),
        Event::IdentityClaimed(event) => json!({"contact_id": event.contact}),
        Event::IdentityReleased(event) => json!({"contact_id": event.contact}),
        Event::WorkspaceConfigured(event) => json!({
            "time_zone": event.time_zone, "billing_anchor_day": event.billing_anchor_day,
            "default_region": event.default_region, "active_days": event.active_days,
        }),
        Event::CycleClosed(event) => json!({"cycle": event.cycle, "end": event.end}),
        Event::FieldDefined(_) | Event::FieldChanged(_) | Event::FieldRetired(_) => field_data(event),
        Event::SegmentDefined(event) => {
            let terms = event.personal.open();
            json!({
                "segment_id": event.segment, "name": terms.map(|terms| &terms.name),
                "filter": terms.map(|terms| &terms.filter),
            })
        }
        Event::SegmentChanged(event) => {
            let edit = event.personal.open();
            json!({
                "segment_id": event.segment, "name": edit.and_then(|edit| edit.name.as_ref()),
                "filter": edit.and_then(|edit| edit.filter.as_ref()),
            })
        }
        Event::SegmentRemoved(event) => json!({"segment_id": event.segment}),
        Event::ContactErased(event) => json!({"with": event.with}),
        Event::MergePrepared(_)
        | Event::ContactMerged(_)
        | Event::MergeRefused(_)
        | Event::ContactUnmerged(_)
        | Event::MergeEnded(_)
        | Event::TreeChanged(_) => merge_data(event),
    }
}

fn message_data(event: &Event) -> Value {
    match event {
        Event::MessageReceived(event) => {
            let text = event.personal.open();
            json!({
                "direction": "in", "kind": event.kind, "message_id": text.map(|text| &text.message_id),
                "content": text.and_then(|text| text.content.as_ref()).map(content), "holder": event.holder,
            })
        }
        Event::MessageSent(event) => {
            let text = event.personal.open();
            json!({
                "direction": "out", "kind": event.kind, "sender": event.sender,
                "message_id": text.map(|text| &text.message_id),
                "content": text.and_then(|text| text.content.as_ref()).map(content), "holder": event.holder,
            })
        }
        Event::MessageSuppressed(event) => json!({"direction": "in", "kind": event.kind}),
        Event::MessageStatusChanged(event) => {
            let note = event.personal.open();
            json!({
                "status": event.status, "message_id": note.map(|note| &note.message_id),
                "error": note.and_then(|note| note.error.as_ref()), "recorded_by": event.recorded_by,
            })
        }
        _ => json!({}),
    }
}

fn field_data(event: &Event) -> Value {
    match event {
        Event::FieldDefined(event) => {
            let terms = event.personal.open();
            json!({
                "key": terms.map(|terms| &terms.key), "type": event.kind, "name": terms.map(|terms| &terms.name),
                "options": terms.map(|terms| &terms.options), "order": terms.map(|terms| terms.order),
            })
        }
        Event::FieldChanged(event) => {
            let edit = event.personal.open();
            json!({
                "key": edit.map(|edit| &edit.key), "name": edit.and_then(|edit| edit.name.as_ref()),
                "options": edit.and_then(|edit| edit.options.as_ref()), "order": edit.and_then(|edit| edit.order),
            })
        }
        Event::FieldRetired(event) => json!({"key": event.personal.open().map(|named| &named.key)}),
        _ => json!({}),
    }
}

fn content(content: &Content) -> Value {
    match content {
        Content::Text { text } => json!({"type": "text", "text": text}),
    }
}

fn merge_data(event: &Event) -> Value {
    let made = |merge: MergeId, role: &str, contact: ContactId, policy: u16, terms: &Personal<MergeTerms>| json!({"merge_id": merge, role: contact, "policy": policy, "choices": choices(terms)});
    match event {
        Event::MergePrepared(event) => made(event.merge, "primary", event.primary, event.policy, &event.personal),
        Event::ContactMerged(event) => made(event.merge, "secondary", event.secondary, event.policy, &event.personal),
        Event::MergeRefused(event) => {
            json!({"merge_id": event.merge, "secondary": event.secondary, "reason": event.reason})
        }
        Event::ContactUnmerged(event) => json!({"merge_id": event.merge, "secondary": event.secondary}),
        Event::MergeEnded(event) => json!({"merge_id": event.merge, "outcome": event.outcome}),
        Event::TreeChanged(event) => json!({"merge_id": event.merge}),
        _ => json!({}),
    }
}

fn choices(terms: &Personal<MergeTerms>) -> Value {
    let Some(terms) = terms.open() else { return Value::Null };
    let each = terms.choices.iter().map(|(field, choice)| (field.to_string(), json!(ChoiceBody::from(choice))));
    Value::Object(each.collect())
}

fn change(change: &FieldChange) -> Value {
    let value = change.value.as_ref().map(ValueBody::from);
    json!({"field": change.field, "value": value, "origin": change.origin})
}
