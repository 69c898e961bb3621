//! Monthly active contacts: cycles, statements, members (rules 27-31).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::bodies::EntryKind;

/// Whether a cycle may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CycleState {
    /// It runs.
    Open,
    /// It never changes again.
    Closed,
}

/// A billing cycle; closed, its statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CycleBody {
    /// Its name: the local date of its start.
    pub cycle: String,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant of the next.
    pub end: DateTime<Utc>,
    /// IANA name of the zone it was laid out in.
    pub time_zone: String,
    /// Whether it may still change.
    pub state: CycleState,
    /// How many contacts count.
    pub active: u64,
    /// Lower-case hex SHA-256 over the members' ids (rule 31); null while open.
    pub digest: Option<String>,
}

/// The interaction that made a contact count: the earliest in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InteractionBody {
    /// Of the event.
    pub id: Uuid,
    /// What sort of entry.
    pub kind: EntryKind,
    /// Stored name of the event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// In whose stream it stands.
    #[schema(value_type = Uuid)]
    pub contact_id: ContactId,
    /// Its place in the log.
    pub position: u64,
    /// Its channel.
    #[schema(value_type = String)]
    pub channel: Arc<str>,
}

/// A contact that counts, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberBody {
    /// The root at the cycle's close, or now.
    #[schema(value_type = Uuid)]
    pub contact_id: ContactId,
    /// What made it count.
    pub interaction: InteractionBody,
}

/// A page of the contacts that count in a cycle, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberPage {
    /// The page.
    pub contacts: Vec<MemberBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
