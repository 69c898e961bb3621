//! The custom fields of a workspace.

use dossier_domain::rejection::Rejection;

use super::cursor::Pages;
use crate::api::bodies::{FieldBody, FieldPage};
use crate::app::AppError;
use crate::house::House;

impl House {
    /// The custom fields by their order, at most `limit` after the cursor; retired ones if they are wanted.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn fields(
        &self,
        workspace: &str,
        retired: bool,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<FieldPage, AppError> {
        let known = self.known_workspace(workspace).await?;
        let wanted = known.state.in_order().into_iter().filter(|field| retired || !field.definition.retired);
        let wanted: Vec<FieldBody> = wanted.map(FieldBody::from).collect();
        let pages = Pages::of(&self.marks, &["fields", workspace, if retired { "all" } else { "in use" }]);
        let place_of = |field: &FieldBody| [&field.order.to_be_bytes(), field.key.as_bytes()].concat();
        let (fields, next_cursor) = pages.page(wanted, place_of, cursor, limit)?;
        Ok(FieldPage { fields, next_cursor })
    }

    /// A custom field, retired or not, and the place in the log of the last event about it.
    ///
    /// # Errors
    /// No field has this key; there is no such workspace; a store failed.
    pub async fn field(&self, workspace: &str, key: &str) -> Result<(FieldBody, u64), AppError> {
        let known = self.known_workspace(workspace).await?;
        let field = known.state.fields.get(key).ok_or(Rejection::FieldNotFound { retired: false })?;
        Ok((field.into(), field.position))
    }
}
