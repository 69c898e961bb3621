//! The feed: every event of a workspace in the order of the log, in the form of the timeline's entries.

use super::entries::entry;
use crate::api::bodies::EventPage;
use crate::app::AppError;
use crate::house::House;

impl House {
    /// The durable events of a workspace among the `limit` that follow a position, of the types named (of all if none
    /// is), and how far the log was read.
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
        let mut page = EventPage { entries: Vec::new(), reached: after };
        for recorded in self.store.read_all(after, limit).await? {
            page.reached = recorded.position;
            if !types.is_empty() && !types.iter().any(|name| **name == *recorded.event.event_type) {
                continue;
            }
            // Whose it is can be read without a key; only what is shown is opened.
            if *self.codec.glance(&recorded)?.meta.workspace == *workspace {
                let opened = self.codec.open(&recorded).await?;
                page.entries.push(entry(&recorded, &opened, None));
            }
        }
        Ok(page)
    }

    /// Waits until a durable event stands after a position, and answers the head of the log.
    ///
    /// # Errors
    /// A store failed.
    pub async fn wait_past(&self, position: u64) -> Result<u64, AppError> {
        Ok(self.store.wait_past(position).await?)
    }
}
