//! Protocols in the wrong order, for tests that must notice: what a deliberate break does where a line of its own is too
//! little. Built with the feature `sabotage` only.

use std::sync::Arc;

use dossier_domain::event::{MergeEnded, MergeOutcome};
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Fact, Lock, evolve};

use super::merge::{MergePlan, Verdict};
use super::resolve::without_key;
use super::{Ended, Engine, Stop, repeat};
use crate::app::act::Act;
use crate::app::streams::Draft;

impl Engine {
    /// The secondary is freed by whoever believes that the primary refuses; the primary does not know.
    pub(super) async fn refuse_in_secondary(
        &self,
        act: &Act,
        secondary: ContactId,
        lock: &Lock,
    ) -> Result<Verdict, Stop> {
        let locked = self.streams.contact(secondary).await?;
        let ended = MergeEnded { merge: lock.merge, outcome: MergeOutcome::Refused };
        let ended = without_key(act.draft_for(&lock.meta, ended));
        self.streams.append(&locked, vec![ended]).await?;
        Ok(Verdict::Refused)
    }

    /// The edge of a merge whose lock is about to be appended.
    pub(super) async fn edge_first(
        &self,
        act: &Act,
        plan: &MergePlan,
        primary: &Arc<Contact>,
        prepared: &Draft,
    ) -> Result<(), Stop> {
        let mut locked = Contact::absent(plan.secondary);
        evolve(&mut locked, &Fact { event: &prepared.event, meta: &prepared.meta, revision: 0, position: 0 });
        let lock = locked.lock.ok_or(Stop::Again)?;
        self.streams.append(primary, vec![self.edge_of(act, plan.secondary, &lock)]).await?;
        Ok(())
    }

    /// The secondary of an edge that still counts is freed.
    pub(super) async fn free_first(&self, act: &Act, merge: MergeId, primary: ContactId) -> Result<(), Stop> {
        let holder = self.streams.contact(primary).await?;
        let edge = holder.edge(merge).ok_or(Rejection::MergeNotFound)?;
        self.end_unmerged(act, merge, edge.secondary).await
    }

    /// What is absorbed in a contact that is not erased yet is erased.
    pub(super) async fn tree_first(&self, act: &Act, root: ContactId) -> Result<(), Ended> {
        for edge in self.streams.contact(root).await?.live_edges() {
            repeat(|| self.erase_below(act, root, edge.secondary)).await?;
        }
        Ok(())
    }
}
