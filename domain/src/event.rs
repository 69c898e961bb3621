//! Every fact that Dossier stores, with its pinned name and version.
//!
//! An event has a public part, readable for ever (ids, types, times, channel names), and at most one personal part,
//! sealed with the keys of the contacts it speaks of. Only today's shapes live here; older ones are known to the
//! upcaster alone, through which everything stored is read.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::field::{FieldChange, MergeChoices};
use crate::ids::{ContactId, IdentityId, Mark, MergeId};
use crate::personal::Personal;

mod frequent;

/// Writes the closed enum of events and the one place that knows their stored names and versions.
macro_rules! events {
    ($( $(#[$doc:meta])* $name:literal $version:literal $variant:ident $(sealing $personal:ty)? ),+ $(,)?) => {
        /// A fact, in its stream for ever.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each variant's struct carries the words")]
        pub enum Event {
            $( $variant($variant), )+
        }

        /// Stored name and present version of every event type.
        pub const EVENT_TYPES: &[(&str, u16)] = &[$( ($name, $version) ),+];

        impl Event {
            /// The stored name: written out, pinned, never reused.
            pub fn name(&self) -> &'static str {
                match self { $( Event::$variant(_) => $name, )+ }
            }

            /// The version of the stored shape.
            pub fn version(&self) -> u16 {
                match self { $( Event::$variant(_) => $version, )+ }
            }

            /// The part that anyone may read, as a JSON object.
            ///
            /// # Errors
            /// Never for the types in this file: none has a map with keys that are not text.
            pub fn public_json(&self) -> Result<Vec<u8>, serde_json::Error> {
                serde_json::to_vec(&self.public())
            }

            /// The part to be sealed, as JSON; `None` where there is none or it is erased.
            ///
            /// # Errors
            /// As [`Event::public_json`].
            pub fn personal_json(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
                self.personal().as_ref().map(serde_json::to_vec).transpose()
            }

            /// The part that anyone may read, to be written where it belongs.
            pub fn public(&self) -> Public<'_> {
                Public(self)
            }

            /// The part to be sealed, to be written where it belongs; `None` where there is none or it is erased.
            pub fn personal(&self) -> Option<Sealable<'_>> {
                let is_there = match self { $( Event::$variant(_event) => events!(@is_there _event $($personal)?), )+ };
                is_there.then_some(Sealable(self))
            }

            /// Forgets the personal part: one of the keys it was sealed with belongs to an erased contact.
            pub fn erase(&mut self) {
                match self { $( Event::$variant(_event) => { events!(@erase _event $($personal)?); } )+ }
            }

            /// Reads an event of its present version. `personal` is `None` where it was erased or there is none.
            ///
            /// # Errors
            /// A name nobody knows, or a shape that is not that event's.
            pub fn read(name: &str, public: &[u8], personal: Option<&[u8]>) -> Result<Event, ReadError> {
                if let Some(event) = frequent::read(name, public, personal) {
                    return Ok(event);
                }
                match name {
                    $( $name => {
                        #[allow(unused_mut, reason = "only sealed events are completed")]
                        let mut event: $variant = serde_json::from_slice(public)?;
                        events!(@read event personal $($personal)?);
                        Ok(Event::$variant(event))
                    } )+
                    _ => Err(ReadError::UnknownType),
                }
            }
        }

        impl Serialize for Public<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 { $( Event::$variant(event) => event.serialize(serializer), )+ }
            }
        }

        impl Serialize for Sealable<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 { $( Event::$variant(_event) => events!(@write _event serializer $($personal)?), )+ }
            }
        }

        /// The shape of every event type's stored parts, as JSON Schemas.
        #[cfg(feature = "schemas")]
        pub fn event_schemas() -> Vec<crate::schemas::EventSchema> {
            vec![$( crate::schemas::EventSchema {
                name: $name,
                version: $version,
                public: crate::schemas::of::<$variant>(),
                personal: events!(@schema $($personal)?),
            } ),+]
        }

        $( impl From<$variant> for Event {
            fn from(event: $variant) -> Self {
                Event::$variant(event)
            }
        } )+
    };
    (@is_there $event:ident) => { false };
    (@is_there $event:ident $personal:ty) => { $event.personal.open().is_some() };
    (@write $event:ident $serializer:ident) => { $serializer.serialize_none() };
    (@write $event:ident $serializer:ident $personal:ty) => { $event.personal.open().serialize($serializer) };
    (@schema) => { None };
    (@schema $personal:ty) => { Some(crate::schemas::of::<$personal>()) };
    (@erase $event:ident) => {};
    (@erase $event:ident $personal:ty) => { $event.personal = Personal::Erased };
    (@read $event:ident $bytes:ident) => { let _ = $bytes; };
    (@read $event:ident $bytes:ident $personal:ty) => {
        if let Some(bytes) = $bytes {
            $event.personal = Personal::Open(serde_json::from_slice::<$personal>(bytes)?);
        }
    };
}

events! {
    "contact_created" 1 ContactCreated,
    "profile_edited" 1 ProfileEdited sealing ProfileEdit,
    "tag_added" 1 TagAdded sealing TagNamed,
    "tag_removed" 1 TagRemoved sealing TagNamed,
    "identity_connected" 1 IdentityConnected sealing IdentityNamed,
    "identity_disconnected" 1 IdentityDisconnected,
    "message_received" 1 MessageReceived sealing MessageText,
    "message_suppressed" 1 MessageSuppressed,
    "message_sent" 1 MessageSent sealing MessageText,
    "message_status_changed" 1 MessageStatusChanged sealing StatusNote,
    "comment_added" 1 CommentAdded sealing CommentText,
    "conversation_opened" 1 ConversationOpened,
    "conversation_closed" 1 ConversationClosed sealing ClosingNote,
    "conversation_snoozed" 1 ConversationSnoozed,
    "contact_assigned" 1 ContactAssigned sealing Assignment,
    "contact_blocked" 1 ContactBlocked sealing BlockNote,
    "contact_unblocked" 1 ContactUnblocked sealing BlockNote,
    "merge_prepared" 1 MergePrepared sealing MergeTerms,
    "contact_merged" 1 ContactMerged sealing MergeTerms,
    "merge_refused" 1 MergeRefused,
    "contact_unmerged" 1 ContactUnmerged,
    "merge_ended" 1 MergeEnded,
    "tree_changed" 1 TreeChanged,
    "contact_erased" 1 ContactErased,
    "contact_abandoned" 1 ContactAbandoned,
    "identity_claimed" 1 IdentityClaimed sealing IdentityNamed,
    "identity_released" 1 IdentityReleased,
    "workspace_configured" 1 WorkspaceConfigured,
    "cycle_closed" 1 CycleClosed,
}

/// The part of an event that anyone may read.
#[derive(Clone, Copy, Debug)]
pub struct Public<'a>(&'a Event);

/// The part of an event that is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Sealable<'a>(&'a Event);

/// Why stored bytes are no event.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A newer or foreign program wrote it.
    #[error("the event type is unknown to this version")]
    UnknownType,
    /// The bytes do not have the shape that the type promises.
    #[error("the stored shape does not fit its type")]
    Shape(#[from] serde_json::Error),
}

impl Event {
    /// A message, reaction or call, in or out, suppressed ones included.
    pub fn is_interaction(&self) -> bool {
        matches!(self, Event::MessageReceived(_) | Event::MessageSuppressed(_) | Event::MessageSent(_))
    }

    /// The contact, besides the one whose stream it stands in, whose key is needed to open it (merging.md, Sealing).
    /// What stands in an identity's stream is sealed with this one's key alone.
    pub fn also_sealed_for(&self) -> Option<ContactId> {
        match self {
            Event::ProfileEdited(event) => event.holder,
            Event::MessageReceived(event) => event.holder,
            Event::MessageSent(event) => event.holder,
            Event::MergePrepared(event) => Some(event.primary),
            Event::ContactMerged(event) => Some(event.secondary),
            Event::IdentityClaimed(event) => Some(event.contact),
            _ => None,
        }
    }
}

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

/// The contact holds a channel identity, by the claim that stands at `epoch` in the identity's stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityConnected {
    /// The identity.
    pub identity: IdentityId,
    /// Revision of the claim in the identity's stream.
    pub epoch: u64,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle.
    #[serde(skip)]
    pub personal: Personal<IdentityNamed>,
}

/// The handle of a channel identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityNamed {
    /// 1-256 characters, compared exactly.
    pub external_id: Arc<str>,
}

/// The contact gave up a channel identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityDisconnected {
    /// The identity.
    pub identity: IdentityId,
    /// Of the claim that ends.
    pub epoch: u64,
}

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

/// The conversation opened, or opened again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ConversationOpened {}

/// The conversation closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ConversationClosed {
    /// How it ended.
    #[serde(skip)]
    pub personal: Personal<ClosingNote>,
}

/// How a conversation ended (rule 11).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ClosingNote {
    /// Up to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Arc<str>>,
    /// Up to 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Arc<str>>,
}

/// The conversation sleeps until a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ConversationSnoozed {
    /// When it opens by itself.
    pub until: DateTime<Utc>,
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

/// In the identity's stream: it is the contact's. The revision is the epoch of the claim. It holds all that anyone
/// needs to connect it, sealed with the contact's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityClaimed {
    /// Whose.
    pub contact: ContactId,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle.
    #[serde(skip)]
    pub personal: Personal<IdentityNamed>,
}

/// In the identity's stream: it is nobody's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityReleased {
    /// Whose it was.
    pub contact: ContactId,
    /// Of the claim that ended.
    pub epoch: u64,
}

/// The settings of a workspace, all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct WorkspaceConfigured {
    /// IANA name.
    pub time_zone: Arc<str>,
    /// 1-31 (rule 28).
    pub billing_anchor_day: u8,
    /// ISO 3166 alpha-2, for phone numbers without a country code.
    pub default_region: Option<Arc<str>>,
    /// Days (rule 12).
    pub active_days: u16,
}

/// Nothing else happened, and a billing cycle passed its end (rule 27).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct CycleClosed {
    /// The local date of its start.
    pub cycle: Arc<str>,
    /// Its end, the first instant of the next.
    pub end: DateTime<Utc>,
}
