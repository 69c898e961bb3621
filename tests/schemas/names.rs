//! The stored names: never renamed, never removed, never used for something else.

use std::collections::BTreeSet;

use dossier_domain::event::EVENT_TYPES;

/// What the first release wrote. Add the names of later releases; take none away.
const PINNED: &[&str] = &[
    "contact_created",
    "profile_edited",
    "tag_added",
    "tag_removed",
    "identity_connected",
    "identity_disconnected",
    "message_received",
    "message_suppressed",
    "message_sent",
    "message_status_changed",
    "comment_added",
    "conversation_opened",
    "conversation_closed",
    "conversation_snoozed",
    "contact_assigned",
    "contact_blocked",
    "contact_unblocked",
    "merge_prepared",
    "contact_merged",
    "merge_refused",
    "contact_unmerged",
    "merge_ended",
    "tree_changed",
    "contact_erased",
    "contact_abandoned",
    "identity_claimed",
    "identity_released",
    "workspace_configured",
    "cycle_closed",
    "field_defined",
    "field_changed",
    "field_retired",
    "segment_defined",
    "segment_changed",
    "segment_removed",
];

#[test]
fn every_name_ever_stored_is_still_known() {
    let known: BTreeSet<_> = EVENT_TYPES.iter().map(|(name, _)| *name).collect();
    let lost: Vec<_> = PINNED.iter().filter(|name| !known.contains(*name)).collect();
    assert!(lost.is_empty(), "these stand in logs for ever: {lost:?}");
}

#[test]
fn no_name_stands_for_two_events() {
    let known: BTreeSet<_> = EVENT_TYPES.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), EVENT_TYPES.len());
}
