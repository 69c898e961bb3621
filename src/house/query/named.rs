//! From a reference to the contact that bears it, for reading (rule 2). Nothing unfinished is finished here: an edge
//! alone says who is absorbed, so a reader need not wait for anybody.

use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Life;
use dossier_domain::values::reference::Reference;

use super::tree::{States, Tree};
use crate::app::AppError;
use crate::app::ask::Handle;
use crate::house::House;

impl House {
    /// The contact that bears the reference. For one by email or phone, the root that shows the value, or absorbed a
    /// contact that does.
    pub(super) async fn bearer(&self, workspace: &str, reference: &Reference) -> Result<ContactId, AppError> {
        match reference {
            Reference::Id(id) => Ok(*id),
            Reference::Channel { channel, external_id } => {
                let handle = Handle { channel: channel.clone(), external_id: external_id.clone() };
                self.holder(workspace, &handle).await?.ok_or(Rejection::ContactNotFound.into())
            }
            Reference::Email(_) | Reference::Phone(_) => {
                self.wait_for_own().await?;
                let mut found = self.app.matches(workspace, reference).await?;
                match found.len() {
                    0 => Err(Rejection::ContactNotFound.into()),
                    1 => Ok(found.remove(0)),
                    _ => Err(Rejection::AmbiguousReference { candidates: found }.into()),
                }
            }
        }
    }

    /// The contact that holds a handle: the one that the identity's stream names, unless it has let go already.
    async fn holder(&self, workspace: &str, handle: &Handle) -> Result<Option<ContactId>, AppError> {
        let engine = self.app.engine();
        let identity = engine.streams.identity(engine.named(workspace, handle).identity).await?;
        let Some(claim) = identity.claim else { return Ok(None) };
        self.wait_for_own().await?;
        let Some(owner) = self.own(claim.owner).await? else { return Ok(None) };
        let let_go = owner.identity(identity.id).is_some_and(|own| own.epoch == claim.epoch && !own.connected);
        Ok((!let_go).then_some(claim.owner))
    }

    /// The tree around the contact that a reference names, erased ones included.
    ///
    /// An erased contact is found by its id alone: its values and handles are free again (rule 18).
    pub(super) async fn tree_of(&self, workspace: &str, reference: &Reference) -> Result<Tree, AppError> {
        self.settings(workspace).await?;
        let id = self.bearer(workspace, reference).await?;
        let tree = match self.tree(id).await? {
            Some(tree) => Some(tree),
            // It may have been made a moment ago, by a command that was answered already.
            None => {
                self.wait_for_own().await?;
                self.tree(id).await?
            }
        };
        let tree = tree.filter(|tree| *tree.asked().workspace == *workspace);
        let tree = tree.filter(|tree| matches!(reference, Reference::Id(_)) || !tree.is_erased());
        tree.ok_or(Rejection::ContactNotFound.into())
    }

    /// As [`House::tree_of`], of a contact that is not erased.
    pub(super) async fn live_tree_of(&self, workspace: &str, reference: &Reference) -> Result<Tree, AppError> {
        let tree = self.tree_of(workspace, reference).await?;
        if tree.is_erased() {
            return Err(Rejection::ContactErased { contact: tree.asked().id }.into());
        }
        debug_assert!(tree.root().life == Life::Live);
        Ok(tree)
    }
}
