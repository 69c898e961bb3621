//! Where the events of a stream are, and which event bears a mark.
//!
//! Streams and marks come in no order, and an index that is kept with every commit writes a page of its own for nearly each
//! of them. So the log is only ever added to, the newest events are found in memory, and whenever many have come together
//! they are merged into a file in the order of their keys. What a crash leaves out of the file is read from the log at the
//! next start.

mod file;
mod tail;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use dossier_domain::ids::{Mark, Stream};
use parking_lot::Mutex;
use rusqlite::Connection;

use super::super::connect::{OpenError, Place, Synchronous};
use super::filter::Filter;
use super::rows::stream_key;
use crate::ports::Recorded;

pub(super) use self::tail::Spot;
use self::tail::{Entry, Tails};

/// Name of the file in the data folder.
const FILE: &str = "log-index.db";
/// How many times as much as is merged at once may wait; then the writer of the log waits too.
const MERGES_AHEAD: usize = 4;

/// See the module.
pub(super) struct Index {
    tails: Arc<Tails>,
    at_once: usize,
    file: PathBuf,
    /// Whether the last merge could not be written.
    failing: Arc<AtomicBool>,
    wake: Mutex<Option<SyncSender<()>>>,
    merger: Mutex<Option<JoinHandle<()>>>,
}

impl Index {
    /// Opens the index of a log, made anew where it does not fit, and has the filter know what is only in memory. Events
    /// are merged `at_once` or more.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn open(log: (&Place, &Connection), filter: &Filter, at_once: usize) -> Result<Self, OpenError> {
        let (place, log) = log;
        let place = Place { file: place.file.with_file_name(FILE), synchronous: Synchronous::Normal, ..place.clone() };
        let engine = |source| OpenError::Engine { file: place.file.clone(), source };
        let mut file = file::open(&place, log)?;
        let tails = Arc::new(Tails::default());
        let at_once = at_once.max(1);
        file::catch_up(&mut file, log, &tails, at_once).map_err(engine)?;
        tails.keys(|stream| filter.note(&stream_key(stream)), |mark| filter.note(&mark.0));
        let (wake, woken) = sync_channel(1);
        let failing = Arc::new(AtomicBool::new(false));
        let (merging, failed) = (Arc::clone(&tails), Arc::clone(&failing));
        let merge = move || merge_whenever(file, &merging, &failed, &woken);
        let merger = std::thread::Builder::new().name("log-index".into()).spawn(merge);
        let merger = merger.map_err(|source| OpenError::Io {
            doing: "starting the merger of",
            path: place.file.clone(),
            source,
        })?;
        let (wake, merger) = (Mutex::new(Some(wake)), Mutex::new(Some(merger)));
        Ok(Index { tails, at_once, file: place.file, failing, wake, merger })
    }

    /// Where the file is, for connections that read it.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Events were committed. Where merging can't keep up, this waits for it.
    pub(super) fn add(&self, events: &[Arc<Recorded>]) {
        let waiting = self.tails.add(events.iter().map(|event| Entry::from(&**event)));
        if waiting < self.at_once || !self.wake() {
            return;
        }
        let too_many = self.at_once.saturating_mul(MERGES_AHEAD);
        while self.tails.waiting() >= too_many && !self.failing.load(Ordering::Relaxed) && self.wake() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether there is somebody to wake.
    fn wake(&self) -> bool {
        let wake = self.wake.lock();
        wake.as_ref().is_some_and(|wake| !matches!(wake.try_send(()), Err(TrySendError::Disconnected(()))))
    }

    /// Merges what is left, and ends.
    pub(super) fn stop(&self) {
        drop(self.wake.lock().take());
        if let Some(merger) = self.merger.lock().take() {
            // It can only have panicked, which is on stderr already.
            let _ = merger.join();
        }
    }

    /// The events of a stream that may not be in the file yet, older ones first: its newest.
    pub(super) fn spots(&self, stream: &Stream) -> Vec<Spot> {
        self.tails.spots(stream)
    }

    /// Revision of a stream's last event, if that may not be in the file yet.
    pub(super) fn head(&self, stream: &Stream) -> Option<u64> {
        self.tails.head(stream)
    }

    /// Position of the event that bears a mark, if that may not be in the file yet.
    pub(super) fn bearer(&self, mark: Mark) -> Option<u64> {
        self.tails.bearer(mark)
    }
}

fn merge_whenever(mut file: Connection, tails: &Tails, failing: &AtomicBool, woken: &Receiver<()>) {
    loop {
        let goes_on = woken.recv().is_ok();
        let merged = file::merge(&mut file, &tails.take());
        failing.store(merged.is_err(), Ordering::Relaxed);
        match merged {
            Ok(()) => tails.merged(),
            // What could not be merged is found in memory, and tried again with the next.
            Err(error) => tracing::warn!(%error, "the index of the event store can't be written now"),
        }
        if !goes_on {
            return;
        }
    }
}
