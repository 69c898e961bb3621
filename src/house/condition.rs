//! How the house itself is doing: whether requests should be sent to it, and whether a person must look.

use std::sync::OnceLock;

use super::House;
use crate::api::bodies::{Health, ProjectionBody, ProjectionState, Readiness};
use crate::app::AppError;
use crate::ports::EventStore;
use crate::ports::read_store::{Projection, ReadStore};

/// What became of starting: nothing yet, done, or why it failed.
#[derive(Debug, Default)]
pub(super) struct Started(OnceLock<Result<(), String>>);

impl Started {
    /// Notes the outcome; the first one stands.
    pub(super) fn ended(&self, outcome: &Result<(), AppError>) {
        let told = outcome.as_ref().map(|()| ()).map_err(ToString::to_string);
        // A second start changes nothing that is told.
        let _ = self.0.set(told);
    }
}

impl House {
    /// Whether requests should be sent here: it has caught up since it was opened, and its projections move.
    pub fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        match self.started.0.get() {
            None => reasons.push("it is starting: the read models catch up with the log".to_owned()),
            Some(Err(error)) => reasons.push(format!("it could not start: {error}")),
            Some(Ok(())) => {}
        }
        reasons.extend(self.standing_still());
        reasons.extend(self.store_failure());
        Readiness { ready: reasons.is_empty(), reasons }
    }

    /// Whether a person must look: a store failed, or stored events can't be opened though nobody erased them.
    pub fn health(&self) -> Health {
        let damage = self.runner.damaged();
        let mut reasons: Vec<_> = self.store_failure().into_iter().chain(self.standing_still()).collect();
        if damage > 0 {
            reasons.push(format!(
                "{damage} events read since the start can't be opened, though nobody erased them: stop it and run \
                 dossier verify, which names them"
            ));
        }
        Health { healthy: reasons.is_empty(), reasons, damage }
    }

    /// What every projection is at.
    ///
    /// # Errors
    /// A store failed.
    pub async fn projections(&self) -> Result<Vec<ProjectionBody>, AppError> {
        let mut bodies = Vec::new();
        for projection in Projection::ALL {
            bodies.push(self.projection(projection).await?);
        }
        Ok(bodies)
    }

    pub(super) async fn projection(&self, projection: Projection) -> Result<ProjectionBody, AppError> {
        // The head is read last: a projection is never ahead of it.
        let checkpoint = self.read.checkpoint(projection).await?;
        let head = self.store.head().await?;
        let rebuild = self.rebuilds.under_way(projection);
        let state = match (&rebuild, self.runner.state().failure) {
            (Some(_), _) => ProjectionState::Rebuilding,
            (None, Some(_)) => ProjectionState::Failed,
            (None, None) => ProjectionState::Live,
        };
        let name = projection.name().to_owned();
        Ok(ProjectionBody { name, state, checkpoint, lag: head.saturating_sub(checkpoint), rebuild })
    }

    fn standing_still(&self) -> Option<String> {
        self.runner.state().failure.map(|failure| format!("the projections stand still: {failure}"))
    }

    fn store_failure(&self) -> Option<String> {
        self.store.failure().map(|failure| format!("the event store takes no more events: {failure}"))
    }
}
