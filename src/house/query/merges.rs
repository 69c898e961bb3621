//! Merges that were made, undone ones included; those that were refused never were (rule 23).

use std::collections::BTreeMap;

use dossier_domain::ids::{ContactId, MergeId, Stream};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Edge};
use dossier_domain::values::reference::Reference;

use super::cursor::{Pages, descending};
use super::tree::States;
use crate::api::bodies::{ChoiceBody, MergeBody, MergePage, MergeState};
use crate::app::AppError;
use crate::house::House;
use crate::ports::{Direction, Recorded};
use crate::sealing::Opened;

impl House {
    /// A merge, undone or not.
    ///
    /// # Errors
    /// Not found, also if it was refused or never decided; there is no such workspace; a store failed.
    pub async fn merge(&self, workspace: &str, merge: MergeId) -> Result<MergeBody, AppError> {
        self.settings(workspace).await?;
        let primary = self.holder_of(merge).await?;
        let tree = self.tree(primary).await?.filter(|tree| *tree.asked().workspace == *workspace);
        let tree = tree.ok_or(Rejection::MergeNotFound)?;
        let edge = tree.asked().edge(merge).ok_or(Rejection::MergeNotFound)?;
        self.merge_body(tree.asked(), edge, tree.root().id).await
    }

    /// The merges of a contact as [`House::merges_of`] has them, at most `limit` after the cursor.
    ///
    /// # Errors
    /// As there; [`AppError::BadCursor`].
    pub async fn merge_page(
        &self,
        workspace: &str,
        reference: &Reference,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<MergePage, AppError> {
        let merges = self.merges_of(workspace, reference).await?;
        let pages = Pages::of(&self.marks, &["merges", workspace, &reference.to_string()]);
        let place_of = |merge: &MergeBody| descending(&merge.position.to_be_bytes());
        let (merges, next_cursor) = pages.page(merges, place_of, cursor, limit)?;
        Ok(MergePage { merges, next_cursor })
    }

    /// Every merge that a contact of the tree took part in, newest first: as primary, or as the secondary of one undone.
    ///
    /// # Errors
    /// Not found, erased (by its id alone), ambiguous; there is no such workspace; a store failed.
    pub async fn merges_of(&self, workspace: &str, reference: &Reference) -> Result<Vec<MergeBody>, AppError> {
        let tree = self.live_tree_of(workspace, reference).await?;
        let mut found = BTreeMap::new();
        for contact in tree.members() {
            for edge in &contact.edges {
                let body = self.merge_body(contact, edge, tree.root().id).await?;
                found.insert(body.position, body);
            }
            for above in &contact.above {
                self.undone_above(contact.id, *above, &mut found).await?;
            }
        }
        Ok(found.into_values().rev().collect())
    }

    /// The undone merges by which a contact was once absorbed in another.
    async fn undone_above(
        &self,
        secondary: ContactId,
        above: ContactId,
        found: &mut BTreeMap<u64, MergeBody>,
    ) -> Result<(), AppError> {
        let Some(tree) = self.tree(above).await? else { return Ok(()) };
        for edge in tree.asked().edges.iter().filter(|edge| edge.secondary == secondary && !edge.is_live()) {
            let body = self.merge_body(tree.asked(), edge, tree.root().id).await?;
            found.insert(body.position, body);
        }
        Ok(())
    }

    /// The contact whose stream holds the edge of a merge; the read models have reached the edge.
    pub(super) async fn holder_of(&self, merge: MergeId) -> Result<ContactId, AppError> {
        match self.store.find(self.marks.merge(merge)).await? {
            Some(Recorded { stream: Stream::Contact(primary), position, .. }) => {
                if self.own(primary).await?.is_none_or(|primary| primary.edge(merge).is_none()) {
                    self.wait_shortly_for(position).await?;
                }
                Ok(primary)
            }
            _ => Err(Rejection::MergeNotFound.into()),
        }
    }

    async fn merge_body(&self, primary: &Contact, edge: &Edge, root: ContactId) -> Result<MergeBody, AppError> {
        let (made, position) = self.opened_at(primary.id, edge.revision).await?;
        let undone = match edge.removed {
            Some(removed) => Some((removed.at, self.opened_in_log(removed.position).await?.meta.actor.to_string())),
            None => None,
        };
        let (unmerged_at, unmerged_by) = undone.unzip();
        let choices = edge.terms.open().map(|terms| {
            let each = terms.choices.iter().map(|(field, choice)| (field.clone(), ChoiceBody::from(choice)));
            each.collect()
        });
        Ok(MergeBody {
            merge_id: edge.merge,
            primary: primary.id,
            secondary: edge.secondary,
            root,
            state: if edge.is_live() { MergeState::Merged } else { MergeState::Unmerged },
            policy: edge.policy,
            choices,
            merged_at: edge.merged_at,
            merged_by: made.meta.actor.to_string(),
            unmerged_at,
            unmerged_by,
            revision: edge.revision,
            position,
        })
    }

    /// The event at a revision of a contact's stream, and its position.
    pub(super) async fn opened_at(&self, contact: ContactId, revision: u64) -> Result<(Opened, u64), AppError> {
        let stream = Stream::Contact(contact);
        let recorded = self.store.read_stream(&stream, revision, Direction::Forward, 1).await?.pop();
        let missing = || AppError::Internal(format!("{stream} has no revision {revision}"));
        let recorded = recorded.ok_or_else(missing)?;
        Ok((self.codec.open(&recorded).await?, recorded.position))
    }

    async fn opened_in_log(&self, position: u64) -> Result<Opened, AppError> {
        let missing = || AppError::Internal(format!("there is no event at position {position}"));
        self.codec.open(&self.store.read_at(position).await?.ok_or_else(missing)?).await
    }
}
