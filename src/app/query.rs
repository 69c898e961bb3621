//! What a query may ask for, read and checked.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::filter::{Filter, Search, Sort};

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

/// Which contacts are searched for, and what of each is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    /// Those that match it; every live contact where it was left out.
    pub filter: Filter,
    /// And are found by it.
    pub search: Option<Search>,
    /// In this order.
    pub sort: Sort,
    /// What of each is wanted besides its id and its display name.
    pub columns: Vec<Column>,
    /// At most so many, 1 to 1,000.
    pub limit: usize,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Whether all of them are counted.
    pub count: bool,
    /// What counts as now; the time of the first page where it was left out.
    pub now: Option<DateTime<Utc>>,
}

/// A column of the contacts table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// A member of the contact.
    Member(&'static str),
    /// The value of a custom field, by its key.
    Custom(Arc<str>),
}

impl Column {
    /// Every member that may be a column.
    pub const MEMBERS: [&str; 33] = [
        "id",
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
        "also_known_as",
        "tags",
        "channels",
        "channels_total",
        "source",
        "assignee",
        "conversation",
        "status",
        "activity",
        "blocked",
        "blocked_reason",
        "created_at",
        "first_seen",
        "last_in",
        "last_out",
        "last_message",
        "last_interaction",
        "last_channel",
        "counts",
        "absorbed",
        "revision",
        "position",
    ];

    /// The columns of a table whose user chose none.
    pub fn usual() -> Vec<Column> {
        let usual = [
            "avatar_url",
            "channels",
            "channels_total",
            "email",
            "phone",
            "tags",
            "country",
            "language",
            "status",
            "assignee",
            "last_message",
            "created_at",
        ];
        usual.map(Column::Member).to_vec()
    }
}
