//! Tag suggestions: which tags live contacts show, most used first.

use dossier_domain::values::text::fold;
use dossier_projections::index::UsedTag;

use super::cursor::{Pages, descending};
use super::search::not_there;
use crate::api::bodies::{TagBody, TagPage};
use crate::app::AppError;
use crate::house::House;

impl House {
    /// Tags that begin so, folded, at most `limit` after the cursor; most used first. Each with the number of live
    /// contacts that show it.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn tags(
        &self,
        workspace: &str,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<TagPage, AppError> {
        self.settings(workspace).await?;
        let prefix = fold(prefix.trim_start());
        let found = self.used_tags(workspace, &prefix).await?;
        let pages = Pages::of(&self.marks, &["tags", workspace, &prefix]);
        let place_of = |used: &UsedTag| [&descending(&used.count.to_be_bytes()), used.key.as_bytes()].concat();
        let (found, next_cursor) = pages.page(found, place_of, cursor, limit)?;
        let tags = found.into_iter().map(|used| TagBody { tag: used.name.to_string(), count: used.count }).collect();
        Ok(TagPage { tags, next_cursor })
    }

    async fn used_tags(&self, workspace: &str, prefix: &str) -> Result<Vec<UsedTag>, AppError> {
        if self.sharing.is_shared {
            return Ok(self.read.tables().ok_or_else(not_there)?.tags(workspace, prefix).await?);
        }
        Ok(self.directory()?.get(workspace).map(|known| known.index().tags(prefix)).unwrap_or_default())
    }
}
