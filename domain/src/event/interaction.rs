//! Messages, reactions and calls, and what channels report on them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{ContactId, IdentityId, Mark};
use crate::personal::Personal;

/// What kind of interaction (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InteractionKind {
    /// A message.
    Message,
    /// A reaction to one; opens nothing.
    Reaction,
    /// A call.
    Call,
}

/// Who sent an outbound interaction (rules 11, 29).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A person of the team.
    User,
    /// A workflow.
    Workflow,
    /// A program.
    Api,
    /// An assistant.
    Ai,
    /// A broadcast: opens nothing, is not billed.
    Broadcast,
}

/// An interaction came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MessageReceived {
    /// By which identity.
    pub identity: IdentityId,
    /// Its channel.
    pub channel: Arc<str>,
    /// When it happened, by the sender's account.
    pub at: DateTime<Utc>,
    /// What it was.
    pub kind: InteractionKind,
    /// The absorbed contact that holds the identity, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ContactId>,
    /// What it said.
    #[serde(skip)]
    pub personal: Personal<MessageText>,
}

/// What a message said, and the outside names of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MessageText {
    /// The handle of the identity.
    pub external_id: Arc<str>,
    /// The channel's id of the message.
    pub message_id: Arc<str>,
    /// `{"type": "text", "text": ...}`; other types may come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text, up to 64 KiB.
    Text {
        /// The text.
        text: Arc<str>,
    },
}

/// [`Content`] as it is read: serde would copy a value with a tag in it before it looks at the tag, and a replay reads
/// every message.
#[derive(Deserialize)]
struct StoredContent {
    #[serde(rename = "type")]
    kind: ContentKind,
    text: Arc<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ContentKind {
    Text,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredContent { kind, text } = StoredContent::deserialize(deserializer)?;
        Ok(match kind {
            ContentKind::Text => Content::Text { text },
        })
    }
}

/// An interaction came in while the contact was blocked: known, counted, never shown (rule 16).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MessageSuppressed {
    /// By which identity.
    pub identity: IdentityId,
    /// Its channel.
    pub channel: Arc<str>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it was.
    pub kind: InteractionKind,
}

/// An interaction went out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MessageSent {
    /// To which identity.
    pub identity: IdentityId,
    /// Its channel.
    pub channel: Arc<str>,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// What it was.
    pub kind: InteractionKind,
    /// Who sent it.
    pub sender: Sender,
    /// The keyed name by which a later status speaks of it.
    pub message: Mark,
    /// The absorbed contact that holds the identity, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ContactId>,
    /// What it said.
    #[serde(skip)]
    pub personal: Personal<MessageText>,
}

/// What the channel reports of an outbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Left us.
    Sent,
    /// Arrived.
    Delivered,
    /// Was read.
    Read,
    /// Did not arrive; not billed if its cycle is open (rule 29).
    Failed,
}

/// The channel reported on an outbound message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct MessageStatusChanged {
    /// The message, by its keyed name.
    pub message: Mark,
    /// The contact in whose stream the message stands.
    pub recorded_by: ContactId,
    /// What was reported.
    pub status: DeliveryStatus,
    /// When.
    pub at: DateTime<Utc>,
    /// More words.
    #[serde(skip)]
    pub personal: Personal<StatusNote>,
}

/// The outside names and words of a status report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct StatusNote {
    /// The channel's id of the message.
    pub message_id: Arc<str>,
    /// The channel's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
}
