//! What happens to a contact alone: its life, its profile, its tags, what is noted on it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::field::FieldChange;
use crate::ids::ContactId;
use crate::personal::Personal;

/// A contact began to exist. Its values follow in the same append.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactCreated {}

/// Profile values were set or cleared, each with its origin (rule 7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ProfileEdited {
    /// The absorbed contact by whose identity the values came, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ContactId>,
    /// What was set.
    #[serde(skip)]
    pub personal: Personal<ProfileEdit>,
}

/// The values of a [`ProfileEdited`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ProfileEdit {
    /// One entry a field; no field twice.
    pub changes: Vec<FieldChange>,
}

/// A tag was put on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct TagAdded {
    /// Which.
    #[serde(skip)]
    pub personal: Personal<TagNamed>,
}

/// A tag was taken off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct TagRemoved {
    /// Which.
    #[serde(skip)]
    pub personal: Personal<TagNamed>,
}

/// A tag: the folded key by which it is one tag, and its spelling (rule 8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct TagNamed {
    /// Folded.
    pub key: Arc<str>,
    /// As first used in the workspace.
    pub name: Arc<str>,
}

/// An internal comment; no interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct CommentAdded {
    /// Its words.
    #[serde(skip)]
    pub personal: Personal<CommentText>,
}

/// The words of a comment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct CommentText {
    /// Up to 4,000 characters.
    pub text: Arc<str>,
}

/// The conversation has an assignee, or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactAssigned {
    /// Who.
    #[serde(skip)]
    pub personal: Personal<Assignment>,
}

/// An assignee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct Assignment {
    /// `None` takes it away.
    pub assignee: Option<Arc<str>>,
}

/// The contact is blocked from here on (rule 15).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactBlocked {
    /// Why.
    #[serde(skip)]
    pub personal: Personal<BlockNote>,
}

/// The contact is no longer blocked (rule 17).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactUnblocked {
    /// Why.
    #[serde(skip)]
    pub personal: Personal<BlockNote>,
}

/// The reason of a block or unblock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct BlockNote {
    /// In the words of whoever did it.
    pub reason: Option<Arc<str>>,
}

/// The contact is erased; its key is destroyed after this is durable (P7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactErased {
    /// The contact above whose erasure took this one along; `None` for the root itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<ContactId>,
}

/// A claim named a contact that never came to exist: it never will (P5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ContactAbandoned {}
