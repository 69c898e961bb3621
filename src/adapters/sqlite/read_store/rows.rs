//! Rows by key, the newest of them in memory: a row that changes again before it is written goes to the file once, and
//! many that go together share its pages. What a crash loses is folded again from where the file stands.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
use rusqlite::Connection;

use super::file::{Journal, Row, RowFile, Write, failed_by};
use super::pending::{Pending, merged};
use crate::ports::read_store::{FeedWrite, ReadError};

/// How long rows wait for others to go to the file with: what a start after a crash folds again.
const LINGER: Duration = Duration::from_secs(5);
/// So many bytes go at once,
const MUCH: usize = 32 << 20;
/// and whoever writes waits while more than so many are there.
const TOO_MUCH: usize = 2 * MUCH;
/// A batch of more rows shares pages enough by itself, and would take much memory.
const LARGE: usize = 4_096;
/// So many rows in memory are laid over a range of the file; of more, the file is brought up first.
const FEW: usize = 64;
/// How long nothing is tried after the file failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// Rows in a file and in memory. Readers see whole batches only.
pub(super) struct Rows {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

struct Shared {
    file: RowFile,
    pending: RwLock<Pending>,
    /// Held by whoever writes to the file.
    writing: Mutex<()>,
    /// The file failed last time: nothing more is taken until it can be written again.
    failing: AtomicBool,
    call: Mutex<Call>,
    called: Condvar,
}

/// What the keeper is told.
#[derive(Default)]
struct Call {
    comes: bool,
    is_much: bool,
    stops: bool,
}

impl Rows {
    /// Opens the file, making it if it is not there, and anew if its rows are of another form.
    pub(super) fn open(path: &Path, form: u32, journal: Journal) -> Result<Self, ReadError> {
        Self::over(RowFile::open(path, form, journal)?, LINGER)
    }

    fn over(file: RowFile, linger: Duration) -> Result<Self, ReadError> {
        let shared = Arc::new(Shared {
            pending: RwLock::new(Pending::over(file.checkpoint()?)),
            file,
            writing: Mutex::default(),
            failing: AtomicBool::default(),
            call: Mutex::default(),
            called: Condvar::new(),
        });
        let kept = shared.clone();
        let keeper = std::thread::Builder::new().name("read-model".to_owned()).spawn(move || kept.keep(linger));
        let keeper = Some(keeper.map_err(|error| failed_by("opening a read model", &error))?);
        Ok(Rows { shared, keeper })
    }

    pub(super) fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// Up to where everything was written.
    pub(super) fn checkpoint(&self) -> u64 {
        self.shared.pending.read().checkpoint()
    }

    /// Takes a batch and moves the checkpoint, together. Answers where the checkpoint is if it is not at `from`. In the
    /// file it is after [`Rows::settle`], or soon.
    pub(super) fn write(
        &self,
        writes: impl ExactSizeIterator<Item = Result<Write, ReadError>>,
        feed: Vec<FeedWrite>,
        from: u64,
        to: u64,
    ) -> Result<Option<u64>, ReadError> {
        if Self::is_large(writes.len()) {
            return self.write_through(writes, feed, from, to);
        }
        let writes: Vec<Write> = writes.collect::<Result<_, _>>()?;
        if writes.iter().any(|write| matches!(write, Write::RemovePrefix(_))) {
            return self.write_through(writes.into_iter().map(Ok), feed, from, to);
        }
        self.shared.take(writes, feed, from, to)
    }

    /// Whether so many rows go straight to the file.
    pub(super) fn is_large(rows: usize) -> bool {
        rows > LARGE
    }

    /// As [`Rows::write`], straight to the file, behind everything that came before.
    pub(super) fn write_through(
        &self,
        writes: impl Iterator<Item = Result<Write, ReadError>>,
        feed: Vec<FeedWrite>,
        from: u64,
        to: u64,
    ) -> Result<Option<u64>, ReadError> {
        let _writing = self.shared.settled()?;
        let moved = self.shared.file.write(writes, &feed, from, to)?;
        if moved.is_none() {
            self.shared.pending.write().left(to);
        }
        Ok(moved)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        if let Some(row) = self.shared.pending.read().get(key) {
            return Ok(row.cloned());
        }
        self.shared.file.get(key)
    }

    /// At most `limit` rows whose key begins with the prefix and lies after a key, ascending.
    pub(super) fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, ReadError> {
        if self.shared.pending.read().range(prefix, after).len() > FEW {
            self.settle()?;
        }
        // Nothing is taken meanwhile, and nothing leaves: file and memory are of one moment.
        let pending = self.shared.pending.read();
        let over = pending.range(prefix, after);
        let rows = self.shared.file.range(prefix, after, limit.saturating_add(over.len()))?;
        Ok(merged(rows, over, limit))
    }

    /// Works on the file as of now in a transaction of its own, which leaves the checkpoint where it is.
    pub(super) fn alter<T>(&self, work: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let writing = self.shared.settled()?;
        let done = self.shared.file.alter(work);
        drop(writing);
        done
    }

    /// Reads the file as of now.
    pub(super) fn look<T>(&self, work: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        self.settle()?;
        self.shared.file.look(work)
    }

    /// Brings everything that was written before into the file.
    pub(super) fn settle(&self) -> Result<(), ReadError> {
        self.shared.settled().map(drop)
    }

    /// As [`Rows::settle`], and leaves the file without a write-ahead file.
    pub(super) fn checkpoint_file(&self) -> Result<(), ReadError> {
        let _writing = self.shared.settled()?;
        self.shared.file.checkpoint_file()
    }
}

/// What waits goes to the file, and no connection outlives the rows.
impl Drop for Rows {
    fn drop(&mut self) {
        self.shared.tell(|call| call.stops = true);
        if let Some(keeper) = self.keeper.take() {
            // It can only have panicked, which is on stderr already.
            let _ = keeper.join();
        }
    }
}

impl Shared {
    fn take(&self, writes: Vec<Write>, feed: Vec<FeedWrite>, from: u64, to: u64) -> Result<Option<u64>, ReadError> {
        let is_too_much = self.pending.read().bytes() > TOO_MUCH;
        if is_too_much || self.failing.load(Ordering::Relaxed) {
            drop(self.settled()?);
        }
        let is_much = {
            let mut pending = self.pending.write();
            if pending.checkpoint() != from {
                return Ok(Some(pending.checkpoint()));
            }
            pending.take(writes, feed, to);
            pending.bytes() > MUCH
        };
        self.tell(|call| {
            call.comes = true;
            call.is_much = is_much;
        });
        Ok(None)
    }

    /// Brings everything that was written before into the file; nothing else is written there while the guard lives.
    fn settled(&self) -> Result<MutexGuard<'_, ()>, ReadError> {
        let writing = self.writing.lock();
        let up_to = self.pending.read().checkpoint();
        let settled = self.write_up_to(up_to);
        self.failing.store(settled.is_err(), Ordering::Relaxed);
        settled.map(|()| writing)
    }

    fn write_up_to(&self, up_to: u64) -> Result<(), ReadError> {
        while self.pending.read().stored() < up_to {
            let from = self.pending.read().stored();
            let Some((batch, to)) = self.pending.write().leave() else { break };
            let moved = self.file.write(batch.writes().map(Ok), batch.feed(), from, to)?;
            // A commit that failed may have happened.
            if let Some(actual) = moved.filter(|actual| *actual != to) {
                let reason = format!("its checkpoint is at {actual}, not at {from}: somebody else writes to it");
                return Err(ReadError::Unavailable { doing: "writing a batch", reason });
            }
            self.pending.write().left(to);
        }
        Ok(())
    }

    fn tell(&self, what: impl FnOnce(&mut Call)) {
        what(&mut self.call.lock());
        self.called.notify_one();
    }

    /// Brings to the file what has lingered, or is much, until it is told to stop; then it brings what is there.
    fn keep(&self, linger: Duration) {
        loop {
            let stops = self.wait_for_call(linger);
            match self.settled() {
                Ok(_) if stops => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "a read model is not written; it is tried again");
                    if stops {
                        return;
                    }
                    self.wait(AFTER_A_FAILURE, |call| call.stops);
                    self.call.lock().comes = true;
                }
            }
        }
    }

    /// Waits until something has to be written; answers whether that is the last time.
    fn wait_for_call(&self, linger: Duration) -> bool {
        let mut call = self.call.lock();
        while !call.comes && !call.stops {
            self.called.wait(&mut call);
        }
        drop(call);
        self.wait(linger, |call| call.stops || call.is_much);
        let mut call = self.call.lock();
        (call.comes, call.is_much) = (false, false);
        call.stops
    }

    fn wait(&self, at_most: Duration, or: impl Fn(&Call) -> bool) {
        let mut call = self.call.lock();
        let _ = self.called.wait_while_for(&mut call, |call| !or(call), at_most);
    }
}

#[cfg(test)]
mod tests;
