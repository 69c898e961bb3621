//! What may go wrong with a command or a query.

use dossier_domain::rejection::Rejection;
use dossier_domain::workspace::Refusal;

use crate::ports::{KeyringError, StoreError};

/// One thing that is wrong with a command.
pub use dossier_domain::problem::Problem as FieldError;

/// A failure, for whoever asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppError {
    /// The rules refuse it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A value is wrong in a way that only the state shows.
    #[error("the command is not valid")]
    Invalid(Vec<FieldError>),
    /// There is no such workspace.
    #[error("there is no such workspace")]
    UnknownWorkspace,
    /// Lost every race; try again.
    #[error("too many others change the same contact at once")]
    Busy,
    /// The read model has not reached the position asked for.
    #[error("the read model is at {reached}, not yet at {wanted}")]
    ProjectionBehind {
        /// Position asked for.
        wanted: u64,
        /// Position reached.
        reached: u64,
    },
    /// No projection has this name.
    #[error("there is no such projection")]
    UnknownProjection,
    /// No billing cycle has this name.
    #[error("there is no such billing cycle")]
    UnknownCycle,
    /// A cursor that this list did not give.
    #[error("the cursor is not one of this list")]
    BadCursor,
    /// A cursor of a feed that began anew since, or that reaches no more so far back (rule 40).
    #[error("the feed does not reach back to this cursor: read the members, and go on from next_cursor")]
    FeedReset {
        /// Where to go on.
        next_cursor: String,
    },
    /// Of several processes another one does this.
    #[error("{0}")]
    OtherProcess(String),
    /// A store can't be used now.
    #[error("a store is unavailable: {0}")]
    Unavailable(String),
    /// A bug, or damage.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => AppError::Rejected(rejection),
            Refusal::Invalid(problems) => AppError::Invalid(problems),
        }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => AppError::Unavailable(error.to_string()),
            StoreError::Damaged { .. } => AppError::Internal(error.to_string()),
        }
    }
}

impl From<KeyringError> for AppError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Unavailable { .. } => AppError::Unavailable(error.to_string()),
            KeyringError::Destroyed | KeyringError::WrongMasterKey { .. } => AppError::Internal(error.to_string()),
        }
    }
}
