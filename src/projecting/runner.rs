//! The projection runner: catches up, follows live, and tells whoever waits how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dossier_projections::tags::TagIndex;
use tokio::sync::{Mutex, watch};

use super::projectors::{Inputs, Projectors};
use super::rebuild::rebuild;
use crate::app::AppError;
use crate::ports::read_store::{Projection, ReadStore};

/// Events folded at once at most.
pub const PAGE: usize = 4_096;

/// How far the read models are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunnerState {
    /// Position that every projection has reached.
    pub reached: u64,
    /// Why it stands still, if it does.
    pub failure: Option<Arc<str>>,
}

/// Runs all projections of a read store. One runner a read store.
pub struct Runner {
    inputs: Inputs,
    /// States of contacts that the projectors remember.
    capacity: usize,
    projectors: Mutex<Projectors>,
    state: watch::Sender<RunnerState>,
    tags: parking_lot::Mutex<TagIndex>,
    damaged: AtomicU64,
}

impl Runner {
    /// A runner that goes on where the read store stands.
    ///
    /// # Errors
    /// The read store failed, or it is ahead of the log: then the log was restored from an older copy, and the read
    /// models must be rebuilt.
    pub async fn resume(inputs: Inputs, capacity: usize) -> Result<Arc<Self>, AppError> {
        let projectors = Projectors::resume(inputs.clone(), capacity).await?;
        let head = inputs.store.head().await?;
        for projection in Projection::ALL {
            let at = projectors.checkpoint(projection);
            if at > head {
                return Err(AppError::Unavailable(format!(
                    "the read model {name} is at position {at}, ahead of the log at {head}: the log was restored from \
                     an older copy; delete read-{name}.db* in the data folder and start again to rebuild it",
                    name = projection.name()
                )));
            }
        }
        let reached = projectors.lowest();
        Ok(Arc::new(Runner {
            inputs,
            capacity,
            projectors: Mutex::new(projectors),
            state: watch::Sender::new(RunnerState { reached, failure: None }),
            tags: parking_lot::Mutex::default(),
            damaged: AtomicU64::new(0),
        }))
    }

    /// Projects what the log holds beyond the checkpoints, one page; answers whether there was something.
    ///
    /// # Errors
    /// A store failed.
    pub async fn step(&self) -> Result<bool, AppError> {
        let mut projectors = self.projectors.lock().await;
        let (entries, damaged) = self.inputs.entries(projectors.lowest(), PAGE).await?;
        if entries.is_empty() {
            return Ok(false);
        }
        self.damaged.fetch_add(damaged, Ordering::Relaxed);
        for projection in Projection::ALL {
            projectors.apply(projection, &entries).await?;
            let mut tags = self.tags.lock();
            projectors.take_tagged().iter().for_each(|shown| tags.put(shown));
        }
        let reached = projectors.lowest();
        drop(projectors);
        self.state.send_replace(RunnerState { reached, failure: None });
        Ok(true)
    }

    /// Follows the log until `stop` says so. After a failure it resumes from the read store, a second later.
    pub async fn follow(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let worked = match self.step().await {
                Ok(worked) => worked,
                Err(error) => {
                    self.fail(&error).await;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            if worked {
                continue;
            }
            let reached = self.state.borrow().reached;
            tokio::select! {
                _ = self.inputs.store.wait_past(reached) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Whatever was folded since the last stored batch is dropped: the read store says where to go on.
    async fn fail(&self, error: &AppError) {
        tracing::error!(error = %error, "the projections stand still");
        self.state.send_modify(|state| state.failure = Some(error.to_string().into()));
        let mut projectors = self.projectors.lock().await;
        match Projectors::resume(self.inputs.clone(), self.capacity).await {
            Ok(resumed) => *projectors = resumed,
            Err(error) => tracing::error!(error = %error, "the projections can't be resumed"),
        }
    }

    /// Brings a projection that was folded beside up to where the living one stands, and has it put in its place.
    /// Nothing is projected meanwhile.
    ///
    /// # Errors
    /// A store failed, or `swap` did; the living one then goes on.
    pub async fn replace<S: ReadStore + 'static>(
        &self,
        projection: Projection,
        fresh: Arc<S>,
        swap: impl FnOnce(Arc<S>) -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        let mut projectors = self.projectors.lock().await;
        let living = projectors.checkpoint(projection);
        drop(rebuild(&self.inputs, fresh.clone(), &[projection], living, |_| {}).await?);
        swap(fresh)?;
        *projectors = Projectors::resume(self.inputs.clone(), self.capacity).await?;
        Ok(())
    }

    /// Waits until every projection has reached a position.
    pub async fn reached(&self, position: u64) {
        let mut state = self.state.subscribe();
        // The sender lives as long as the runner.
        let _ = state.wait_for(|state| state.reached >= position).await;
    }

    /// How far it is.
    pub fn state(&self) -> RunnerState {
        self.state.borrow().clone()
    }

    /// Events that could not be opened although nobody erased them, since the start.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The projectors, held still: nothing is projected while the guard lives.
    pub async fn projectors(&self) -> tokio::sync::MutexGuard<'_, Projectors> {
        self.projectors.lock().await
    }

    /// Which tags are in use. Holds what was projected by this runner; what was before must be put in at start.
    pub fn tags(&self) -> parking_lot::MutexGuard<'_, TagIndex> {
        self.tags.lock()
    }

    /// What the runner reads from.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}
