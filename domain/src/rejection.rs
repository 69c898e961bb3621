//! Why a command was refused by the rules. Data, not prose: whoever speaks to a user finds the words.

use std::sync::Arc;

use crate::ids::{ContactId, MergeId, SegmentId};

/// A refusal. Nothing was appended, and the idempotency key is not used up (rule 10).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No contact is found by the reference.
    #[error("no contact is found by this reference")]
    ContactNotFound,
    /// The contact is erased.
    #[error("the contact was erased")]
    ContactErased {
        /// Which.
        contact: ContactId,
    },
    /// A reference by email or phone that several live contacts answer to (rule 2).
    #[error("several contacts answer to this reference")]
    AmbiguousReference {
        /// Which.
        candidates: Vec<ContactId>,
    },
    /// Another contact holds the identity (rule 3).
    #[error("another contact holds this channel identity")]
    IdentityTaken {
        /// The live contact that shows it.
        by: ContactId,
    },
    /// A contact matches, and `if_exists` is `fail`.
    #[error("a contact with one of these values exists")]
    ContactExists {
        /// Which.
        contact: ContactId,
    },
    /// The contact is blocked (rule 16).
    #[error("the contact is blocked")]
    ContactBlocked {
        /// Which.
        contact: ContactId,
    },
    /// The conversation is neither open nor snoozed (rule 11).
    #[error("the conversation is not open")]
    NotOpen {
        /// Whose.
        contact: ContactId,
    },
    /// One of the two is blocked (rule 20).
    #[error("a blocked contact is not merged")]
    MergeBlockedContact {
        /// Which.
        contact: ContactId,
    },
    /// The primary's stream refused the merge after it was prepared (P1).
    #[error("the primary refused the merge")]
    MergeRefused {
        /// Which merge.
        merge: MergeId,
    },
    /// Primary and secondary are one contact.
    #[error("a contact is not merged with itself")]
    SameContact,
    /// One of the two is absorbed already (rule 20).
    #[error("the contact is absorbed in another")]
    NotLive {
        /// Which.
        contact: ContactId,
        /// Its root.
        merged_into: ContactId,
    },
    /// An absorbed contact is not deleted (rule 21).
    #[error("the contact is absorbed; delete its root, or unmerge it first")]
    ContactAbsorbed {
        /// Which.
        contact: ContactId,
        /// Its root.
        root: ContactId,
    },
    /// No such merge, or it was refused.
    #[error("no such merge")]
    MergeNotFound,
    /// The two are not merged.
    #[error("the contacts are not merged")]
    NotMerged {
        /// The one that would be freed.
        secondary: ContactId,
    },
    /// The merge was undone before.
    #[error("the merge was undone already")]
    AlreadyUnmerged {
        /// Which merge.
        merge: MergeId,
    },
    /// A message that a report speaks of is not known.
    #[error("the contact has no outbound message with this id")]
    MessageNotFound,
    /// The contact has no identity to send to.
    #[error("the contact has no identity on this channel")]
    NoIdentity,
    /// More than 500 tags (rule 8).
    #[error("a contact has at most 500 tags")]
    TooManyTags,
    /// `If-Match` or `expected` does not hold any more.
    #[error("the contact changed since")]
    RevisionConflict {
        /// Which.
        contact: ContactId,
        /// What it is at now.
        actual: u64,
    },
    /// No custom field in use has this key.
    #[error("{}", match retired {
        true => "the custom field was retired",
        false => "there is no custom field with this key",
    })]
    FieldNotFound {
        /// Whether there was one.
        retired: bool,
    },
    /// A custom field has this key already, and keeps it when it is retired.
    #[error("{}", match retired {
        true => "a retired custom field has this key; it stays taken, since values were stored under it",
        false => "a custom field has this key already",
    })]
    FieldExists {
        /// Which.
        key: Arc<str>,
        /// Whether it was retired.
        retired: bool,
    },
    /// More custom fields than a workspace may use.
    #[error("a workspace uses at most 500 custom fields; retire one first")]
    TooManyFields,
    /// `If-Match` does not hold of a custom field any more.
    #[error("the custom field changed since")]
    FieldConflict {
        /// What it is at now.
        actual: u64,
    },
    /// No segment has this id or name.
    #[error("there is no segment with this id or name")]
    SegmentNotFound,
    /// A segment has this name already (rule 40).
    #[error("a segment has this name already; upper and lower case are alike")]
    SegmentExists {
        /// Which.
        segment: SegmentId,
    },
    /// Other segments refer to it (rule 40).
    #[error("other segments refer to this one; change or remove them first")]
    SegmentInUse {
        /// Which.
        by: Vec<SegmentId>,
    },
    /// More segments than a workspace may have.
    #[error("a workspace has at most 1,000 segments; remove one first")]
    TooManySegments,
    /// `If-Match` does not hold of a segment any more.
    #[error("the segment changed since")]
    SegmentConflict {
        /// What it is at now.
        actual: u64,
    },
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another command")]
    KeyReused,
    /// A replayed time lies before the workspace's clock (rule 32).
    #[error("the time lies before the workspace's clock")]
    ClockBehind,
}
