//! The composed contact, now and as it was (rule 22).

use dossier_domain::rejection::Rejection;
use dossier_domain::values::reference::Reference;

use super::contact_body::{contact_body, in_use};
use super::tree::Tree;
use crate::api::bodies::{ContactBody, ResolvedFrom};
use crate::app::AppError;
use crate::app::query::AsOf;
use crate::house::House;

impl House {
    /// What a contact shows, or its root if it is absorbed; of the past, with the merges active then.
    ///
    /// In the past too, the reference is looked up as things are now, and values are shown by the custom fields in use now.
    ///
    /// # Errors
    /// Not found, erased (by its id alone), ambiguous; there is no such workspace; a store failed.
    pub async fn contact(
        &self,
        workspace: &str,
        reference: &Reference,
        as_of: Option<AsOf>,
    ) -> Result<ContactBody, AppError> {
        let known = self.known_workspace(workspace).await?;
        let (tree, now) = match as_of {
            None => (self.live_tree_of(workspace, reference).await?, self.wall.now()),
            Some(as_of) => {
                let id = self.bearer(workspace, reference).await?;
                let found = self.past_tree(workspace, id, as_of).await;
                found.map_err(|error| only_by_id(error, reference))?
            }
        };
        let view = in_use(tree.view(), &known.fields);
        Ok(contact_body(&view, resolved_from(&tree, reference), known.state.settings.active_days, now))
    }
}

/// How a reference to an absorbed contact led to its root.
fn resolved_from(tree: &Tree, reference: &Reference) -> Option<ResolvedFrom> {
    let merge_id = tree.absorbed_by()?;
    Some(ResolvedFrom { reference: reference.to_string(), contact_id: tree.asked().id, merge_id })
}

/// That a contact was erased is told to whoever knows its id.
fn only_by_id(error: AppError, reference: &Reference) -> AppError {
    match (error, reference) {
        (error, Reference::Id(_)) => error,
        (AppError::Rejected(Rejection::ContactErased { .. }), _) => Rejection::ContactNotFound.into(),
        (error, _) => error,
    }
}
