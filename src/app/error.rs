//! What may go wrong with a command or a query.

use dossier_domain::rejection::Rejection;

use crate::ports::{KeyringError, StoreError};

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
    /// A store can't be used now.
    #[error("a store is unavailable: {0}")]
    Unavailable(String),
    /// A bug, or damage.
    #[error("internal: {0}")]
    Internal(String),
}

/// One thing that is wrong with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer to it.
    pub pointer: String,
    /// What is wrong, for programs: snake_case.
    pub code: &'static str,
    /// What is wrong and what to do, for people; never the value itself.
    pub message: String,
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
