//! Moving the write-ahead log into the database, beside the writer.
//!
//! The bulk is copied by a connection of its own while the writer goes on; what was written meanwhile is little, and
//! the writer moves it itself, so that the write-ahead log starts again from its beginning and never grows far beyond
//! its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

/// Nobody is at it.
const IDLE: u8 = 0;
/// The other connection copies.
const COPYING: u8 = 1;
/// It is done; the writer's turn.
const COPIED: u8 = 2;

pub(super) struct Checkpoints {
    stage: Arc<AtomicU8>,
    /// Pages in the write-ahead log after the last commit.
    pages: Arc<AtomicI32>,
    step: i32,
    limit: i32,
    request: Option<Sender<()>>,
    copier: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Watches the writer's connection, copying with the other one whenever `step` pages have come together.
    pub(super) fn watch(writer: &mut Connection, copier: Connection, step: i32) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&pages);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            counted.store(count, Ordering::Relaxed);
            Ok(())
        }))?;
        let stage = Arc::new(AtomicU8::new(IDLE));
        let (request, requests) = channel();
        let copier = std::thread::Builder::new()
            .name("log-checkpoint".into())
            .spawn({
                let stage = Arc::clone(&stage);
                move || copy(&copier, &requests, &stage)
            })
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Checkpoints { stage, pages, step, limit: step, request: Some(request), copier: Some(copier) })
    }

    /// To be called by the writer between two transactions.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        match self.stage.load(Ordering::Acquire) {
            IDLE if self.pages.load(Ordering::Relaxed) >= self.limit => {
                self.stage.store(COPYING, Ordering::Release);
                if let Some(request) = &self.request
                    && request.send(()).is_err()
                {
                    self.stage.store(COPIED, Ordering::Release);
                }
            }
            COPIED => {
                self.limit = match writer.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::RESTART) {
                    Ok(_) => self.step,
                    // A reader from outside holds an old state: not before as much again has come together.
                    Err(error) => {
                        tracing::debug!(%error, "the write-ahead log of the event store could not start again");
                        self.pages.load(Ordering::Relaxed).saturating_add(self.step)
                    }
                };
                self.stage.store(IDLE, Ordering::Release);
            }
            _ => {}
        }
    }

    /// Ends the copying, and moves everything into the database.
    pub(super) fn finish(&mut self, writer: &Connection) {
        self.stop();
        if let Err(error) = writer.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE) {
            tracing::warn!(%error, "the last checkpoint of the event store failed; the next start does it");
        }
    }

    fn stop(&mut self) {
        drop(self.request.take());
        if let Some(copier) = self.copier.take() {
            // It can only have panicked, which is on stderr already.
            let _ = copier.join();
        }
    }
}

/// No connection outlives the store, so that whoever opens the file next reads it from the disk.
impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop();
    }
}

fn copy(connection: &Connection, requests: &Receiver<()>, stage: &AtomicU8) {
    while requests.recv().is_ok() {
        if let Err(error) = connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE) {
            tracing::warn!(%error, "a checkpoint of the event store failed and will be tried again");
        }
        stage.store(COPIED, Ordering::Release);
    }
}
