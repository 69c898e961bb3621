//! Rebuilding: a projection is folded from the first event into an empty read store, beside the living one.

use std::sync::Arc;

use dossier_projections::documents::Entry;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;

use super::bulk;
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

/// A contact takes about a kilobyte. What is not remembered when it changes again must be read, opened and decoded; and
/// nobody reads what is being rebuilt, so it may wait until each contact is written seldom.
const BOUNDS: Bounds = Bounds { remembered: 1 << 19, contacts_pending: 1 << 18, events_pending: u64::MAX };
/// Pages that are opened ahead of the fold.
const AHEAD: usize = 4;

/// Folds projections into an empty read store up to a position of the log, and says how far it is after every page.
/// Opening, folding and storing go on side by side.
///
/// # Errors
/// A store failed.
pub async fn rebuild(
    living: &Inputs,
    empty: Arc<dyn ReadStore>,
    projections: &[Projection],
    up_to: u64,
    progress: impl FnMut(RebuildProgress),
) -> Result<Projectors, AppError> {
    rebuild_within((BOUNDS, bulk::Bounds::default()), living, empty, projections, up_to, progress).await
}

async fn rebuild_within(
    (bounds, in_bulk): (Bounds, bulk::Bounds),
    living: &Inputs,
    empty: Arc<dyn ReadStore>,
    projections: &[Projection],
    up_to: u64,
    mut progress: impl FnMut(RebuildProgress),
) -> Result<Projectors, AppError> {
    let inputs = Inputs { read: empty, ..living.clone() };
    if projections.contains(&Projection::Contacts) && inputs.read.checkpoint(Projection::Contacts).await? == 0 {
        bulk::fold_contacts(&inputs, up_to, in_bulk, &mut progress).await?;
    }
    let mut projectors = Projectors::resume(inputs, bounds).await?;
    let after = projections.iter().map(|one| projectors.checkpoint(*one)).min().unwrap_or_default();
    let mut pages = opened_ahead(living.clone(), after, up_to);
    while let Some(entries) = pages.recv().await.transpose()? {
        for projection in projections {
            projectors.fold(*projection, &entries)?;
        }
        if projectors.is_full() {
            for projection in projections {
                projectors.store_beside(*projection).await?;
            }
        }
        let done = entries.last().map_or(up_to, |entry| entry.position);
        progress(RebuildProgress { done, head: up_to });
    }
    for projection in projections {
        projectors.store(*projection).await?;
    }
    Ok(projectors)
}

/// The entries of the log between two positions, page by page, read and opened by a thread of their own. It ends when
/// nobody takes them any more.
fn opened_ahead(inputs: Inputs, mut after: u64, up_to: u64) -> Receiver<Result<Vec<Entry>, AppError>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(AHEAD);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        while after < up_to {
            let mut page = handle.block_on(inputs.entries(after, PAGE)).map(|(entries, _)| entries);
            match page.as_mut().map(|entries| (entries.last().map(|last| last.position), entries)) {
                Ok((Some(last), entries)) => {
                    after = last;
                    // Positions may have gaps, so what lies beyond the end is known only when it was read.
                    entries.truncate(entries.partition_point(|entry| entry.position <= up_to));
                }
                Ok((None, _)) => return,
                Err(_) => after = up_to,
            }
            if sender.blocking_send(page).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
#[path = "rebuild_tests.rs"]
mod tests;
