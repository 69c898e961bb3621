//! What a query may ask for, read and checked.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::api::bodies::EntryKind;

/// The past moment at which a contact is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// By recording time.
    Time(DateTime<Utc>),
    /// By place in the log.
    Position(u64),
}

/// Which entries of a timeline or history are wanted, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineQuery {
    /// Of these kinds; all if empty.
    pub kinds: Vec<EntryKind>,
    /// Of this channel alone.
    pub channel: Option<Arc<str>>,
    /// Of this handle alone.
    pub external_id: Option<Arc<str>>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// At most so many, 1 to 1,000.
    pub limit: usize,
    /// The named contact's own stream, without resolving.
    pub own: bool,
}
