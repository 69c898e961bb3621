//! The log: streams of events in one order, with positions that leave gaps, and the server's own events in between.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::messages::{Expected, ProposedEvent};

/// Bytes that an event's record takes beyond its content: positions are places in a file.
const RECORD: u64 = 180;
/// So many appends are followed by one of the server's own events.
const OWN_EVERY: u64 = 3;

/// An event in its place.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Place in the log, as commit and as prepare position.
    pub position: u64,
    /// Place in its stream.
    pub revision: u64,
    /// Name of its stream.
    pub stream: String,
    /// Its id.
    pub id: Uuid,
    /// What was sent: type, content type, metadata, data.
    pub event: ProposedEvent,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// It landed, or had before: revision and position of the last event.
    At { revision: u64, position: u64 },
    /// The stream is elsewhere; `None`: it has no event.
    Wrong(Option<u64>),
}

/// The log of one cluster, whichever node is asked.
#[derive(Default)]
pub struct Log {
    inner: Mutex<Inner>,
    appends: AtomicU64,
}

#[derive(Default)]
struct Inner {
    events: Vec<Stored>,
    streams: HashMap<String, Vec<usize>>,
    end: u64,
}

impl Log {
    /// A log as a new server has it: its own events come first.
    pub fn new() -> Self {
        let log = Log::default();
        log.inner.lock().push_own();
        log
    }

    /// Appends all or nothing. The very same events at the very same place are taken for a repetition, as the server does.
    pub fn append(&self, stream: &str, expected: Expected, events: &[(Uuid, ProposedEvent)]) -> Landing {
        let mut inner = self.inner.lock();
        let actual = inner.last(stream);
        let first = match expected {
            Expected::Revision(revision) => revision + 1,
            Expected::NoStream(_) => 0,
            Expected::Any(_) | Expected::StreamExists(_) => actual.map_or(0, |last| last + 1),
        };
        if actual.map_or(0, |last| last + 1) != first {
            return inner.repeated(stream, first, events).unwrap_or(Landing::Wrong(actual));
        }
        for (id, event) in events {
            inner.push(stream, *id, event.clone());
        }
        let place = inner.events.len() - 1;
        let landing = Landing::At { revision: inner.events[place].revision, position: inner.events[place].position };
        if self.appends.fetch_add(1, Ordering::Relaxed).is_multiple_of(OWN_EVERY) {
            inner.push_own();
        }
        landing
    }

    /// At most `count` events of a stream, or `None` if it does not exist. Backwards from beyond the end, the server
    /// answers what lies in the window of `count` revisions, which may be nothing.
    pub fn stream(&self, stream: &str, from: Option<u64>, backward: bool, count: u64) -> Option<Vec<Stored>> {
        let inner = self.inner.lock();
        let places = inner.streams.get(stream)?;
        let last = places.len() as u64 - 1;
        let from = from.unwrap_or(if backward { last } else { 0 });
        let (low, high) = match backward {
            true => (from.saturating_sub(count.saturating_sub(1)), from),
            false => (from, from.saturating_add(count.saturating_sub(1))),
        };
        let mut found: Vec<Stored> =
            (low..=high.min(last)).map(|at| inner.events[places[at as usize]].clone()).collect();
        if backward {
            found.reverse();
        }
        Some(found)
    }

    /// At most `count` events from a position on, which must be one of an event; `None` if it is not.
    pub fn all(&self, from: Option<u64>, backward: bool, count: u64) -> Option<Vec<Stored>> {
        let inner = self.inner.lock();
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let place = match from {
            None if backward => inner.events.len(),
            None => 0,
            Some(position) => inner.events.binary_search_by_key(&position, |event| event.position).ok()?,
        };
        Some(match backward {
            true => inner.events[..place].iter().rev().take(count).cloned().collect(),
            false => inner.events[place..].iter().take(count).cloned().collect(),
        })
    }

    /// How many events are not the server's own.
    pub fn count(&self) -> usize {
        self.inner.lock().events.iter().filter(|event| !event.stream.starts_with('$')).count()
    }

    /// Every event that is not the server's own.
    pub fn foreign_to_the_server(&self) -> Vec<Stored> {
        self.inner.lock().events.iter().filter(|event| !event.stream.starts_with('$')).cloned().collect()
    }
}

impl Inner {
    fn last(&self, stream: &str) -> Option<u64> {
        self.streams.get(stream).map(|places| places.len() as u64 - 1)
    }

    /// Where the very same events stand already, if they do.
    fn repeated(&self, stream: &str, first: u64, events: &[(Uuid, ProposedEvent)]) -> Option<Landing> {
        let places = self.streams.get(stream)?.get(usize::try_from(first).ok()?..)?.get(..events.len())?;
        let stands = places.iter().map(|place| &self.events[*place]);
        let last = stands.clone().next_back()?;
        let same = stands.zip(events).all(|(stored, (id, _))| stored.id == *id);
        same.then_some(Landing::At { revision: last.revision, position: last.position })
    }

    fn push(&mut self, stream: &str, id: Uuid, event: ProposedEvent) {
        let position = self.end;
        self.end += RECORD + event.data.len() as u64 + event.custom_metadata.len() as u64;
        let places = self.streams.entry(stream.to_owned()).or_default();
        let revision = places.len() as u64;
        places.push(self.events.len());
        self.events.push(Stored { position, revision, stream: stream.to_owned(), id, event });
    }

    fn push_own(&mut self) {
        let metadata = [("type", "$statsCollected"), ("content-type", "application/json")];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let event = ProposedEvent { metadata, data: b"{}".to_vec(), ..ProposedEvent::default() };
        self.push("$stats-127.0.0.1:2113", Uuid::new_v4(), event);
    }
}
