//! Entries of the timeline, the history and the feed of events: one form for all three.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use dossier_domain::meta::Cause;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What sort of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A message, a reaction or a call.
    Message,
    /// A comment.
    Comment,
    /// Anything else.
    Event,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [EntryKind; 3] = [EntryKind::Message, EntryKind::Comment, EntryKind::Event];

    /// Its name, as callers write it.
    pub fn name(self) -> &'static str {
        match self {
            EntryKind::Message => "message",
            EntryKind::Comment => "comment",
            EntryKind::Event => "event",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One event, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EntryBody {
    /// Of the event.
    pub id: Uuid,
    /// What sort of entry.
    pub kind: EntryKind,
    /// Stored name of the event.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// In whose stream it stands; null for events of the workspace and of identities.
    #[schema(value_type = Option<Uuid>)]
    pub contact_id: Option<ContactId>,
    /// Its place in the log.
    pub position: u64,
    /// `<kind>:<id>`; the kind alone where the id was erased.
    pub actor: String,
    /// Why it came to be.
    #[schema(value_type = String)]
    pub cause: Cause,
    /// Of an interaction or identity.
    #[schema(value_type = Option<String>)]
    pub channel: Option<Arc<str>>,
    /// Its handle there; null where it was erased.
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Arc<str>>,
    /// The event's own words; personal members are null where they were erased.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

/// A page of the timeline or the history, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EntryPage {
    /// The page.
    pub entries: Vec<EntryBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// A stretch of the feed of events, oldest first. Not a body: it is sent event by event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events of the wanted types.
    pub entries: Vec<EntryBody>,
    /// The position up to which the log was read, events of other types included.
    pub reached: u64,
}
