//! The feed: every event of a workspace, in the order of the log.

use super::entries::entry;
use crate::api::bodies::EventPage;
use crate::app::AppError;
use crate::house::House;
use crate::ports::EventStore;

impl House {
    /// The next stretch of the log after a position, at most `limit` events long: of it, the events of the workspace and
    /// of the wanted types (all if none is named).
    ///
    /// # Errors
    /// There is no such workspace; a store failed.
    pub async fn events(
        &self,
        workspace: &str,
        after: u64,
        types: &[String],
        limit: usize,
    ) -> Result<EventPage, AppError> {
        self.settings(workspace).await?;
        let page = self.store.read_all(after, limit).await?;
        let reached = page.last().map_or(after, |last| last.position);
        let mut entries = Vec::new();
        for recorded in page {
            if !types.is_empty() && types.iter().all(|name| **name != *recorded.event.event_type) {
                continue;
            }
            let opened = self.codec.open(&recorded).await?;
            if *opened.meta.workspace == *workspace {
                entries.push(entry(&recorded, &opened, None));
            }
        }
        Ok(EventPage { entries, reached })
    }

    /// Waits until the log is longer than that, and answers how long it is.
    ///
    /// # Errors
    /// The log failed or was closed.
    pub async fn wait_past(&self, position: u64) -> Result<u64, AppError> {
        Ok(self.store.wait_past(position).await?)
    }
}
