//! What an unmerge would do (rule 25): the edge is taken out, everything is composed, and nothing is kept.

use std::sync::Arc;

use chrono::Utc;
use dossier_domain::compose::{Forest, View, view};
use dossier_domain::field::Field;
use dossier_domain::fields::Definitions;
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Edge, Latest};

use super::contact_body::{channel, channels, in_use, tags};
use super::preview::{fields_of, moved_on, note, shown_value, source_field};
use super::tree::Tree;
use crate::api::bodies::{
    BillingEffect, ConversationBody, ExpectedBody, NotRestored, UnmergeBlock, UnmergeField, UnmergePreview, ValueSource,
};
use crate::app::AppError;
use crate::app::ask::{ExpectedRevisions, Unmerge, UnmergeTarget};
use crate::house::House;

/// A merge that is to be undone in thought, at one position.
pub(super) struct Undoing {
    pub(super) merge: MergeId,
    /// Whose stream holds the edge.
    primary: Tree,
    /// Who would be free.
    pub(super) secondary: Tree,
    /// The custom fields to show.
    fields: Arc<Definitions>,
}

impl House {
    /// What an unmerge would do, and what would refuse it.
    ///
    /// # Errors
    /// The merge is not found, was refused or never decided; one of the contacts is not found, erased or ambiguous; the
    /// two are not merged; there is no such workspace; a store failed.
    pub async fn preview_unmerge(&self, workspace: &str, unmerge: &Unmerge) -> Result<UnmergePreview, AppError> {
        let known = self.known_workspace(workspace).await?;
        let named = match &unmerge.target {
            UnmergeTarget::Merge(merge) => Named::Merge(*merge, self.holder_of(*merge).await?),
            UnmergeTarget::Secondary { primary, secondary } => {
                let above = self.bearer(workspace, primary).await?;
                Named::Pair { above, below: self.bearer(workspace, secondary).await? }
            }
        };
        self.wait_for_own().await?;
        let still = self.still().await?;
        let undoing = self.undoing(workspace, &named, known.fields).await?;
        let billing = self.counting(&still, workspace).await?.map(|mac| BillingEffect {
            open_cycle_before: mac.active_now() as u64,
            open_cycle_after: match undoing.is_live() {
                true => mac.active_if_unmerged(undoing.secondary.asked().id) as u64,
                false => mac.active_now() as u64,
            },
        });
        drop(still);
        let billing = billing.unwrap_or(BillingEffect { open_cycle_before: 0, open_cycle_after: 0 });
        let not_restored = match undoing.is_live() {
            true => self.not_restored(&undoing).await?,
            false => NotRestored { channels: Vec::new(), interactions: 0, blocked: false },
        };
        Ok(undoing.preview(unmerge.expected, not_restored, billing))
    }

    /// Reads both sides.
    async fn undoing(&self, workspace: &str, named: &Named, fields: Arc<Definitions>) -> Result<Undoing, AppError> {
        let (merge, primary, secondary) = match *named {
            Named::Merge(merge, holder) => {
                let unfound = |error| match error {
                    AppError::Rejected(Rejection::ContactNotFound) => Rejection::MergeNotFound.into(),
                    error => error,
                };
                let primary = self.side(workspace, holder).await.map_err(unfound)?;
                let secondary = primary.asked().edge(merge).ok_or(Rejection::MergeNotFound)?.secondary;
                (merge, primary, self.side_even_erased(secondary).await?)
            }
            Named::Pair { above, below } => {
                self.side(workspace, above).await?;
                let secondary = self.side(workspace, below).await?;
                let is_above = secondary.chain()[1..].iter().any(|contact| contact.id == above);
                let merge = secondary.absorbed_by().filter(|_| is_above);
                let merge = merge.ok_or(Rejection::NotMerged { secondary: below })?;
                let primary = self.side(workspace, secondary.chain()[1].id).await?;
                (merge, primary, secondary)
            }
        };
        Ok(Undoing { merge, primary, secondary, fields })
    }

    /// Of an undone merge, the secondary may be erased by now.
    async fn side_even_erased(&self, id: ContactId) -> Result<Tree, AppError> {
        let missing = || AppError::Internal(format!("there is no contact {id} in a merge that was made"));
        Tree::find(self, id).await?.ok_or_else(missing)
    }
}

/// A merge to be undone, as it was named.
enum Named {
    Merge(MergeId, ContactId),
    Pair { above: ContactId, below: ContactId },
}

impl Undoing {
    fn edge(&self) -> Option<&Edge> {
        self.primary.asked().edge(self.merge)
    }

    fn is_live(&self) -> bool {
        self.edge().is_some_and(Edge::is_live)
    }

    /// The contact whose stream holds the edge.
    pub(super) fn primary(&self) -> &Arc<Contact> {
        self.primary.asked()
    }

    /// Where the edge stands in the primary's stream.
    pub(super) fn edge_revision(&self) -> u64 {
        self.edge().map_or(0, |edge| edge.revision)
    }

    fn preview(
        &self,
        expected: ExpectedRevisions,
        not_restored: NotRestored,
        billing: BillingEffect,
    ) -> UnmergePreview {
        let (primary, secondary) = (self.primary.asked(), self.secondary.asked());
        let undone = (!self.is_live()).then_some(Rejection::AlreadyUnmerged { merge: self.merge });
        let moved = [moved_on(primary, expected.primary), moved_on(secondary, expected.secondary)];
        let problems: Vec<_> = undone.into_iter().chain(moved.into_iter().flatten()).map(note).collect();
        UnmergePreview {
            allowed: problems.is_empty(),
            problems,
            merge_id: self.merge,
            secondary: secondary.id,
            primary: primary.id,
            root: self.primary.root().id,
            contacts: if self.is_live() { self.blocks() } else { Vec::new() },
            not_restored,
            billing,
            expected: ExpectedBody {
                primary: primary.revision().unwrap_or_default(),
                secondary: secondary.revision().unwrap_or_default(),
            },
        }
    }

    /// The secondary, then every contact above it, up to the root.
    fn blocks(&self) -> Vec<UnmergeBlock> {
        let tree = &self.secondary;
        let parted = self.parted();
        let mut blocks = vec![self.freed_block()];
        for pair in tree.chain().windows(2) {
            let (below, contact) = (&pair[0], &pair[1]);
            let freed = if contact.id == tree.root().id { tree.freed } else { None };
            let before = self.view(&tree.forest, contact, freed);
            let after = match parted.get(&contact.id) {
                Some(contact) => self.view(&parted, contact, freed),
                None => before.clone(),
            };
            let since = below.lock.as_ref().and_then(|lock| contact.edge(lock.merge)).map_or(0, |edge| edge.revision);
            blocks.push(block(contact, &before, &after, |field| stays_from(contact, field, since)));
        }
        blocks
    }

    /// What the secondary would show, beside what is shown for it now: its root.
    fn freed_block(&self) -> UnmergeBlock {
        let tree = &self.secondary;
        // Any removal frees it; its position is not shown.
        let after = self.view(&tree.forest, tree.asked(), Some(tree.asked().position));
        block(tree.asked(), &in_use(tree.view(), &self.fields), &after, |_| ValueSource::Secondary)
    }

    fn view(&self, forest: &Forest, contact: &Contact, freed: Option<u64>) -> View {
        in_use(view(forest, contact, freed), &self.fields)
    }

    /// The whole tree, the root included, with the edge taken out.
    fn parted(&self) -> Forest {
        let mut parted: Forest = self.secondary.members().map(|contact| (contact.id, contact.clone())).collect();
        if let Some(primary) = parted.get_mut(&self.primary.asked().id)
            && let Some(edge) = Arc::make_mut(primary).edges.iter_mut().find(|edge| edge.merge == self.merge)
        {
            edge.removed = Some(Latest { at: Utc::now(), position: u64::MAX });
        }
        parted
    }
}

fn block(contact: &Contact, before: &View, after: &View, from: impl Fn(&Field) -> ValueSource) -> UnmergeBlock {
    let stays = |identity| after.identities.iter().any(|shown| shown.identity == identity);
    let lost = before.identities.iter().filter(|shown| !stays(shown.identity));
    let fields = fields_of(&[before, after], std::iter::empty()).into_iter().map(|field| {
        let result = shown_value(after, &field);
        UnmergeField {
            before: shown_value(before, &field),
            from: match result {
                Some(_) => from(&source_field(after, &field)),
                None => ValueSource::None,
            },
            result,
            field,
        }
    });
    UnmergeBlock {
        contact_id: contact.id,
        fields: fields.collect(),
        tags: tags(after),
        channels: channels(after),
        lost_channels: lost.map(channel).collect(),
        counts: after.counts.into(),
        conversation: ConversationBody::from(&after.conversation),
    }
}

/// Why a contact above keeps a value: it was edited there since the merge, or has it without the merge.
fn stays_from(contact: &Contact, field: &Field, since: u64) -> ValueSource {
    let edited = contact.own_edit(field).is_some_and(|edit| edit.revision > since && edit.value.is_some());
    if edited { ValueSource::EditedSince } else { ValueSource::Primary }
}
