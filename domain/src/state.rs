//! The own state of one contact: what folds from its own stream, and from nothing else (merging.md).
//!
//! No rule lives here: a history always folds, whatever today's rules would say of it. What serialises here does so for
//! [`packed`] alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::MergeTerms;
use crate::field::{Field, Origin, Value};
use crate::ids::{ContactId, IdentityId, MergeId};
use crate::meta::Meta;
use crate::personal::Personal;

pub mod evolve;
pub mod packed;

pub use evolve::{Fact, evolve};

/// Where a contact is in its life, by its own stream. Absorbed is not here: only the primary's edge says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Life {
    /// Its stream has no event.
    #[default]
    Absent,
    /// It exists.
    Live,
    /// A claim named it, and it will never exist.
    Abandoned,
    /// It was erased.
    Erased,
}

/// One own edit of a field. Absent before the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The field.
    #[serde(with = "packed::field")]
    pub field: Field,
    /// Its value since; `None` where it was cleared.
    #[serde(with = "packed::value")]
    pub value: Option<Value>,
    /// Where the value came from.
    pub origin: Origin,
    /// Revision of the event.
    pub revision: u64,
    /// The absorbed contact by whose identity it came, if any.
    pub holder: Option<ContactId>,
}

/// The last own word on a tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnTag {
    /// Its spelling.
    pub name: Arc<str>,
    /// Put on, or taken off.
    pub present: bool,
    /// Revision of that word.
    pub revision: u64,
}

/// A channel identity that the contact holds or held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnIdentity {
    /// Which.
    pub identity: IdentityId,
    /// Revision of the claim in the identity's stream.
    pub epoch: u64,
    /// Held now.
    pub connected: bool,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle.
    pub external_id: Personal<Arc<str>>,
    /// Since when.
    #[serde(with = "packed::instant")]
    pub connected_at: DateTime<Utc>,
}

/// The newest of something: by its time, ties by position (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Latest {
    /// When it happened.
    #[serde(with = "packed::instant")]
    pub at: DateTime<Utc>,
    /// Where it stands in the log.
    pub position: u64,
}

/// What this stream knows of the traffic of one identity, whoever holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The identity.
    pub identity: IdentityId,
    /// Its channel.
    pub channel: Arc<str>,
    /// Last message in.
    #[serde(with = "packed::instant_or_none")]
    pub last_in: Option<DateTime<Utc>>,
    /// Last message out.
    #[serde(with = "packed::instant_or_none")]
    pub last_out: Option<DateTime<Utc>>,
    /// Last interaction of any kind.
    pub last: Latest,
}

/// An edge to a contact absorbed here, live or taken out again; kept for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Where the merge stands in this stream.
    pub revision: u64,
    /// Which merge.
    pub merge: MergeId,
    /// Who was absorbed.
    pub secondary: ContactId,
    /// The default policy it was made under.
    pub policy: u16,
    /// Its choices.
    #[serde(with = "packed::json")]
    pub terms: Personal<MergeTerms>,
    /// When it was made.
    #[serde(with = "packed::instant")]
    pub merged_at: DateTime<Utc>,
    /// When and where in the log it was taken out.
    pub removed: Option<Latest>,
}

impl Edge {
    /// Whether it counts.
    pub fn is_live(&self) -> bool {
        self.removed.is_none()
    }
}

/// A merge that was prepared here: the contact is frozen until it is over (P2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// Which merge.
    pub merge: MergeId,
    /// Into whom.
    pub primary: ContactId,
    /// The default policy.
    pub policy: u16,
    /// The revision at which the caller saw the primary, if nothing may have changed there since.
    pub expected: Option<u64>,
    /// The choices.
    #[serde(with = "packed::json")]
    pub terms: Personal<MergeTerms>,
    /// Who asked, why, with which key: for whoever finishes it.
    #[serde(with = "packed::json")]
    pub meta: Arc<Meta>,
}

/// Status of the conversation (rule 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationStatus {
    /// Never had one.
    #[default]
    None,
    /// Open.
    Open,
    /// Sleeps until a time.
    Snoozed,
    /// Over.
    Closed,
}

/// The conversation of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Where it is.
    pub status: ConversationStatus,
    /// The latest opening; stays after closing.
    #[serde(with = "packed::instant_or_none")]
    pub opened_at: Option<DateTime<Utc>>,
    /// The latest closing; gone while open.
    #[serde(with = "packed::instant_or_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// While snoozed: until when.
    #[serde(with = "packed::instant_or_none")]
    pub snoozed_until: Option<DateTime<Utc>>,
}

impl Conversation {
    /// Open or snoozed.
    pub fn is_running(&self) -> bool {
        matches!(self.status, ConversationStatus::Open | ConversationStatus::Snoozed)
    }

    /// The same conversation, closed at a time if it was running.
    pub fn closed(&self, at: DateTime<Utc>) -> Self {
        if !self.is_running() {
            return self.clone();
        }
        Conversation {
            status: ConversationStatus::Closed,
            opened_at: self.opened_at,
            closed_at: Some(at),
            snoozed_until: None,
        }
    }
}

/// A block that holds (rule 15).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Why.
    pub reason: Option<Arc<str>>,
    /// Since when.
    #[serde(with = "packed::instant")]
    pub since: DateTime<Utc>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages in.
    pub messages_in: u64,
    /// Messages out.
    pub messages_out: u64,
    /// Inbound interactions that a block kept out of sight.
    pub suppressed: u64,
    /// Comments.
    pub comments: u64,
}

impl Counts {
    /// Adds those of another stream of the tree.
    pub fn add(&mut self, other: Counts) {
        self.messages_in += other.messages_in;
        self.messages_out += other.messages_out;
        self.suppressed += other.suppressed;
        self.comments += other.comments;
    }
}

/// What the interactions of this stream come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Earliest interaction, by its own time.
    #[serde(with = "packed::instant_or_none")]
    pub first: Option<DateTime<Utc>>,
    /// The message recorded first, broadcasts aside: position and channel (rule 13).
    pub source: Option<(u64, Arc<str>)>,
    /// Last message in.
    #[serde(with = "packed::instant_or_none")]
    pub last_in: Option<DateTime<Utc>>,
    /// Last message out.
    #[serde(with = "packed::instant_or_none")]
    pub last_out: Option<DateTime<Utc>>,
    /// By identity; few.
    pub traffic: Vec<Traffic>,
    /// How much there is.
    pub counts: Counts,
}

/// The own state of one contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Which contact.
    pub id: ContactId,
    /// Number of events in its stream; the next one's revision.
    pub next_revision: u64,
    /// Position of its last event; 0 before the first.
    pub position: u64,
    /// Where it is in its life.
    pub life: Life,
    /// Its workspace; empty before the first event.
    pub workspace: Arc<str>,
    /// Since when it exists.
    #[serde(with = "packed::instant_or_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// Own edits, by field, then revision. Before the first edge only the last of each field is kept, since only an
    /// edge makes an older one matter.
    pub edits: Vec<Edit>,
    /// Own words on tags, by folded key.
    pub tags: BTreeMap<Arc<str>, OwnTag>,
    /// Identities it holds or held.
    pub identities: Vec<OwnIdentity>,
    /// Contacts it absorbed, in the order of the merges.
    pub edges: Vec<Edge>,
    /// Merges that it refused.
    pub refused: Vec<MergeId>,
    /// Unmerges below that it was told of.
    pub touched: Vec<MergeId>,
    /// The merge it is frozen by.
    pub lock: Option<Box<Lock>>,
    /// Every primary it was ever locked to.
    pub above: Vec<ContactId>,
    /// The contacts, absorbed here at the time, by whose identities profile values came: erasing one takes them along.
    pub guests: Vec<ContactId>,
    /// Its conversation.
    pub conversation: Conversation,
    /// Who takes care of it.
    pub assignee: Option<Arc<str>>,
    /// Whether and why it is blocked.
    pub blocked: Option<Block>,
    /// What its interactions come to.
    pub activity: Activity,
}

impl Contact {
    /// A contact with no history.
    pub fn absent(id: ContactId) -> Self {
        Contact {
            id,
            next_revision: 0,
            position: 0,
            life: Life::Absent,
            workspace: Arc::from(""),
            created_at: None,
            edits: Vec::new(),
            tags: BTreeMap::new(),
            identities: Vec::new(),
            edges: Vec::new(),
            refused: Vec::new(),
            touched: Vec::new(),
            lock: None,
            above: Vec::new(),
            guests: Vec::new(),
            conversation: Conversation::default(),
            assignee: None,
            blocked: None,
            activity: Activity::default(),
        }
    }

    /// Revision of the last event; `None` if the stream is empty.
    pub fn revision(&self) -> Option<u64> {
        self.next_revision.checked_sub(1)
    }

    /// The last own edit of a field.
    pub fn own_edit(&self, field: &Field) -> Option<&Edit> {
        self.edits.iter().rev().find(|edit| edit.field == *field)
    }

    /// The edge of a merge, live or not.
    pub fn edge(&self, merge: MergeId) -> Option<&Edge> {
        self.edges.iter().find(|edge| edge.merge == merge)
    }

    /// The edges that count, in the order of the merges.
    pub fn live_edges(&self) -> impl DoubleEndedIterator<Item = &Edge> {
        self.edges.iter().filter(|edge| edge.is_live())
    }

    /// What the contact knows of an identity it holds or held.
    pub fn identity(&self, identity: IdentityId) -> Option<&OwnIdentity> {
        self.identities.iter().find(|own| own.identity == identity)
    }

    /// The contacts, itself aside, whose keys guard something in this state.
    pub fn also_guarded_by(&self) -> std::collections::BTreeSet<ContactId> {
        let from_edits = self.edits.iter().filter_map(|edit| edit.holder);
        let from_edges = self.edges.iter().filter(|edge| edge.terms.open().is_some()).map(|edge| edge.secondary);
        let from_lock = self.lock.iter().filter(|lock| lock.terms.open().is_some()).map(|lock| lock.primary);
        from_edits.chain(from_edges).chain(from_lock).collect()
    }
}
