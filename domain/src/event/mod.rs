//! Every fact that Dossier stores, with its pinned name and version.
//!
//! An event has a public part, readable for ever (ids, types, times, channel names), and at most one personal part,
//! sealed with the keys of the contacts it speaks of. Only today's shapes live here, in one file a subject;
//! older ones are known to the upcaster alone, through which everything stored is read.

use serde::{Serialize, Serializer};

use crate::ids::ContactId;
use crate::personal::Personal;

mod contact;
mod conversation;
mod frequent;
mod identity;
mod interaction;
mod merge;
mod workspace;

pub use contact::{
    Assignment, BlockNote, CommentAdded, CommentText, ContactAbandoned, ContactAssigned, ContactBlocked,
    ContactCreated, ContactErased, ContactUnblocked, ProfileEdit, ProfileEdited, TagAdded, TagNamed, TagRemoved,
};
pub use conversation::{ClosingNote, ConversationClosed, ConversationOpened, ConversationSnoozed};
pub use identity::{IdentityClaimed, IdentityConnected, IdentityDisconnected, IdentityNamed, IdentityReleased};
pub use interaction::{
    Content, DeliveryStatus, InteractionKind, MessageReceived, MessageSent, MessageStatusChanged, MessageSuppressed,
    MessageText, Sender, StatusNote,
};
pub use merge::{
    ContactMerged, ContactUnmerged, MergeEnded, MergeOutcome, MergePrepared, MergeRefused, MergeTerms, RefusalReason,
    TreeChanged,
};
pub use workspace::{
    CycleClosed, FieldChanged, FieldDefined, FieldEdit, FieldNamed, FieldRetired, FieldTerms, SegmentChanged,
    SegmentDefined, SegmentEdit, SegmentRemoved, SegmentTerms, WorkspaceConfigured,
};

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
    "field_defined" 1 FieldDefined sealing FieldTerms,
    "field_changed" 1 FieldChanged sealing FieldEdit,
    "field_retired" 1 FieldRetired sealing FieldNamed,
    "segment_defined" 1 SegmentDefined sealing SegmentTerms,
    "segment_changed" 1 SegmentChanged sealing SegmentEdit,
    "segment_removed" 1 SegmentRemoved,
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
