//! The one writer: whatever has queued goes into one transaction and one flush.

use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, params};

use super::checkpoints::Checkpoints;
use super::index::Index;
use super::options::BeforeCommit;
use super::rows::{marks_blob, stream_key, to_sql};
use super::staging::Staging;
use crate::adapters::watermark::Watermark;
use crate::ports::Recorded;

/// What the writer shares with those who append and wait.
pub(super) struct Shared {
    pub(super) staging: Staging,
    pub(super) index: Arc<Index>,
    pub(super) durable: Watermark,
    /// Why the store is failed for good.
    pub(super) failure: OnceLock<String>,
}

impl Shared {
    /// From now on nothing is taken, and what is not durable never will be.
    fn fail(&self, reason: String) {
        tracing::error!(%reason, "the event store failed and takes no more events");
        // Whoever is woken finds the reason. The first one is the one that counts.
        let reason = self.failure.get_or_init(|| reason);
        self.staging.fail(reason);
        self.durable.end(reason);
    }
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) before_commit: BeforeCommit,
    pub(super) max_batch: usize,
    pub(super) checkpoints: Checkpoints,
}

impl Writer {
    /// Commits until the store is closed and nothing is left, or a commit fails.
    pub(super) fn run(mut self) {
        let _guard = FailOnPanic(Arc::clone(&self.shared));
        while let Some(batch) = self.shared.staging.take(self.max_batch) {
            if let Err(reason) = self.commit(&batch) {
                return self.shared.fail(reason);
            }
            // Before anybody may take it for settled: it is found here from now on.
            self.shared.index.add(&batch);
            if let Some(last) = batch.last() {
                self.shared.durable.advance(last.position);
            }
            self.shared.staging.settle(&batch);
            self.checkpoints.after_commit(&self.connection);
        }
        self.shared.durable.end("it is closed");
        self.checkpoints.finish(&self.connection);
    }

    fn commit(&mut self, batch: &[Arc<Recorded>]) -> Result<(), String> {
        let transaction = self.connection.transaction().map_err(|error| error.to_string())?;
        insert(&transaction, batch).map_err(|error| error.to_string())?;
        (self.before_commit)()?;
        transaction.commit().map_err(|error| error.to_string())
    }
}

fn insert(connection: &Connection, batch: &[Arc<Recorded>]) -> rusqlite::Result<()> {
    let mut events = connection.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    for Recorded { position, revision, stream, event } in batch.iter().map(AsRef::as_ref) {
        events.execute(params![
            to_sql(*position),
            stream_key(stream),
            to_sql(*revision),
            event.id.as_bytes(),
            event.event_type,
            event.version,
            event.data,
            event.meta,
            marks_blob(&event.marks),
        ])?;
    }
    Ok(())
}

/// A writer that panics leaves nobody waiting.
struct FailOnPanic(Arc<Shared>);

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("its writer panicked".into());
        }
    }
}
