//! Segments, as they are shown, and their feeds.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, SegmentId};
use serde::Serialize;
use utoipa::ToSchema;

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SegmentBody {
    /// Which, for ever.
    #[schema(value_type = Uuid)]
    pub id: SegmentId,
    /// By which people name it.
    #[schema(value_type = String)]
    pub name: Arc<str>,
    /// Who is in it: with its zones written in, and other segments by their ids.
    #[schema(value_type = Object)]
    pub filter: serde_json::Value,
    /// How many are in it now.
    pub count: u64,
}

/// The segments of a workspace, by their names.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SegmentPage {
    /// The page.
    pub segments: Vec<SegmentBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Which way a contact went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrossingBody {
    /// Into the segment.
    Entered,
    /// Out of it.
    Left,
}

/// A contact entered a segment, or left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SegmentChangeBody {
    /// Who.
    #[schema(value_type = Uuid)]
    pub contact_id: ContactId,
    /// Which way.
    pub change: CrossingBody,
    /// When: where time alone did it, the very instant.
    pub at: DateTime<Utc>,
    /// The position in the log as of which it was found out.
    pub position: u64,
}

/// A part of the feed of a segment, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SegmentChangePage {
    /// The page.
    pub changes: Vec<SegmentChangeBody>,
    /// Where the feed goes on; also where there is nothing yet.
    pub next_cursor: String,
}
