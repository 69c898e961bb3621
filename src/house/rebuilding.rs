//! Rebuilding a projection of a house that goes on: folded anew beside the one that serves, and put in its place when it
//! has caught up (decision 12).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::House;
use crate::adapters::sqlite::SqliteReadStore;
use crate::api::bodies::{ProjectionBody, RebuildBody};
use crate::app::AppError;
use crate::ports::EventStore;
use crate::ports::read_store::{Projection, ReadStore};
use crate::projecting::{PAGE, RebuildProgress, rebuild};

/// The rebuilds under way.
#[derive(Debug, Default)]
pub(super) struct Rebuilds(Mutex<HashMap<Projection, RebuildProgress>>);

impl Rebuilds {
    pub(super) fn under_way(&self, projection: Projection) -> Option<RebuildBody> {
        self.0.lock().get(&projection).map(|progress| RebuildBody {
            checkpoint: progress.done,
            target: progress.head,
            progress: if progress.head == 0 { 1.0 } else { progress.done as f64 / progress.head as f64 },
        })
    }

    /// Enters a rebuild up to a position at least; `None` if one is under way.
    fn enter(self: &Arc<Self>, projection: Projection, head: u64) -> Option<Entered> {
        let mut under_way = self.0.lock();
        if under_way.contains_key(&projection) {
            return None;
        }
        under_way.insert(projection, RebuildProgress { done: 0, head });
        Some(Entered { rebuilds: self.clone(), projection })
    }
}

/// A rebuild on the list, until this is dropped, however it ends.
struct Entered {
    rebuilds: Arc<Rebuilds>,
    projection: Projection,
}

impl Entered {
    fn at(&self, progress: RebuildProgress) {
        self.rebuilds.0.lock().insert(self.projection, progress);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.rebuilds.0.lock().remove(&self.projection);
    }
}

impl House {
    /// Begins to rebuild a projection, and answers at once; one under way goes on.
    ///
    /// # Errors
    /// [`AppError::UnknownProjection`]; a store failed.
    pub async fn begin_rebuild(self: &Arc<Self>, name: &str) -> Result<ProjectionBody, AppError> {
        let projection = Projection::from_name(name).ok_or(AppError::UnknownProjection)?;
        if let Some(entered) = self.rebuilds.enter(projection, self.store.head().await?) {
            let house = self.clone();
            tokio::spawn(async move {
                if let Err(error) = house.rebuild_beside(&entered, |_| {}).await {
                    tracing::error!(projection = projection.name(), %error, "a rebuild failed; the old rows serve on");
                }
            });
        }
        self.projection(projection).await
    }

    /// Rebuilds a projection to the end, telling how far it is.
    ///
    /// # Errors
    /// [`AppError::UnknownProjection`]; [`AppError::Busy`] while it is being rebuilt already; a store failed: the old
    /// rows then serve on.
    pub async fn rebuild(&self, name: &str, progress: impl FnMut(RebuildProgress)) -> Result<(), AppError> {
        let projection = Projection::from_name(name).ok_or(AppError::UnknownProjection)?;
        let entered = self.rebuilds.enter(projection, self.store.head().await?).ok_or(AppError::Busy)?;
        self.rebuild_beside(&entered, progress).await
    }

    async fn rebuild_beside(
        &self,
        entered: &Entered,
        mut progress: impl FnMut(RebuildProgress),
    ) -> Result<(), AppError> {
        let projection = entered.projection;
        let mut tell = |at| {
            entered.at(at);
            progress(at);
        };
        // What an earlier process left of a rebuild is of no use: nobody knows whether it was whole.
        let beside = self.beside(projection);
        clear(&beside)?;
        std::fs::create_dir_all(&beside).map_err(|error| io("making room for a rebuild", &error))?;
        let fresh = Arc::new(SqliteReadStore::open(&beside, self.codec.clone(), self.marks.clone())?);
        let inputs = self.runner.inputs().clone();
        loop {
            let (head, done) = (self.store.head().await?, fresh.checkpoint(projection).await?);
            if done + PAGE as u64 >= head {
                break;
            }
            rebuild(&inputs, fresh.clone(), &[projection], head, &mut tell).await?;
        }
        // The last page is folded while the projections are held still; so nothing comes between it and the swap.
        let mut projectors = self.runner.projectors().await;
        let up_to = self.read.checkpoint(projection).await?;
        rebuild(&inputs, fresh.clone(), &[projection], up_to, &mut tell).await?;
        let fresh = Arc::into_inner(fresh).ok_or_else(|| AppError::Internal("a rebuild is still read".into()))?;
        self.read.swap(projection, fresh)?;
        projectors.resume_again(self.projected).await?;
        if projection == Projection::Contacts {
            self.count_tags().await?;
        }
        drop(projectors);
        clear(&beside)
    }

    /// Removes what a process that was cut off left of its rebuilds.
    pub(super) fn clear_rebuilds(&self) -> Result<(), AppError> {
        Projection::ALL.into_iter().try_for_each(|projection| clear(&self.beside(projection)))
    }

    /// Where a projection is made anew. In the data folder, so that putting it in place is a change of names.
    fn beside(&self, projection: Projection) -> PathBuf {
        self.path.join(format!("rebuild-{}", projection.name()))
    }
}

fn clear(folder: &PathBuf) -> Result<(), AppError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("clearing a rebuild away", &error)),
        _ => Ok(()),
    }
}

fn io(doing: &str, error: &std::io::Error) -> AppError {
    AppError::Unavailable(format!("{doing}: {error}"))
}
