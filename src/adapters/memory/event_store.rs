//! The log as a vector. What is appended is durable at once, as long as the process lives, unless it is held back.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use dossier_domain::ids::{Mark, Stream};
use parking_lot::Mutex;

use crate::adapters::watermark::Watermark;
use crate::ports::{AppendError, Appended, Direction, EventStore, Expected, NewEvent, Recorded, StoreError};

/// A log in memory.
#[derive(Default)]
pub struct MemoryEventStore {
    log: Mutex<Log>,
    durable: Watermark,
}

#[derive(Default)]
struct Log {
    events: Vec<Recorded>,
    /// Indices into `events`, by stream.
    streams: HashMap<Stream, Vec<usize>>,
    /// Positions by mark.
    marks: HashMap<Mark, u64>,
    /// Nothing becomes durable.
    held: bool,
}

impl MemoryEventStore {
    /// From now on appends are answered and do not become durable: for simulations of a slow disk.
    pub fn hold(&self) {
        self.log.lock().held = true;
    }

    /// What was held back becomes durable, and whatever comes after it at once.
    pub fn release(&self) {
        let mut log = self.log.lock();
        log.held = false;
        self.durable.advance(log.events.len() as u64);
    }

    /// What was held back never happened: for simulations of a crash.
    pub fn crash(&self) {
        let mut log = self.log.lock();
        let durable = usize::try_from(self.durable.reached()).unwrap_or(usize::MAX);
        let events = std::mem::take(&mut log.events);
        *log = Log::default();
        for Recorded { stream, event, .. } in events.into_iter().take(durable) {
            log.push(&stream, event);
        }
    }

    async fn reach(&self, position: u64, doing: &'static str) -> Result<u64, StoreError> {
        let unavailable = |reason: Arc<str>| StoreError::Unavailable { doing, reason: reason.to_string() };
        self.durable.wait(position).await.map_err(unavailable)
    }
}

impl Log {
    fn check(&self, stream: &Stream, expected: Expected, events: &[NewEvent]) -> Result<(), AppendError> {
        let actual = self.streams.get(stream).map(|places| places.len() as u64 - 1);
        let believed = match expected {
            Expected::NoStream => None,
            Expected::Revision(revision) => Some(revision),
        };
        if believed != actual {
            return Err(AppendError::WrongRevision { actual });
        }
        let mut fresh = HashMap::new();
        for (position, event) in (self.events.len() as u64 + 1..).zip(events) {
            for mark in &event.marks {
                if let Some(position) = self.marks.get(mark) {
                    return Err(AppendError::MarkTaken { position: *position });
                }
                if let Some(first) = fresh.insert(*mark, position) {
                    return Err(AppendError::MarkTaken { position: first });
                }
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
        if events.is_empty() {
            let reason = "there is nothing to append".to_owned();
            return Err(StoreError::Unavailable { doing: "appending", reason }.into());
        }
        let mut log = self.log.lock();
        log.check(stream, expected, &events)?;
        let count = events.len() as u64;
        events.into_iter().for_each(|event| log.push(stream, event));
        let position = log.events.len() as u64;
        if !log.held {
            self.durable.advance(position);
        }
        let revision = log.streams.get(stream).map_or(0, |places| places.len() as u64 - 1);
        Ok(Appended::without_gaps(revision, position, count))
    }

    async fn durable(&self, position: u64) -> Result<(), StoreError> {
        self.reach(position, "waiting for the flush").await.map(drop)
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
        let [after, durable] = [after, self.durable.reached()].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        Ok(log.events.iter().take(durable).skip(after).take(limit).cloned().collect())
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(self.durable.reached())
    }

    async fn wait_past(&self, position: u64) -> Result<u64, StoreError> {
        self.reach(position.saturating_add(1), "waiting for an event").await
    }

    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        let log = self.log.lock();
        let place = log.marks.get(&mark).and_then(|position| usize::try_from(position - 1).ok());
        Ok(place.and_then(|place| log.events.get(place)).cloned())
    }
}
