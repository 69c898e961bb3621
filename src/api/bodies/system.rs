//! How the store itself is doing.

use serde::Serialize;
use utoipa::ToSchema;

/// What a projection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectionState {
    /// It follows the log.
    Live,
    /// It is being made anew beside the one that serves.
    Rebuilding,
    /// It stopped; the log line says why.
    Failed,
}

/// A rebuild under way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct RebuildBody {
    /// Position up to which the new one was folded.
    pub checkpoint: u64,
    /// Position it must reach to take over.
    pub target: u64,
    /// The part that is done, from 0 to 1.
    pub progress: f64,
}

/// A projection and what it is at.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProjectionBody {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: ProjectionState,
    /// Position of the last event it holds.
    pub checkpoint: u64,
    /// Positions between that and the head of the log.
    pub lag: u64,
    /// The rebuild under way, if any.
    pub rebuild: Option<RebuildBody>,
}

/// Whether requests should be sent here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether they should.
    pub ready: bool,
    /// Why not.
    pub reasons: Vec<String>,
}

/// Whether a person must look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// Whether all is well.
    pub healthy: bool,
    /// What is not.
    pub reasons: Vec<String>,
    /// Stored events that could not be opened and have no tombstone.
    pub damage: u64,
}
