//! Read models: what each is at, and making one anew beside the one that serves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;

use super::House;
use crate::adapters::sqlite::SqliteReadStore;
use crate::api::bodies::{ProjectionBody, ProjectionState, RebuildBody};
use crate::app::AppError;
use crate::ports::EventStore;
use crate::ports::read_store::{Projection, ReadStore};
use crate::projecting::{PAGE, RebuildProgress, rebuild};

/// What folders of read models begin with that are only needed while something is compared or rebuilt.
const SCRATCH: &str = "scratch-";

/// The rebuilds under way, and how far each is.
pub(super) type Rebuilds = Mutex<HashMap<Projection, RebuildProgress>>;

impl House {
    /// What every projection is at.
    ///
    /// # Errors
    /// A store failed.
    pub async fn projections(&self) -> Result<Vec<ProjectionBody>, AppError> {
        let mut all = Vec::with_capacity(Projection::ALL.len());
        for projection in Projection::ALL {
            all.push(self.projection(projection).await?);
        }
        Ok(all)
    }

    async fn projection(&self, projection: Projection) -> Result<ProjectionBody, AppError> {
        let rebuild = self.rebuilds.lock().get(&projection).copied();
        let state = match rebuild {
            Some(_) => ProjectionState::Rebuilding,
            None if self.runner.state().failure.is_some() => ProjectionState::Failed,
            None => ProjectionState::Live,
        };
        // The checkpoint first: the log may grow meanwhile, and no projection is ahead of it.
        let checkpoint = self.read.checkpoint(projection).await?;
        let lag = self.store.head().await?.saturating_sub(checkpoint);
        let rebuild = rebuild.map(|RebuildProgress { done, head }| RebuildBody {
            checkpoint: done,
            target: head,
            progress: if head == 0 { 1.0 } else { done as f64 / head as f64 },
        });
        Ok(ProjectionBody { name: projection.name().to_owned(), state, checkpoint, lag, rebuild })
    }

    /// Begins to make a projection anew, and answers what it is at. One under way goes on.
    ///
    /// # Errors
    /// There is no such projection; a store failed.
    pub async fn begin_rebuild(self: &Arc<Self>, name: &str) -> Result<ProjectionBody, AppError> {
        let projection = Projection::from_name(name).ok_or(AppError::UnknownProjection)?;
        let head = self.store.head().await?;
        let is_first = match self.rebuilds.lock().entry(projection) {
            Entry::Occupied(_) => false,
            Entry::Vacant(none) => {
                none.insert(RebuildProgress { done: 0, head });
                true
            }
        };
        if is_first {
            let (house, mut stop) = (self.clone(), self.stop.subscribe());
            tokio::spawn(async move {
                tokio::select! {
                    done = house.rebuild(projection, |_| {}) => if let Err(error) = done {
                        tracing::error!(%error, projection = projection.name(), "a rebuild failed; the old one serves on");
                    },
                    _ = stop.wait_for(|stop| *stop) => {}
                }
                house.rebuilds.lock().remove(&projection);
            });
        }
        self.projection(projection).await
    }

    /// Makes a projection anew from the first event, while the old one serves, and then puts it in its place.
    ///
    /// # Errors
    /// A store failed; the old one then stays.
    pub async fn rebuild(
        &self,
        projection: Projection,
        mut progress: impl FnMut(RebuildProgress),
    ) -> Result<(), AppError> {
        let scratch = self.scratch()?;
        let fresh = Arc::new(SqliteReadStore::open(scratch.path(), self.codec.clone(), self.marks.clone())?);
        let mut tell = |now: RebuildProgress| {
            if let Some(known) = self.rebuilds.lock().get_mut(&projection) {
                *known = now;
            }
            progress(now);
        };
        // What comes in meanwhile is folded too, until so little is left that the projections may stand still for it.
        loop {
            let (head, done) = (self.store.head().await?, fresh.checkpoint(projection).await?);
            drop(rebuild(self.runner.inputs(), fresh.clone(), &[projection], head, &mut tell).await?);
            if head - done <= PAGE as u64 {
                break;
            }
        }
        let swap = |fresh: Arc<SqliteReadStore>| match Arc::into_inner(fresh) {
            Some(fresh) => Ok(self.read.swap(projection, fresh)?),
            None => Err(AppError::Internal("a rebuilt read model is in use before it serves".to_owned())),
        };
        self.runner.replace(projection, fresh, swap).await
    }

    /// A folder beside the read models, gone when it is dropped. Whatever lies in it is sealed as they are.
    ///
    /// # Errors
    /// It can't be made.
    pub fn scratch(&self) -> Result<TempDir, AppError> {
        let made = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&self.path);
        made.map_err(|error| AppError::Unavailable(format!("no scratch folder can be made: {error}")))
    }

    /// Destroys snapshots that a process left behind which was killed while it wrote them.
    pub(super) fn clear_snapshots(&self) {
        if let Err(error) = self.snapshots.destroy_unfinished() {
            tracing::warn!(%error, "an unfinished snapshot of the index stays behind");
        }
    }

    /// Removes scratch folders that a process left behind which was killed.
    pub(super) fn clear_scratch(&self) {
        let Ok(entries) = std::fs::read_dir(&self.path) else { return };
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(SCRATCH)) {
            if let Err(error) = std::fs::remove_dir_all(entry.path()) {
                tracing::warn!(%error, "a scratch folder of an earlier run stays behind");
            }
        }
    }
}
