//! Interactions in and out, and what channels report on them.

use chrono::{DateTime, Utc};
use dossier_domain::command::ProfileValues;
use dossier_domain::event::{Content, DeliveryStatus, InteractionKind, Sender};
use dossier_domain::field::Origin;
use dossier_domain::problem::Place;
use dossier_domain::values::text::{TextRule, parse_text};

use super::json::Json;
use super::members::Members;
use super::{Dialect, Reader, contact, profile, text};
use crate::app::ask::{Ask, Inbound, Outbound, StatusReported};

const KINDS: [(&str, InteractionKind); 3] =
    [("message", InteractionKind::Message), ("reaction", InteractionKind::Reaction), ("call", InteractionKind::Call)];

const SENDERS: [(&str, Sender); 5] = [
    ("user", Sender::User),
    ("workflow", Sender::Workflow),
    ("api", Sender::Api),
    ("ai", Sender::Ai),
    ("broadcast", Sender::Broadcast),
];

const STATUSES: [(&str, DeliveryStatus); 4] = [
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("failed", DeliveryStatus::Failed),
];

/// `receive_message`
pub(super) fn receive(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let handle = contact::handle(reader, members);
    let message_id = members.required(reader, "message_id", text::external_id);
    let content = content(reader, members);
    let kind = kind(reader, members);
    let profile = members.optional(reader, "profile", sender_profile);
    let at = at(reader, members);
    Some(Ask::Receive(Inbound {
        handle: handle?,
        message_id: message_id?,
        content,
        kind,
        profile: profile.unwrap_or(ProfileValues { values: Vec::new(), origin: Origin::Channel }),
        at,
    }))
}

/// `send_message`
pub(super) fn send(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let channel = members.required(reader, "channel", text::channel);
    let external_id = members.optional(reader, "external_id", text::external_id);
    let message_id = members.optional(reader, "message_id", text::external_id);
    let content = content(reader, members);
    let kind = kind(reader, members);
    let sender = members.optional(reader, "sender", |reader, place, json| reader.named(place, &json, &SENDERS));
    let at = at(reader, members);
    Some(Ask::Send(Outbound {
        contact: contact?,
        channel: channel?,
        external_id,
        message_id,
        content,
        kind,
        sender: sender.unwrap_or(Sender::Api),
        at,
    }))
}

/// `update_message_status`
pub(super) fn report(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let message_id = members.required(reader, "message_id", text::external_id);
    let status = members.required(reader, "status", |reader, place, json| reader.named(place, &json, &STATUSES));
    let error = members.optional(reader, "error", text::free(TextRule::REASON));
    let at = at(reader, members);
    Some(Ask::ReportStatus(StatusReported { contact: contact?, message_id: message_id?, status: status?, error, at }))
}

fn at(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<DateTime<Utc>> {
    reader.at = members.optional(reader, "at", text::time);
    reader.at
}

fn kind(reader: &mut Reader<'_>, members: &mut Members<'_>) -> InteractionKind {
    let kind = members.optional(reader, "kind", |reader, place, json| reader.named(place, &json, &KINDS));
    kind.unwrap_or(InteractionKind::Message)
}

/// `content`, or on a line a plain `text`. The contract does not ask for one: a call has none, and a channel may bring
/// what we can't hold yet.
fn content(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Content> {
    if reader.dialect == Dialect::Line && members.has("text") && !members.has("content") {
        return members.optional(reader, "text", text_content);
    }
    members.optional(reader, "content", |reader, place, json| {
        let mut members = Members::of(reader, *place, json)?;
        members.required(reader, "type", |reader, place, json| reader.named(place, &json, &[("text", ())]));
        let content = members.required(reader, "text", text_content);
        members.finish(reader);
        content
    })
}

/// A text trimmed to nothing is no content.
fn text_content(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Content> {
    let text = reader.parsed(place, &json, |text| parse_text(text, TextRule::MESSAGE))?;
    text.map(|text| Content::Text { text })
}

/// What the channel knows of the sender.
fn sender_profile(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<ProfileValues> {
    let mut members = Members::of(reader, *place, json)?;
    let values = profile::given(reader, &mut members);
    members.finish(reader);
    Some(ProfileValues { values, origin: Origin::Channel })
}
