//! Read models: what each is at, and making one anew beside the one that serves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::House;
use crate::api::bodies::{ProjectionBody, ProjectionState, RebuildBody};
use crate::app::AppError;
use crate::ports::read_store::{Beside, Projection};
use crate::projecting::{PAGE, RebuildProgress, rebuild};
use parking_lot::Mutex;

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
            None if self.runner.leads() && self.runner.state().failure.is_some() => ProjectionState::Failed,
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
    /// There is no such projection; another process projects; a store failed.
    pub async fn begin_rebuild(self: &Arc<Self>, name: &str) -> Result<ProjectionBody, AppError> {
        let projection = Projection::from_name(name).ok_or(AppError::UnknownProjection)?;
        self.must_lead().await?;
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
    /// Another process projects; a store failed. The old one then stays.
    pub async fn rebuild(
        &self,
        projection: Projection,
        mut progress: impl FnMut(RebuildProgress),
    ) -> Result<(), AppError> {
        self.must_lead().await?;
        let beside = self.read.beside(projection).await?;
        let mut tell = |now: RebuildProgress| {
            if let Some(known) = self.rebuilds.lock().get_mut(&projection) {
                *known = now;
            }
            progress(now);
        };
        match self.fold_beside(projection, &*beside, &mut tell).await {
            Ok(()) => self.runner.replace(projection, beside).await,
            Err(error) => {
                beside.discard().await?;
                Err(error)
            }
        }
    }

    /// Folds beside what serves. What comes in meanwhile is folded too, until so little is left that the projections may
    /// stand still for it.
    async fn fold_beside(
        &self,
        projection: Projection,
        beside: &dyn Beside,
        mut tell: impl FnMut(RebuildProgress),
    ) -> Result<(), AppError> {
        loop {
            let head = self.store.head().await?;
            drop(rebuild(self.runner.inputs(), beside.store(), &[projection], head, &mut tell).await?);
            if self.store.read_all(head, PAGE).await?.len() < PAGE {
                return Ok(());
            }
        }
    }
}
