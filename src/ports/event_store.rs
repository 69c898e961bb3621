//! The port of the log: streams of events, appended at exact revisions, read in one global order.

use std::sync::Arc;

use async_trait::async_trait;
use dossier_domain::ids::{Mark, Stream};
use uuid::Uuid;

/// What a writer believes of a stream. There is no "any": every append is at an exact revision (decision 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The stream has no event.
    NoStream,
    /// The stream's last event has this revision.
    Revision(u64),
}

impl Expected {
    /// The revision that the first event appended will have.
    pub fn next(self) -> u64 {
        match self {
            Expected::NoStream => 0,
            Expected::Revision(revision) => revision + 1,
        }
    }
}

/// An event on its way into a stream. The bytes are stored as they are and never written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Unique; the sealed part is bound to it.
    pub id: Uuid,
    /// Stored name.
    pub event_type: Arc<str>,
    /// Version of the stored shape.
    pub version: u16,
    /// JSON object: the event's own words, sealed where they are personal.
    pub data: Vec<u8>,
    /// JSON object: who, why, when.
    pub meta: Vec<u8>,
    /// By these the event is found again; each belongs to one event of the store, for ever.
    pub marks: Vec<Mark>,
}

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Place among all events of the store: above 0, and rising. Only embedded logs count without gaps; on a cluster it is
    /// a place in a file. So positions are compared, never counted with.
    pub position: u64,
    /// Place in its stream, from 0, without gaps.
    pub revision: u64,
    /// Its stream.
    pub stream: Stream,
    /// As appended.
    pub event: NewEvent,
}

/// Where an append landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Revision of the last event appended.
    pub revision: u64,
    /// Position of the last event appended.
    pub position: u64,
    /// Positions of the events before the last one, in their order.
    pub earlier: Vec<u64>,
}

impl Appended {
    /// Where so many events landed in a log without gaps.
    pub fn without_gaps(revision: u64, position: u64, count: u64) -> Self {
        let first = position.saturating_add(1).saturating_sub(count);
        Appended { revision, position, earlier: (first..position).collect() }
    }

    /// Revision and position of each event, in their order.
    pub fn places(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.revision - self.earlier.len() as u64;
        (first..).zip(self.earlier.iter().copied().chain([self.position]))
    }
}

/// Which way to read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From older to newer.
    Forward,
    /// From newer to older.
    Backward,
}

/// The log can't be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It may come back; nothing is known of what was asked.
    #[error("the event store is unavailable while {doing}: {reason}")]
    Unavailable {
        /// What was asked of it.
        doing: &'static str,
        /// In the words of the engine, without any event's content.
        reason: String,
    },
    /// What is stored can't be read; a person must look.
    #[error("the event store is damaged at {place}: {reason}")]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong there.
        reason: String,
    },
}

/// An append that did not land.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The stream is not where the writer believed. Nothing was appended.
    #[error("wrong expected revision: the stream is at {actual:?}")]
    WrongRevision {
        /// Revision of the last event; `None` if there is no event.
        actual: Option<u64>,
    },
    /// Another event bears one of the marks. Nothing was appended.
    #[error("a mark is taken by the event at position {position}")]
    MarkTaken {
        /// Where that event is; on a cluster 0 if it is of the same append.
        position: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The log.
///
/// An append answers as soon as its place in the log is certain unless the store dies; [`EventStore::durable`] then
/// waits until it would survive that. No answer leaves the house before it. Reads of a stream see every append that
/// was answered; reads of all events see durable ones only.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Appends all of the events, or none.
    ///
    /// # Errors
    /// [`AppendError`]; after [`StoreError::Unavailable`] the outcome is unknown and must be found by reading.
    async fn append(&self, stream: &Stream, expected: Expected, events: Vec<NewEvent>)
    -> Result<Appended, AppendError>;

    /// Waits until every event up to and including `position` is durable.
    ///
    /// # Errors
    /// The store failed before it was.
    async fn durable(&self, position: u64) -> Result<(), StoreError>;

    /// Reads at most `limit` events of a stream. Forward: from revision `from` on. Backward: from `from` down;
    /// `u64::MAX` is the end. A stream that does not exist is empty.
    ///
    /// # Errors
    /// The store failed.
    async fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// Reads at most `limit` durable events after a position, in the global order. Position 0 is before the first; a
    /// position at which no event stands is a place between two. Fewer are answered only where nothing follows that was
    /// durable when the call was made.
    ///
    /// # Errors
    /// The store failed.
    async fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError>;

    /// The durable event at a position, if one stands there.
    ///
    /// # Errors
    /// The store failed.
    async fn read_at(&self, position: u64) -> Result<Option<Recorded>, StoreError> {
        let next = self.read_all(position.saturating_sub(1), 1).await?.pop();
        Ok(next.filter(|found| found.position == position))
    }

    /// Position of the last durable event; 0 if there is none.
    ///
    /// # Errors
    /// The store failed.
    async fn head(&self) -> Result<u64, StoreError>;

    /// Waits until a durable event stands after `position`, and answers the head.
    ///
    /// # Errors
    /// The store failed.
    async fn wait_past(&self, position: u64) -> Result<u64, StoreError>;

    /// The event that bears the mark, if any; sees every append that was answered.
    ///
    /// # Errors
    /// The store failed.
    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError>;

    /// Whether positions are counted without gaps, as embedded logs do: for whoever looks for damage.
    fn counts_positions(&self) -> bool {
        true
    }
}
