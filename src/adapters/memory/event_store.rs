//! The log as a vector. What is appended is durable at once, as long as the process lives.

use std::collections::HashMap;

use async_trait::async_trait;
use dossier_domain::ids::{Mark, Stream};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::ports::{AppendError, Appended, Direction, EventStore, Expected, NewEvent, Recorded, StoreError};

/// A log in memory.
pub struct MemoryEventStore {
    log: Mutex<Log>,
    head: watch::Sender<u64>,
}

#[derive(Default)]
struct Log {
    events: Vec<Recorded>,
    /// Indices into `events`, by stream.
    streams: HashMap<Stream, Vec<usize>>,
    /// Positions by mark.
    marks: HashMap<Mark, u64>,
}

impl Default for MemoryEventStore {
    fn default() -> Self {
        MemoryEventStore { log: Mutex::default(), head: watch::Sender::new(0) }
    }
}

impl Log {
    fn check(&self, stream: &Stream, expected: Expected, events: &[NewEvent]) -> Result<(), AppendError> {
        let next = self.streams.get(stream).map_or(0, Vec::len) as u64;
        if expected.next() != next {
            return Err(AppendError::WrongRevision { actual: next.checked_sub(1) });
        }
        let mut fresh = std::collections::HashSet::new();
        for mark in events.iter().flat_map(|event| &event.marks) {
            if let Some(position) = self.marks.get(mark) {
                return Err(AppendError::MarkTaken { position: *position });
            }
            if !fresh.insert(*mark) {
                return Err(AppendError::MarkTaken { position: self.events.len() as u64 + 1 });
            }
        }
        Ok(())
    }

    fn push(&mut self, stream: &Stream, event: NewEvent) {
        let position = self.events.len() as u64 + 1;
        self.marks.extend(event.marks.iter().map(|mark| (*mark, position)));
        let places = self.streams.entry(stream.clone()).or_default();
        let revision = places.len() as u64;
        places.push(self.events.len());
        self.events.push(Recorded { position, revision, stream: stream.clone(), event });
    }
}

#[async_trait]
impl EventStore for MemoryEventStore {
    async fn append(
        &self,
        stream: &Stream,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        let mut log = self.log.lock();
        log.check(stream, expected, &events)?;
        let revision = expected.next() + events.len() as u64 - 1;
        events.into_iter().for_each(|event| log.push(stream, event));
        let position = log.events.len() as u64;
        self.head.send_replace(position);
        Ok(Appended { revision, position })
    }

    async fn durable(&self, position: u64) -> Result<(), StoreError> {
        self.wait_past(position.saturating_sub(1)).await.map(|_| ())
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        let log = self.log.lock();
        let places = log.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let read = |place: &usize| log.events[*place].clone();
        Ok(match direction {
            Direction::Forward => places.iter().skip(from).take(limit).map(read).collect(),
            Direction::Backward => {
                let end = from.saturating_add(1).min(places.len());
                places[..end].iter().rev().take(limit).map(read).collect()
            }
        })
    }

    async fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let log = self.log.lock();
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(log.events.iter().skip(after).take(limit).cloned().collect())
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(*self.head.borrow())
    }

    async fn wait_past(&self, position: u64) -> Result<u64, StoreError> {
        let mut head = self.head.subscribe();
        let reached = head.wait_for(|head| *head > position).await;
        reached
            .map(|head| *head)
            .map_err(|_| StoreError::Unavailable { doing: "waiting", reason: "the store was closed".to_owned() })
    }

    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        let log = self.log.lock();
        Ok(log.marks.get(&mark).and_then(|position| log.events.get(*position as usize - 1)).cloned())
    }
}
