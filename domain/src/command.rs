//! What may be asked of a contact, already read, checked and normalised; the time, ids and actor are in the envelope.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::event::{ClosingNote, Content, DeliveryStatus, InteractionKind, Sender};
use crate::field::{Field, Origin, Value};
use crate::ids::{ContactId, IdentityId, Mark};

/// A change of content: it lands on the root of whatever contact was addressed (rule 21).
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Sets or clears profile values.
    EditProfile(ProfileValues),
    /// Puts a tag on.
    AddTag {
        /// Folded.
        key: Arc<str>,
        /// As first used in the workspace.
        name: Arc<str>,
    },
    /// Takes a tag off.
    RemoveTag {
        /// Folded.
        key: Arc<str>,
        /// As given, for the record of a tag that only a merge brought.
        name: Arc<str>,
    },
    /// Writes an internal comment.
    AddComment {
        /// 1-4,000 characters.
        text: Arc<str>,
    },
    /// Opens the conversation.
    OpenConversation,
    /// Closes it.
    CloseConversation(ClosingNote),
    /// Lets it sleep.
    SnoozeConversation {
        /// A time to come.
        until: DateTime<Utc>,
    },
    /// Opens a conversation whose snooze has passed; the process manager's.
    WakeConversation,
    /// Gives it to somebody, or nobody.
    Assign {
        /// Who.
        assignee: Option<Arc<str>>,
    },
    /// Blocks the contact.
    Block {
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// Ends a block.
    Unblock {
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// An interaction came in.
    Receive(Interaction, ProfileValues),
    /// An interaction goes out.
    Send(Interaction, Sender),
    /// The channel reports on an outbound message.
    ReportStatus(StatusReport),
}

/// Profile values to set (`Some`) or clear (`None`); no field twice.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileValues {
    /// By field.
    pub values: Vec<(Field, Option<Value>)>,
    /// Where they come from.
    pub origin: Origin,
}

/// An interaction, in or out.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// By which identity.
    pub identity: IdentityId,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle.
    pub external_id: Arc<str>,
    /// The contact that holds the identity: the root, or one absorbed in it.
    pub holder: ContactId,
    /// The channel's id of the message.
    pub message_id: Arc<str>,
    /// The same, keyed: how it is known again.
    pub message: Mark,
    /// What it was.
    pub kind: InteractionKind,
    /// What it said.
    pub content: Option<Content>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A report on an outbound message.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusReport {
    /// The message.
    pub message: Mark,
    /// The channel's id of it.
    pub message_id: Arc<str>,
    /// The contact in whose stream it stands.
    pub recorded_by: ContactId,
    /// What was reported.
    pub status: DeliveryStatus,
    /// When.
    pub at: DateTime<Utc>,
    /// More words.
    pub error: Option<Arc<str>>,
}
