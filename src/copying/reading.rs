//! A log, read once from its beginning, and what was read of it so far.

use std::collections::VecDeque;

use super::digest::LogDigest;
use super::{CopyError, Phase, Progress};
use crate::ports::{EventStore, Recorded, StoreError};

/// Events read at once.
const PAGE: usize = 1_000;

/// See the module.
pub(super) struct Reading<'s> {
    store: &'s dyn EventStore,
    failed: fn(StoreError) -> CopyError,
    head: u64,
    /// Position of the last event of the last page.
    read_to: u64,
    page: VecDeque<Recorded>,
    /// What was handed out.
    events: u64,
    position: u64,
    digest: LogDigest,
}

impl<'s> Reading<'s> {
    /// A store that is read from its beginning; `failed` says which of the two it is.
    pub(super) async fn of(store: &'s dyn EventStore, failed: fn(StoreError) -> CopyError) -> Result<Self, CopyError> {
        let head = store.head().await.map_err(failed)?;
        let (page, digest) = (VecDeque::new(), LogDigest::default());
        Ok(Reading { store, failed, head, read_to: 0, page, events: 0, position: 0, digest })
    }

    /// The event that comes next.
    pub(super) async fn peek(&mut self) -> Result<Option<&Recorded>, CopyError> {
        if self.page.is_empty() {
            self.page = self.store.read_all(self.read_to, PAGE).await.map_err(self.failed)?.into();
            self.read_to = self.page.back().map_or(self.read_to, |last| last.position);
        }
        Ok(self.page.front())
    }

    /// Hands the next event out.
    pub(super) async fn next(&mut self) -> Result<Option<Recorded>, CopyError> {
        self.peek().await?;
        let next = self.page.pop_front();
        if let Some(next) = &next {
            self.events += 1;
            self.position = next.position;
            self.digest.add(next);
        }
        Ok(next)
    }

    /// How many events were handed out, and their digest.
    pub(super) fn read(&self) -> (u64, String) {
        (self.events, self.digest.clone().hex())
    }

    /// How far it is in a phase.
    pub(super) fn progress(&self, phase: Phase) -> Progress {
        Progress { phase, events: self.events, position: self.position, head: self.head.max(self.position) }
    }
}
