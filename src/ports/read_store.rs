//! The port of the read models: changes go in with their checkpoint, queries come out.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier_domain::compose::View;
use dossier_domain::filter::{Filter, Search, Setting, Sort};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_domain::state::{Contact, Life};
use dossier_projections::documents::{DocumentChange, LookupValue, Shown};
use dossier_projections::mac::{MacChange, MacRow, Member};
use dossier_projections::segments::Crossing;
use dossier_projections::unfinished::Unfinished;
use std::sync::Arc;
use uuid::Uuid;

use super::shared::{Lease, Tables};

/// The projections that every read store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Projection {
    /// Own states of contacts, and the values by which they are found.
    Contacts,
    /// Monthly active contacts.
    Mac,
    /// What spans streams and stands unfinished.
    Unfinished,
}

impl Projection {
    /// All of them.
    pub const ALL: [Projection; 3] = [Projection::Contacts, Projection::Mac, Projection::Unfinished];

    /// Its name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Projection::Contacts => "contacts",
            Projection::Mac => "mac",
            Projection::Unfinished => "unfinished",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|projection| projection.name() == name)
    }
}

/// What a batch of events changes in one projection.
#[derive(Clone, Debug)]
pub enum Changes {
    /// Of [`Projection::Contacts`], what they come to in the feed of segments, and what contacts show from now on, where
    /// [`ReadStore::wants_shown`].
    Contacts(Vec<DocumentChange>, Vec<FeedWrite>, Vec<Shown>),
    /// Of [`Projection::Mac`], by workspace, to be applied in order.
    Mac(Vec<(Arc<str>, MacChange)>),
    /// Of [`Projection::Unfinished`]: the whole list, which is short.
    Unfinished(Unfinished),
}

impl Changes {
    /// The projection they belong to.
    pub fn projection(&self) -> Projection {
        match self {
            Changes::Contacts(..) => Projection::Contacts,
            Changes::Mac(_) => Projection::Mac,
            Changes::Unfinished(_) => Projection::Unfinished,
        }
    }

    /// Whether they hold the state of an erased contact.
    pub fn erases(&self) -> bool {
        let is_erased =
            |change: &DocumentChange| matches!(change, DocumentChange::State(it) if it.life == Life::Erased);
        matches!(self, Changes::Contacts(rows, ..) if rows.iter().any(is_erased))
    }
}

/// What is to be written in the feed of a workspace's segments. The feed of a workspace begins with the first of these;
/// with the read model of contacts it is made anew, and then it is another one.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedWrite {
    /// Whose.
    pub workspace: Arc<str>,
    /// The time up to which everything is told.
    pub as_of: DateTime<Utc>,
    /// Place in the log as of which it is.
    pub position: u64,
    /// Who entered and left, in the order of their times.
    pub crossings: Vec<Crossing>,
    /// Segments that were removed: nobody reads their feeds any more.
    pub removed: Vec<SegmentId>,
    /// What segments are called, of a workspace where that may be news; told where [`ReadStore::wants_shown`].
    pub named: Vec<(SegmentId, Arc<str>)>,
    /// Who is in which segment where the feed begins: from then on crossings tell.
    pub members: Vec<(SegmentId, Vec<ContactId>)>,
}

/// How far the feed of a workspace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedState {
    /// Which feed it is: a rebuild makes another one (rule 40).
    pub epoch: Uuid,
    /// The time up to which everything is told.
    pub as_of: DateTime<Utc>,
}

/// One entry of the feed of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its number in this feed, from 0, without gaps.
    pub number: u64,
    /// Who.
    pub contact: ContactId,
    /// Whether it entered.
    pub entered: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// Place in the log as of which it was found out.
    pub position: u64,
}

/// A part of the feed of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPart {
    /// Which feed; nil before it began.
    pub epoch: Uuid,
    /// Number of the oldest entry that is kept.
    pub oldest: u64,
    /// Number that the next entry will have.
    pub next: u64,
    /// In their order.
    pub entries: Vec<FeedEntry>,
}

/// What is stored of a contact.
#[derive(Clone, Debug)]
pub enum StoredContact {
    /// Its own state.
    Found(Box<Contact>),
    /// Nothing.
    Absent,
    /// A key that guards something in it was destroyed: the state must be folded from the log again.
    Unreadable,
}

/// A closed billing cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedCycle {
    /// The local date of its start.
    pub cycle: Arc<str>,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// IANA name of the zone that it was reckoned in.
    pub time_zone: Arc<str>,
    /// How many members.
    pub active: u64,
    /// Over the members' ids (rule 31).
    pub digest: Arc<str>,
}

/// Which contacts are looked for in what a read store shows.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// In which workspace.
    pub workspace: &'a str,
    /// What its contacts mean.
    pub setting: Setting<'a>,
    /// Those that match it,
    pub filter: &'a Filter,
    /// and are found by it.
    pub search: Option<&'a Search>,
    /// In this order.
    pub sort: &'a Sort,
    /// As of this time. Who is in a segment is as of the time up to which its feed tells.
    pub now: DateTime<Utc>,
    /// After this place, which another page told.
    pub after: Option<&'a [u8]>,
    /// At most so many; of 0 only the count is looked for.
    pub limit: usize,
    /// Whether to say how many there are on all pages.
    pub count: bool,
}

/// Contacts that were looked for, all as of one position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Them, in the order that was asked for.
    pub contacts: Vec<ContactId>,
    /// The place after which the next page begins; `None` where nobody is left.
    pub next: Option<Vec<u8>>,
    /// How many there are on all pages, if that was wanted.
    pub count: Option<u64>,
    /// Position of the log as of which this is.
    pub position: u64,
}

/// The read models can't be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// A page was asked for that begins nowhere in its order.
    #[error("the page begins nowhere in this order: begin again at the first page")]
    NoPlace,
    /// It may come back.
    #[error("the read store is unavailable while {doing}: {reason}")]
    Unavailable {
        /// What was asked of it.
        doing: &'static str,
        /// In the words of the engine.
        reason: String,
    },
    /// Somebody else moved the checkpoint.
    #[error("the checkpoint of {projection} is at {actual}, not at {expected}")]
    CheckpointMoved {
        /// Of which projection.
        projection: &'static str,
        /// Where the writer believed it.
        expected: u64,
        /// Where it is.
        actual: u64,
    },
    /// Another process holds the lease, or nobody does.
    #[error("another process projects by now: nothing was written")]
    Fenced,
}

/// The read models.
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// Position up to which a projection is applied; 0 before the first event.
    async fn checkpoint(&self, projection: Projection) -> Result<u64, ReadError>;

    /// The lease under which it is written to; `None` where one process alone can have it open, and may always write.
    fn lease(&self) -> Option<&dyn Lease> {
        None
    }

    /// Applies changes and moves the checkpoint from `from` to `to`, together or not at all. Whoever reads sees them from
    /// then on; a crash may take them away again, the last ones first, and the checkpoint with them. As all that writes, it is
    /// refused with [`ReadError::Fenced`] where a lease is wanted and not held.
    async fn apply(&self, changes: Changes, from: u64, to: u64) -> Result<(), ReadError>;

    /// Brings what was applied to where a crash leaves it; a store may do so later by itself.
    async fn settle(&self) -> Result<(), ReadError> {
        Ok(())
    }

    /// Whether it stores what contacts show too, for others to read.
    fn wants_shown(&self) -> bool {
        false
    }

    /// Begins to take contacts at once that are all folded up to a position, where that is faster than to be told of them by
    /// [`ReadStore::apply`]; of fields, and of states that did not fit in memory, it was told. Else `None`. Nothing may be
    /// applied until that is finished.
    async fn load(&self, _up_to: u64) -> Result<Option<Arc<dyn Load>>, ReadError> {
        Ok(None)
    }

    /// A page of the contacts that match a filter, where it can look them up in what it shows; `None` where it can't.
    ///
    /// # Errors
    /// [`ReadError::NoPlace`]; the store failed.
    async fn find(&self, _ask: Ask<'_>) -> Result<Option<Found>, ReadError> {
        Ok(None)
    }

    /// Looks up other things in what it shows, where it stores that.
    fn tables(&self) -> Option<&dyn Tables> {
        None
    }

    /// What is stored of a contact.
    async fn contact(&self, id: ContactId) -> Result<StoredContact, ReadError>;

    /// What is stored of some contacts, in no certain order; whoever is absent may be left out.
    async fn contacts(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push((*id, self.contact(*id).await?));
        }
        Ok(found)
    }

    /// At most `limit` contacts after one and up to another, that one included, ascending by id.
    async fn contacts_between(
        &self,
        after: Option<ContactId>,
        last: ContactId,
        limit: usize,
    ) -> Result<Vec<(ContactId, StoredContact)>, ReadError>;

    /// Live roots that are found by a value.
    async fn by_value(&self, workspace: &str, value: &LookupValue) -> Result<Vec<ContactId>, ReadError>;

    /// The state of the MAC fold, by workspace.
    async fn mac_rows(&self) -> Result<Vec<(Arc<str>, MacRow)>, ReadError>;

    /// The closed cycles of a workspace, oldest first.
    async fn closed_cycles(&self, workspace: &str) -> Result<Vec<ClosedCycle>, ReadError>;

    /// At most `limit` members of a closed cycle after one, ascending by contact.
    async fn members(
        &self,
        workspace: &str,
        cycle: &str,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<Member>, ReadError>;

    /// Writes in the feed what time alone has come to.
    async fn write_feed(&self, feed: Vec<FeedWrite>) -> Result<(), ReadError>;

    /// How far the feeds are, by workspace.
    async fn feed_states(&self) -> Result<Vec<(Arc<str>, FeedState)>, ReadError>;

    /// At most `limit` entries of the feed of a segment, from a number on.
    async fn feed(&self, workspace: &str, segment: SegmentId, from: u64, limit: usize) -> Result<FeedPart, ReadError>;

    /// Forgets entries that are older, but for the last of each segment.
    async fn trim_feed(&self, older_than: DateTime<Utc>) -> Result<(), ReadError>;

    /// What stands unfinished at the checkpoint.
    async fn unfinished(&self) -> Result<Unfinished, ReadError>;

    /// At most `limit` rows of a projection after a key, opened, in an order of the engine's own: what `verify` compares.
    /// Two stores of one engine that were told the same hold the same rows.
    async fn plain_rows(
        &self,
        projection: Projection,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<PlainRow>, ReadError>;

    /// An empty store of the same engine, out of everybody's sight, for one projection that is made anew or compared.
    async fn beside(&self, projection: Projection) -> Result<Box<dyn Beside>, ReadError>;

    /// What a person does to have a projection made anew at the next start, where nothing can be read of it or it is
    /// ahead of the log: an imperative sentence without its end.
    fn advice(&self, projection: Projection) -> String;
}

/// A store that is loaded at once. Dropped before it is finished, it is of no use any more.
#[async_trait]
pub trait Load: Send + Sync {
    /// Takes some contacts; each comes once, in no certain order. Several may bring them at once.
    async fn take(&self, contacts: Vec<Loaded>) -> Result<(), ReadError>;

    /// Everybody came: from now on it is a store like any other, at the position up to which they are folded.
    async fn finish(&self) -> Result<(), ReadError>;
}

/// What is loaded of a contact.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its own state; `None` where the store was told of it before.
    pub state: Option<Arc<Contact>>,
    /// What it shows, and so by which values it is found; `None` unless it is a live root.
    pub view: Option<View>,
}

/// A row as it is compared: a key of the engine's own, and what stands in it, opened.
pub type PlainRow = (Vec<u8>, Vec<u8>);

/// An empty store beside the one that serves. Dropped, it leaves nothing behind, at the latest once a store is opened in
/// the same place again.
#[async_trait]
pub trait Beside: Send + Sync {
    /// Where the projection is folded.
    fn store(&self) -> Arc<dyn ReadStore>;

    /// Puts what was folded in the place of what serves, at once and whole, while queries go on. Nobody may hold
    /// [`Beside::store`] any more, and nothing may be applied to either meanwhile.
    ///
    /// # Errors
    /// What serves stays.
    async fn swap(self: Box<Self>) -> Result<(), ReadError>;

    /// Removes it.
    ///
    /// # Errors
    /// Something stays behind, which disturbs nobody.
    async fn discard(self: Box<Self>) -> Result<(), ReadError>;
}
