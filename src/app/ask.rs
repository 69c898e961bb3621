//! What a caller may ask for: read, checked and normalised, but with references not yet resolved.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::command::ProfileValues;
use dossier_domain::event::{
    ClosingNote, Content, DeliveryStatus, FieldEdit, FieldNamed, InteractionKind, Sender, WorkspaceConfigured,
};
use dossier_domain::field::MergeChoices;
use dossier_domain::ids::{ContactId, MergeId, SegmentId};
use dossier_domain::meta::{Actor, Cause};
use dossier_domain::values::reference::Reference;
use dossier_domain::values::tag::Tag;
use dossier_domain::workspace::{NewField, SegmentChange};
use uuid::Uuid;

/// A command, with everything around it.
#[derive(Clone, Debug)]
pub struct Command {
    /// Who asks, how, and under which key.
    pub envelope: Envelope,
    /// What is asked.
    pub ask: Ask,
}

/// What surrounds every command.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The workspace.
    pub workspace: Arc<str>,
    /// The idempotency key, if any.
    pub key: Option<Key>,
    /// Who acts.
    pub actor: Actor,
    /// Why.
    pub cause: Cause,
    /// What it belongs to across systems; made up if absent.
    pub correlation_id: Option<Uuid>,
    /// The position that the contact's ETag must still be made of.
    pub if_match: Option<u64>,
    /// The time it is executed at.
    pub clock: Clock,
    /// The import or bulk run it belongs to.
    pub batch_id: Option<Uuid>,
}

/// An idempotency key.
#[derive(Clone, Debug)]
pub struct Key {
    /// As given, or derived from the input.
    pub text: Arc<str>,
    /// Canonical bytes of the command's name and body; of no meaning but to be compared.
    pub body: Arc<[u8]>,
}

/// The clock of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock.
    Now,
    /// A replayed time (rule 32).
    Replay(DateTime<Utc>),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Make a contact.
    Create(CreateContact),
    /// Edit, tag, comment on, assign, block: whatever needs the contact alone.
    Edit(Reference, Edit),
    /// Claim a channel identity for the contact.
    Claim(Reference, Handle),
    /// Give one up.
    Release(Reference, Handle),
    /// An interaction came in.
    Receive(Inbound),
    /// An interaction goes out.
    Send(Outbound),
    /// The channel reports on an outbound message.
    ReportStatus(StatusReported),
    /// Merge two contacts.
    Merge(Merge),
    /// Undo a merge.
    Unmerge(Unmerge),
    /// Erase a contact and all that is absorbed in it.
    Delete(Reference),
    /// Set all settings of the workspace.
    Configure(WorkspaceConfigured),
    /// Define a custom field.
    DefineField(NewField),
    /// Change the name, the options or the place of one.
    ChangeField(FieldEdit),
    /// Retire one.
    RetireField(FieldNamed),
    /// Define a segment. Its id derives from the command's key.
    DefineSegment {
        /// By which people name it.
        name: Arc<str>,
        /// A filter, not read yet.
        filter: serde_json::Value,
    },
    /// Change the name or the filter of one.
    ChangeSegment(SegmentChange),
    /// Remove one, by its id or its name.
    RemoveSegment(Arc<str>),
}

/// A channel and the handle there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    /// `[a-z0-9_-]{1,64}`
    pub channel: Arc<str>,
    /// 1-256 characters, compared exactly.
    pub external_id: Arc<str>,
}

/// A contact to make (rule 4: at least a name, an email, a phone or an identity).
#[derive(Clone, Debug, PartialEq)]
pub struct CreateContact {
    /// Its profile.
    pub values: ProfileValues,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its identities; all or none are claimed.
    pub channels: Vec<Handle>,
    /// What to do if it exists.
    pub if_exists: IfExists,
}

/// What creating does with a contact that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfExists {
    /// Only a taken identity is refused.
    Create,
    /// Any match by identity, email or phone is refused.
    Fail,
    /// The one match is edited.
    Update,
    /// The one match gets the values that it does not show.
    FillEmpty,
}

/// A change that needs the contact alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Sets or clears profile values.
    Profile(ProfileValues),
    /// Puts a tag on.
    AddTag(Tag),
    /// Takes a tag off.
    RemoveTag(Tag),
    /// Writes an internal comment.
    Comment(Arc<str>),
    /// Opens the conversation.
    Open,
    /// Closes it.
    Close(ClosingNote),
    /// Lets it sleep until a time that must lie in the future.
    Snooze(DateTime<Utc>),
    /// Gives it to somebody, or nobody.
    Assign(Option<Arc<str>>),
    /// Blocks, with a reason.
    Block(Option<Arc<str>>),
    /// Unblocks, with a reason.
    Unblock(Option<Arc<str>>),
}

/// An interaction that came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// By which identity.
    pub handle: Handle,
    /// The channel's id of it: 1-256 characters.
    pub message_id: Arc<str>,
    /// What it said.
    pub content: Option<Content>,
    /// What it was.
    pub kind: InteractionKind,
    /// The sender's profile, as the channel knows it.
    pub profile: ProfileValues,
    /// When; the command's time if absent.
    pub at: Option<DateTime<Utc>>,
}

/// An interaction that goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// To whom; a `channel:` reference that nobody holds makes the contact.
    pub contact: Reference,
    /// By which channel.
    pub channel: Arc<str>,
    /// To which handle; else the one of that channel last interacted with, else the first connected.
    pub external_id: Option<Arc<str>>,
    /// Our id of it; made up if absent.
    pub message_id: Option<Arc<str>>,
    /// What it says.
    pub content: Option<Content>,
    /// What it is.
    pub kind: InteractionKind,
    /// Who sends it.
    pub sender: Sender,
    /// When; the command's time if absent.
    pub at: Option<DateTime<Utc>>,
}

/// What a channel reports on an outbound message.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusReported {
    /// Whose message.
    pub contact: Reference,
    /// Which message.
    pub message_id: Arc<str>,
    /// What is reported.
    pub status: DeliveryStatus,
    /// More words.
    pub error: Option<Arc<str>>,
    /// When; the command's time if absent.
    pub at: Option<DateTime<Utc>>,
}

/// Two contacts to merge (rule 20).
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// Who stays.
    pub primary: Reference,
    /// Who is absorbed.
    pub secondary: Reference,
    /// What to do, field by field.
    pub choices: MergeChoices,
    /// The revisions at which the caller saw the two, if nothing may have changed since.
    pub expected: ExpectedRevisions,
}

/// The revisions at which a caller saw the two sides of a merge (rule 25).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectedRevisions {
    /// Of the primary.
    pub primary: Option<u64>,
    /// Of the secondary.
    pub secondary: Option<u64>,
}

/// A merge to undo.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmerge {
    /// Which.
    pub target: UnmergeTarget,
    /// The revisions at which the caller saw the two, if nothing may have changed since.
    pub expected: ExpectedRevisions,
}

/// A merge named either way (rule 23).
#[derive(Clone, Debug, PartialEq)]
pub enum UnmergeTarget {
    /// By its id.
    Merge(MergeId),
    /// By the absorbed contact, and any contact above it.
    Secondary {
        /// Above.
        primary: Reference,
        /// To be freed.
        secondary: Reference,
    },
}

/// How a command was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// 200, or 201 where something was made.
    pub status: u16,
    /// The contact concerned: the root that took the command.
    pub contact_id: Option<ContactId>,
    /// Its revision after it.
    pub revision: u64,
    /// Place in the log of the last event it made; where it made none, of the contact.
    pub position: u64,
    /// The contact's ETag is made of this.
    pub etag: u64,
    /// Place in the log of the last thing that the command did, to whichever contact; 0 where that is not known.
    pub beyond: u64,
    /// Whether this very call appended anything.
    pub appended: bool,
    /// Whether a contact was made.
    pub created: bool,
    /// Whether the message was delivered before.
    pub duplicate: bool,
    /// The message, where one was sent.
    pub message_id: Option<Arc<str>>,
    /// The merge made or undone.
    pub merge: Option<MergeAnswer>,
    /// The segment concerned.
    pub segment: Option<SegmentId>,
}

impl Answer {
    /// Reads that wait for this place in the log see everything that the command did.
    pub fn reach(&self) -> u64 {
        self.position.max(self.etag).max(self.beyond)
    }
}

/// What a merge or an unmerge concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeAnswer {
    /// Which merge.
    pub merge_id: MergeId,
    /// Who absorbs, or did.
    pub primary: ContactId,
    /// Who is absorbed, or was.
    pub secondary: ContactId,
    /// The root above the primary.
    pub root: ContactId,
}
