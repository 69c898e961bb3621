//! Waiting for the read models, always bounded.

use std::time::Duration;

use crate::app::AppError;
use crate::house::House;

/// How long a query waits until the read models know what this process knows (rule 2).
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

impl House {
    /// Waits until every read model has reached a position, at most so long.
    ///
    /// # Errors
    /// [`AppError::ProjectionBehind`] if that was not enough.
    pub async fn wait_for(&self, wanted: u64, at_most: Duration) -> Result<(), AppError> {
        let reached = tokio::time::timeout(at_most, self.runner.reached(wanted)).await;
        reached.map_err(|_| AppError::ProjectionBehind { wanted, reached: self.runner.state().reached })
    }

    /// Waits until the read models know every command that this process has answered.
    pub(super) async fn wait_for_own(&self) -> Result<(), AppError> {
        let newest = self.app.newest();
        // What nobody waits for lingers in the log before it is flushed; here somebody does.
        self.durable(newest).await?;
        self.wait_shortly_for(newest).await
    }

    /// Waits until the read models have reached what is known to be in the log.
    pub(super) async fn wait_shortly_for(&self, position: u64) -> Result<(), AppError> {
        self.wait_for(position, KNOWN_WITHIN).await
    }
}
