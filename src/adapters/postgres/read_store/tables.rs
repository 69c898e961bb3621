//! Which tables a projection is made of.

use super::contacts::{LookupRow, StateRow};
use super::copying::Row;
use super::shown::{ChannelRow, ContactRow, MergeRow, TagRow};
use crate::ports::read_store::Projection;

/// A table of a projection.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Columns of its primary key with their types, if a fresh fold makes the same rows.
    pub(super) compared_by: &'static [(&'static str, &'static str)],
}

/// The table whose rows are sealed.
pub(super) const OWN_STATES: &str = StateRow::TABLE;

/// The tables whose rows belong to a contact each, and are copied.
pub(super) const OF_EACH_CONTACT: [&str; 6] =
    [OWN_STATES, LookupRow::TABLE, ContactRow::TABLE, TagRow::TABLE, ChannelRow::TABLE, MergeRow::TABLE];

const fn table(name: &'static str, compared_by: &'static [(&'static str, &'static str)]) -> Table {
    Table { name, compared_by }
}

const OF_CONTACT: &[(&str, &str)] = &[("workspace", "text"), ("contact_id", "uuid")];

const OF_DAY: &[(&str, &str)] = &[
    ("workspace", "text"),
    ("day", "date"),
    ("channel", "text"),
    ("direction", "text"),
    ("kind", "text"),
    ("sender", "text"),
];

const CONTACTS: &[Table] = &[
    table(OWN_STATES, &[("contact_id", "uuid")]),
    table(LookupRow::TABLE, &[("mark", "bytea"), ("contact_id", "uuid")]),
    table(ContactRow::TABLE, &[("contact_id", "uuid")]),
    table(TagRow::TABLE, &[("contact_id", "uuid"), ("key", "text")]),
    table(ChannelRow::TABLE, &[("contact_id", "uuid"), ("identity_id", "uuid")]),
    table(MergeRow::TABLE, &[("contact_id", "uuid"), ("merge_id", "uuid")]),
    table("custom_fields", &[("workspace", "text"), ("key", "text")]),
    // With the feed, whose time a fresh fold does not know.
    table("segments", &[]),
    table("segment_members", &[]),
    table("segment_feeds", &[]),
    table("segment_feed_entries", &[]),
];
const MAC: &[Table] = &[
    table("mac_heads", &[("workspace", "text")]),
    table("mac_interactions", &[("workspace", "text"), ("contact_id", "uuid"), ("position", "bigint")]),
    table("mac_edges", &[("workspace", "text"), ("secondary_id", "uuid")]),
    table("mac_blocks", OF_CONTACT),
    table("mac_statements", &[("workspace", "text"), ("cycle", "text")]),
    table("mac_members", &[("workspace", "text"), ("cycle", "text"), ("contact_id", "uuid")]),
    table("interactions_daily", OF_DAY),
];
const UNFINISHED: &[Table] =
    &[table("unfinished_merges", &[("merge_id", "uuid")]), table("unfinished_claims", &[("identity_id", "uuid")])];

/// The tables of a projection, in the order in which they are locked.
pub(super) fn of(projection: Projection) -> &'static [Table] {
    match projection {
        Projection::Contacts => CONTACTS,
        Projection::Mac => MAC,
        Projection::Unfinished => UNFINISHED,
    }
}
