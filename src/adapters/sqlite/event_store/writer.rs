//! The one writer: whatever has queued goes into one transaction and one flush.

use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, params};

use super::checkpoints::Checkpoints;
use super::options::BeforeCommit;
use super::rows::{marks_blob, stream_key, to_sql};
use super::staging::Staging;
use crate::adapters::watermark::Watermark;
use crate::ports::Recorded;

/// What the writer shares with those who append and wait.
pub(super) struct Shared {
    pub(super) staging: Staging,
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
    let mut marks = connection.prepare_cached("INSERT INTO marks VALUES (?1, ?2)")?;
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
    // In the order of their index: neighbours share its pages.
    let mut of_batch: Vec<_> =
        batch.iter().flat_map(|event| event.event.marks.iter().map(|mark| (mark.0, event.position))).collect();
    of_batch.sort_unstable();
    for (mark, position) in of_batch {
        marks.execute(params![mark, to_sql(position)])?;
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
