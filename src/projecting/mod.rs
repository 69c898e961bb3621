//! Projecting: the log is read in global order, opened once, and folded into every read model.

mod bulk;
mod composing;
mod filling;
mod indexing;
mod leading;
mod projectors;
mod rebuild;
mod runner;
mod snapshot;
mod tail;
mod verify;

pub use projectors::{Bounds, Inputs, Projectors};
pub use rebuild::{RebuildProgress, rebuild};
pub use runner::{PAGE, Runner, RunnerState};
pub use snapshot::{Unfit, Unwritten};
pub use verify::{Verdict, verify};

use crate::app::AppError;
use crate::ports::read_store::ReadError;

impl From<ReadError> for AppError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoPlace => AppError::BadCursor,
            ReadError::Unavailable { .. } => AppError::Unavailable(error.to_string()),
            ReadError::Fenced => AppError::OtherProcess(error.to_string()),
            ReadError::CheckpointMoved { .. } => AppError::Internal(error.to_string()),
        }
    }
}
