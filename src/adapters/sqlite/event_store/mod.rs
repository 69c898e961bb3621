//! The log in one SQLite file, behind one writer with group commit.
//!
//! An append is checked and ordered in memory in the caller's thread and answered at once; one thread commits whatever
//! has queued meanwhile, with one flush. So the order has no gaps, two writers with one expectation are told apart
//! without the disk, and a hundred appends cost one flush. Once a commit fails, nothing is taken any more: what the
//! disk holds is then known only after opening the file anew.

mod checkpoints;
mod filling;
mod filter;
mod index;
mod options;
mod readers;
mod recent;
mod rows;
mod schema;
mod staging;
mod writer;

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use async_trait::async_trait;
use dossier_domain::ids::{Mark, Stream};
use parking_lot::Mutex;
use rusqlite::MAIN_DB;
use rusqlite::wal::CheckpointMode;

use self::checkpoints::Checkpoints;
use self::filling::Filling;
use self::filter::Filter;
use self::index::Index;
pub use self::options::{BeforeCommit, Options};
use self::readers::{PAGE, Readers};
use self::staging::{Outcome, Staging, Witness};
use self::writer::{Shared, Writer};
use super::connect::{OpenError, Place};
use super::folder::DataFolder;
use crate::adapters::watermark::Watermark;
use crate::ports::{AppendError, Appended, Direction, EventStore, Expected, NewEvent, Recorded, StoreError};

/// Name of the file in the data folder.
pub const FILE: &str = "log.db";
/// The writer's page cache: the log is only added to, so it needs no more than a transaction writes.
const CACHE_KIB: i32 = 16 << 10;

/// The embedded log.
pub struct SqliteEventStore {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    filling: Filling,
    writer: Mutex<Option<JoinHandle<()>>>,
    _folder: DataFolder,
}

impl SqliteEventStore {
    /// Opens the log of a folder, making it if there is none. Whatever it holds is flushed first, so that nothing is
    /// called durable which only a crashed process had seen.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(folder: &DataFolder, options: Options) -> Result<Self, OpenError> {
        let file = folder.file(FILE);
        let place = Place { file: file.clone(), vfs: options.vfs.clone(), synchronous: options.synchronous };
        let engine = |source| OpenError::Engine { file: file.clone(), source };
        let mut connection = place.create(&schema::FORMAT, options.page_size)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(engine)?;
        connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE).map_err(engine)?;
        let filter = Arc::new(Filter::new());
        let index = Arc::new(Index::open((&place, &connection), &filter, options.indexed_at_once)?);
        let readers = Arc::new(Readers::open(&place, Arc::clone(&index), options.readers)?);
        let head = readers.committed_head().map_err(engine)?;
        let step = i32::try_from(options.checkpoint_bytes / u64::from(options.page_size.max(1))).unwrap_or(i32::MAX);
        let checkpoints = Checkpoints::watch(&mut connection, place.join()?, step).map_err(engine)?;
        let shared = Arc::new(Shared {
            staging: Staging::after(head, Arc::clone(&filter), &options),
            index,
            durable: Watermark::at(head),
            failure: OnceLock::new(),
        });
        let writer = Writer {
            connection,
            shared: Arc::clone(&shared),
            before_commit: options.before_commit,
            max_batch: options.max_batch,
            checkpoints,
        };
        let thread = std::thread::Builder::new().name("log-writer".into()).spawn(move || writer.run());
        let thread = thread.map_err(|source| OpenError::Io { doing: "starting the writer of", path: file, source })?;
        let filling = Filling::start(Arc::clone(&readers), filter);
        Ok(SqliteEventStore { shared, readers, filling, writer: Mutex::new(Some(thread)), _folder: folder.clone() })
    }

    /// Why the store takes no more events, in the words of the engine; `None` while all is well.
    pub fn failure(&self) -> Option<&str> {
        self.shared.failure.get().map(String::as_str)
    }

    /// Whether a commit failed: then reading durable events is all that still works.
    pub fn is_failed(&self) -> bool {
        self.failure().is_some()
    }

    /// Takes no more events, commits what is staged, and moves everything into the database file. Blocks meanwhile.
    /// Durable events can still be read.
    ///
    /// # Errors
    /// The store failed, now or before.
    pub fn close(&self) -> Result<(), StoreError> {
        self.filling.stop();
        self.shared.staging.close("it is closed");
        if let Some(writer) = self.writer.lock().take() {
            // A panic of the writer is in the failure.
            let _ = writer.join();
        }
        self.shared.index.stop();
        self.failure().map_or(Ok(()), |reason| Err(unavailable("closing", reason)))
    }

    async fn reach(&self, position: u64, doing: &'static str) -> Result<u64, StoreError> {
        self.shared.durable.wait(position).await.map_err(|reason| unavailable(doing, &reason))
    }

    /// What the file says of an append. The position is read first: the answer holds at least what was durable then.
    fn witness(&self, stream: Option<&Stream>, events: &[NewEvent]) -> Result<Witness, StoreError> {
        let as_of = self.shared.durable.reached();
        let marks: Vec<Mark> = events.iter().flat_map(|event| event.marks.iter().copied()).collect();
        Ok(Witness { found: self.readers.look_up(stream, &marks)?, as_of })
    }

    async fn forward(
        &self,
        stream: &Stream,
        from: u64,
        limit: usize,
        staged: &[Arc<Recorded>],
    ) -> Result<Vec<Recorded>, StoreError> {
        let first_staged = staged.first().map_or(u64::MAX, |event| event.revision);
        let mut events: Vec<Recorded> = Vec::new();
        let mut next = from;
        while next < first_staged && events.len() < limit {
            let page = self.readers.read_stream(stream, next, Direction::Forward, limit - events.len())?;
            let more = page.len() == PAGE;
            next += page.len() as u64;
            events.extend(page);
            if !more {
                break;
            }
            tokio::task::yield_now().await;
        }
        // What was committed since the staged events were looked at has been read already.
        let rest = staged.iter().filter(|event| event.revision >= next).take(limit.saturating_sub(events.len()));
        events.extend(rest.map(|event| Recorded::clone(event)));
        Ok(events)
    }

    async fn backward(
        &self,
        stream: &Stream,
        from: u64,
        limit: usize,
        staged: &[Arc<Recorded>],
    ) -> Result<Vec<Recorded>, StoreError> {
        let newest = staged.iter().rev().filter(|event| event.revision <= from).take(limit);
        let mut events: Vec<Recorded> = newest.map(|event| Recorded::clone(event)).collect();
        while events.len() < limit {
            let next = match events.last() {
                Some(Recorded { revision: 0, .. }) => break,
                Some(last) => last.revision - 1,
                None => from,
            };
            let page = self.readers.read_stream(stream, next, Direction::Backward, limit - events.len())?;
            let more = page.len() == PAGE;
            events.extend(page);
            if !more {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(events)
    }
}

#[async_trait]
impl EventStore for SqliteEventStore {
    async fn append(
        &self,
        stream: &Stream,
        expected: Expected,
        mut events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Err(unavailable("appending", "there is nothing to append").into());
        }
        let mut witness = None;
        loop {
            match self.shared.staging.append(stream, expected, &mut events, witness.as_ref())? {
                Outcome::Staged(appended) => return Ok(appended),
                Outcome::Unknown { head } => witness = Some(self.witness(head.then_some(stream), &events)?),
                Outcome::Full(position) => {
                    self.shared.staging.want(position);
                    self.reach(position, "appending").await?;
                    // It is durable a moment before it is settled.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn durable(&self, position: u64) -> Result<(), StoreError> {
        self.shared.staging.want(position);
        self.reach(position, "waiting for the flush").await.map(drop)
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        let as_of = self.shared.durable.reached();
        let staged = self.shared.staging.stream(stream);
        if staged.is_empty() && !self.shared.staging.may_hold_stream(stream) {
            return Ok(Vec::new());
        }
        let events = match direction {
            Direction::Forward => self.forward(stream, from, limit, &staged).await?,
            Direction::Backward => self.backward(stream, from, limit, &staged).await?,
        };
        if staged.is_empty()
            && let Some(head) = head_seen(from, direction, limit, &events)
        {
            self.shared.staging.learn(stream, head, as_of);
        }
        Ok(events)
    }

    async fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let mut events: Vec<Recorded> = Vec::new();
        while events.len() < limit {
            let after = events.last().map_or(after, |event| event.position);
            let page = self.readers.read_all(after, limit - events.len())?;
            let more = page.len() == PAGE;
            events.extend(page);
            if !more {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(events)
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(self.shared.durable.reached())
    }

    async fn wait_past(&self, position: u64) -> Result<u64, StoreError> {
        self.reach(position.saturating_add(1), "waiting for an event").await
    }

    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        match self.shared.staging.find(mark) {
            Some(event) => Ok(Some(Recorded::clone(&event))),
            None if self.shared.staging.may_hold(mark) => self.readers.find(mark),
            None => Ok(None),
        }
    }
}

impl Drop for SqliteEventStore {
    fn drop(&mut self) {
        // Whoever wants to know of a failure closes the store before.
        let _ = self.close();
    }
}

/// Where the stream ends, if these events show it: the next append then needs no look-up.
fn head_seen(from: u64, direction: Direction, limit: usize, events: &[Recorded]) -> Option<Option<u64>> {
    match (direction, events) {
        (Direction::Forward, [.., last]) if events.len() < limit => Some(Some(last.revision)),
        (Direction::Forward, []) if from == 0 && limit > 0 => Some(None),
        (Direction::Backward, [first, ..]) if from == u64::MAX => Some(Some(first.revision)),
        (Direction::Backward, []) if limit > 0 => Some(None),
        _ => None,
    }
}

fn unavailable(doing: &'static str, reason: &str) -> StoreError {
    StoreError::Unavailable { doing, reason: reason.into() }
}
