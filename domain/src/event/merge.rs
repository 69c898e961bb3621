//! Merges: the lock in the secondary's stream, the edge in the primary's, and how they end (merging.md).

use serde::{Deserialize, Serialize};

use crate::field::MergeChoices;
use crate::ids::{ContactId, MergeId};
use crate::personal::Personal;

/// In the secondary's stream: it is frozen for this merge, and holds all that anyone needs to finish it (P2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MergePrepared {
    /// Which merge.
    pub merge: MergeId,
    /// Into whom.
    pub primary: ContactId,
    /// By which default policy.
    pub policy: u16,
    /// The revision at which the caller saw the primary, if nothing may have changed there since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// On which terms.
    #[serde(skip)]
    pub personal: Personal<MergeTerms>,
}

/// The choices of a merge, sealed with the keys of both contacts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MergeTerms {
    /// By field; a field without one follows the policy.
    pub choices: MergeChoices,
}

/// In the primary's stream: the edge, and the truth of the merge (P1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactMerged {
    /// Which merge.
    pub merge: MergeId,
    /// Whom it absorbs.
    pub secondary: ContactId,
    /// By which default policy.
    pub policy: u16,
    /// On which terms.
    #[serde(skip)]
    pub personal: Personal<MergeTerms>,
}

/// Why a primary refused a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// It is blocked.
    Blocked,
    /// It is itself in a merge.
    NotLive,
    /// It is erased.
    Erased,
    /// It is not what the caller saw any more.
    Changed,
    /// Its idempotency key was used for something else in between.
    KeyReused,
}

/// In the primary's stream: this merge will never be (P1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MergeRefused {
    /// Which merge.
    pub merge: MergeId,
    /// Who asked to be absorbed.
    pub secondary: ContactId,
    /// Why.
    pub reason: RefusalReason,
}

/// In the primary's stream: the edge is taken out; the visible flip of an unmerge (P3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactUnmerged {
    /// Which merge.
    pub merge: MergeId,
    /// Who is free.
    pub secondary: ContactId,
}

/// How a merge ended for its secondary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MergeOutcome {
    /// Undone.
    Unmerged,
    /// Never made.
    Refused,
}

/// In the secondary's stream: its lock is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MergeEnded {
    /// Which merge.
    pub merge: MergeId,
    /// How.
    pub outcome: MergeOutcome,
}

/// In every stream above an unmerge: whoever read it before must read again (P3, Touch).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct TreeChanged {
    /// The merge taken out below.
    pub merge: MergeId,
}
