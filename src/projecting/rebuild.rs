//! Rebuilding: a projection is folded from the first event into an empty read store, beside the living one.

use std::sync::Arc;

use super::projectors::{Bounds, Inputs, Projectors};
use super::runner::PAGE;
use crate::app::AppError;
use crate::ports::read_store::{Projection, ReadStore};

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildProgress {
    /// Position reached.
    pub done: u64,
    /// Position to reach.
    pub head: u64,
}

/// Folds projections into an empty read store up to a position of the log, and says how far it is after every page.
///
/// # Errors
/// A store failed.
pub async fn rebuild(
    living: &Inputs,
    empty: Arc<dyn ReadStore>,
    projections: &[Projection],
    up_to: u64,
    mut progress: impl FnMut(RebuildProgress),
) -> Result<Projectors, AppError> {
    let inputs = Inputs { read: empty, ..living.clone() };
    // Nobody reads it before it is whole, and what is written seldom is written little: rows cost most of a rebuild.
    let bounds = Bounds { remembered: 100_000, ..Bounds::BULK };
    let mut projectors = Projectors::resume(inputs.clone(), bounds).await?;
    let mut done = projections.iter().map(|one| projectors.checkpoint(*one)).min().unwrap_or_default();
    let mut pages = inputs.ahead(done, up_to, PAGE);
    while let Some(page) = pages.recv().await {
        let page = page.await.map_err(|error| AppError::Internal(format!("opening a page of the log: {error}")))?;
        let (entries, _) = page?;
        let Some(last) = entries.last() else { break };
        for projection in projections {
            projectors.fold(*projection, &entries)?;
        }
        done = last.position;
        if projectors.is_full() {
            store(&mut projectors, projections).await?;
        }
        progress(RebuildProgress { done, head: up_to });
    }
    store(&mut projectors, projections).await?;
    Ok(projectors)
}

async fn store(projectors: &mut Projectors, projections: &[Projection]) -> Result<(), AppError> {
    for projection in projections {
        projectors.store(*projection).await?;
    }
    Ok(())
}
