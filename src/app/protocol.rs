//! What spans streams: short protocols of single appends at exact revisions, legal at every crash point (merging.md).
//!
//! Whoever meets something unfinished finishes it, by these same functions; nobody waits, and nothing is cancelled
//! except in the stream that decides.

use std::future::Future;
use std::sync::Arc;

use dossier_domain::rejection::Rejection;

use super::error::AppError;
use super::streams::{Lost, Streams};
use crate::ports::Keyring;
use crate::sealing::Marks;

#[cfg(feature = "sabotage")]
mod broken;
pub mod claim;
pub mod create;
pub mod erase;
pub mod inbound;
pub mod merge;
pub mod resolve;
pub mod unmerge;

/// How often a protocol starts again before it gives up. Every restart means that somebody else got something done.
const ATTEMPTS_MAX: usize = 10_000;

/// What the protocols work on.
pub struct Engine {
    /// Streams as states.
    pub streams: Streams,
    /// Keys of contacts.
    pub keyring: Arc<dyn Keyring>,
    /// Keyed hashes.
    pub marks: Marks,
}

/// Why an attempt went no further.
#[derive(Debug)]
pub enum Stop {
    /// Something moved on, or was finished on the way: start again from the first read.
    Again,
    /// A mark of the events is borne by another.
    MarkTaken {
        /// Where it is.
        position: u64,
    },
    /// The rules refuse it.
    Rejected(Rejection),
    /// A store failed, or a value is wrong.
    Failed(AppError),
}

impl From<Lost> for Stop {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Race => Stop::Again,
            Lost::MarkTaken { position } => Stop::MarkTaken { position },
            Lost::Failed(error) => Stop::Failed(error),
        }
    }
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Rejected(rejection) => Stop::Rejected(rejection),
            error => Stop::Failed(error),
        }
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Stop::Rejected(rejection)
    }
}

/// Why a protocol ended without its answer.
#[derive(Debug)]
pub enum Ended {
    /// A mark of the events is borne by another: the command was carried out before.
    MarkTaken {
        /// Where it is.
        position: u64,
    },
    /// Refused or failed.
    Error(AppError),
}

impl From<AppError> for Ended {
    fn from(error: AppError) -> Self {
        Ended::Error(error)
    }
}

/// Tries until an attempt ends in something else than "again".
///
/// # Errors
/// What the last attempt ended in; `busy` where others never left it alone.
pub async fn repeat<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Ended>
where
    F: Future<Output = Result<T, Stop>>,
{
    for _ in 0..ATTEMPTS_MAX {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(Stop::Again) => {}
            Err(Stop::MarkTaken { position }) => return Err(Ended::MarkTaken { position }),
            Err(Stop::Rejected(rejection)) => return Err(Ended::Error(rejection.into())),
            Err(Stop::Failed(error)) => return Err(Ended::Error(error)),
        }
    }
    Err(Ended::Error(AppError::Busy))
}

/// An append on the way to something else, of events without marks: a lost race only means that another did it.
fn helped<T>(outcome: Result<T, Lost>) -> Result<(), Stop> {
    match outcome {
        Ok(_) | Err(Lost::Race) => Ok(()),
        Err(lost) => Err(lost.into()),
    }
}
