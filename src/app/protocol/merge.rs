//! P1 and P2: a merge is prepared in the secondary's stream and decided, once, in the primary's.

use std::sync::Arc;

use dossier_domain::compose::shown;
use dossier_domain::event::{
    ContactMerged, MergeEnded, MergeOutcome, MergePrepared, MergeRefused, MergeTerms, RefusalReason,
};
use dossier_domain::field::{MERGE_POLICY, MergeChoices};
use dossier_domain::ids::{ContactId, Mark, MergeId};
use dossier_domain::meta::Cause;
use dossier_domain::personal::Personal;
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{Break, armed, freeze};
use dossier_domain::state::{Contact, Edge, Life, Lock};

use super::resolve::without_key;
use super::{Ended, Engine, Stop, helped, repeat};
use crate::app::act::Act;
use crate::app::ask::ExpectedRevisions;
use crate::app::error::AppError;
use crate::app::streams::{Draft, Lost};
use crate::ports::Recorded;

/// What a primary's stream says of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds the edge.
    Edge,
    /// The edge was taken out again.
    Unmerged,
    /// It never was, and never will be.
    Refused,
}

/// A merge to carry out.
#[derive(Clone, Debug)]
pub struct MergePlan {
    /// Derived from the key of the command.
    pub merge: MergeId,
    /// Who stays.
    pub primary: ContactId,
    /// Who is absorbed.
    pub secondary: ContactId,
    /// Field by field.
    pub choices: MergeChoices,
    /// What the caller saw.
    pub expected: ExpectedRevisions,
}

impl Engine {
    /// The merge that a command's mark makes of two contacts: the first that the primary has not refused, since a
    /// refusal does not use up a key.
    pub async fn merge_to_make(
        &self,
        mark: Mark,
        primary: ContactId,
        secondary: ContactId,
    ) -> Result<MergeId, AppError> {
        let refused = self.streams.contact(primary).await?.refused.clone();
        let each = (0..).map(|attempt| self.marks.merge_of(mark, primary, secondary, attempt));
        let merge = { each }.find(|merge| !refused.contains(merge));
        merge.ok_or_else(|| AppError::Internal("a merge has no name left".to_owned()))
    }

    /// P1: the primary's stream says "merged" or "refused", for ever; anyone may ask it to.
    pub async fn decide_merge(&self, act: &Act, secondary: ContactId, lock: &Lock) -> Result<Verdict, Stop> {
        let primary = self.streams.contact(lock.primary).await?;
        if let Some(verdict) = verdict_of(&primary, lock.merge) {
            return Ok(verdict);
        }
        if self.clear_lock(act, &primary).await? {
            return Err(Stop::Again);
        }
        let refused = |reason| refused(act, &primary, secondary, lock, reason);
        if let Some(reason) = refusal_of(&primary, lock) {
            #[cfg(feature = "sabotage")]
            if armed(Break::RefusedInTheSecondary) {
                return self.refuse_in_secondary(act, secondary, lock).await;
            }
            self.streams.append(&primary, vec![refused(reason)]).await?;
            return Ok(Verdict::Refused);
        }
        let mut edge = self.edge_of(act, secondary, lock);
        if armed(Break::ChoicesFrozenAtMerge) {
            freeze(&mut edge.event, &shown(&self.forest_of(&primary).await?, &primary));
        }
        match self.streams.append(&primary, vec![edge]).await {
            Ok(_) => Ok(Verdict::Edge),
            Err(Lost::MarkTaken { .. }) => {
                self.streams.append(&primary, vec![refused(RefusalReason::KeyReused)]).await?;
                Ok(Verdict::Refused)
            }
            Err(lost) => Err(lost.into()),
        }
    }

    /// A primary locked by a merge that is over is freed first. Answers whether there was something to do.
    async fn clear_lock(&self, act: &Act, primary: &Arc<Contact>) -> Result<bool, Stop> {
        let Some(lock) = &primary.lock else { return Ok(false) };
        let above = self.streams.contact(lock.primary).await?;
        let outcome = match verdict_of(&above, lock.merge) {
            Some(Verdict::Unmerged) => MergeOutcome::Unmerged,
            Some(Verdict::Refused) => MergeOutcome::Refused,
            Some(Verdict::Edge) | None => return Ok(false),
        };
        if outcome == MergeOutcome::Unmerged {
            self.touch(act, lock.merge, lock.primary).await?;
        }
        let ended = without_key(act.draft_for(&lock.meta, MergeEnded { merge: lock.merge, outcome }));
        helped(self.streams.append(primary, vec![ended]).await)?;
        Ok(true)
    }

    /// The edge, in the words of whoever asked for the merge, with the key of that command.
    pub(super) fn edge_of(&self, act: &Act, secondary: ContactId, lock: &Lock) -> Draft {
        let merged = ContactMerged { merge: lock.merge, secondary, policy: lock.policy, personal: lock.terms.clone() };
        let mut draft = act.draft_for(&lock.meta, merged);
        draft.meta.marks = vec![self.marks.merge(lock.merge)];
        draft.meta.marks.extend(draft.meta.key.map(|key| key.mark));
        draft
    }

    /// P2. Answers the edge as it stands in the log, whoever appended it.
    pub async fn merge(&self, act: &Act, plan: &MergePlan) -> Result<Recorded, Ended> {
        repeat(|| self.try_merge(act, plan)).await
    }

    async fn try_merge(&self, act: &Act, plan: &MergePlan) -> Result<Recorded, Stop> {
        if plan.primary == plan.secondary {
            return Err(Rejection::SameContact.into());
        }
        // The primary is read after the secondary: a merge done and undone meanwhile must not be prepared again.
        let early =
            if armed(Break::PrimaryIsReadFirst) { Some(self.streams.contact(plan.primary).await?) } else { None };
        let secondary = self.streams.contact(plan.secondary).await?;
        let primary = if let Some(early) = early { early } else { self.streams.contact(plan.primary).await? };
        let verdict = match (verdict_of(&primary, plan.merge), &secondary.lock) {
            (Some(verdict), _) => verdict,
            (None, Some(lock)) if lock.merge == plan.merge => self.decide_merge(act, plan.secondary, lock).await?,
            (None, _) => {
                self.prepare(act, plan, &secondary, &primary).await?;
                return Err(Stop::Again);
            }
        };
        if verdict == Verdict::Refused {
            self.end_refused(act, plan).await?;
            return Err(Rejection::MergeRefused { merge: plan.merge }.into());
        }
        let edge = self.streams.store().find(self.marks.merge(plan.merge)).await.map_err(AppError::from)?;
        edge.ok_or(Stop::Again)
    }

    /// Appends the lock to the secondary, if both sides allow a merge.
    async fn prepare(
        &self,
        act: &Act,
        plan: &MergePlan,
        secondary: &Arc<Contact>,
        primary: &Arc<Contact>,
    ) -> Result<(), Stop> {
        self.must_be_live_root(act, secondary).await?;
        self.must_be_live_root(act, primary).await?;
        must_be_at(secondary, plan.expected.secondary)?;
        must_be_at(primary, plan.expected.primary)?;
        let terms = MergeTerms { choices: plan.choices.clone() };
        let prepared = MergePrepared {
            merge: plan.merge,
            primary: plan.primary,
            policy: MERGE_POLICY,
            expected: plan.expected.primary,
            personal: Personal::Open(terms),
        };
        let mut draft = act.draft(Some(Cause::Merge), prepared);
        // Kept for whoever makes the edge; a merge that is refused does not use up its key.
        draft.meta.key = act.key_use(201);
        #[cfg(feature = "sabotage")]
        if armed(Break::EdgeBeforeLock) {
            self.edge_first(act, plan, primary, &draft).await?;
        }
        self.streams.append(secondary, vec![draft]).await?;
        Ok(())
    }

    async fn must_be_live_root(&self, act: &Act, contact: &Arc<Contact>) -> Result<(), Stop> {
        match contact.life {
            Life::Absent | Life::Abandoned => return Err(Rejection::ContactNotFound.into()),
            _ if *contact.workspace != **act.workspace() => return Err(Rejection::ContactNotFound.into()),
            Life::Erased => return Err(Rejection::ContactErased { contact: contact.id }.into()),
            Life::Live => {}
        }
        if contact.lock.is_some() {
            let root = self.resolve(act, contact.id).await?.root(contact.id)?;
            return Err(match root.id == contact.id {
                true => Stop::Again,
                false => Rejection::NotLive { contact: contact.id, merged_into: root.id }.into(),
            });
        }
        match contact.blocked {
            Some(_) => Err(Rejection::MergeBlockedContact { contact: contact.id }.into()),
            None => Ok(()),
        }
    }

    /// Frees the secondary of a merge that its primary refused.
    async fn end_refused(&self, act: &Act, plan: &MergePlan) -> Result<(), Stop> {
        let secondary = self.streams.contact(plan.secondary).await?;
        let Some(lock) = secondary.lock.as_ref().filter(|lock| lock.merge == plan.merge) else { return Ok(()) };
        let ended = MergeEnded { merge: plan.merge, outcome: MergeOutcome::Refused };
        let draft = without_key(act.draft_for(&lock.meta, ended));
        self.streams.append(&secondary, vec![draft]).await?;
        Ok(())
    }

    /// Whether the contact is absorbed, by the primary's edge alone; the edge's merge and the primary's state.
    pub async fn absorbed_by(&self, contact: &Contact) -> Result<Option<Arc<Contact>>, Stop> {
        let Some(lock) = &contact.lock else { return Ok(None) };
        let primary = self.streams.contact(lock.primary).await?;
        let absorbed = primary.edge(lock.merge).is_some_and(Edge::is_live);
        Ok(absorbed.then_some(primary))
    }
}

/// What a primary's state says of a merge; `None` while it is undecided.
pub fn verdict_of(primary: &Contact, merge: MergeId) -> Option<Verdict> {
    match primary.edge(merge) {
        Some(edge) if edge.is_live() => Some(Verdict::Edge),
        Some(_) => Some(Verdict::Unmerged),
        None => primary.refused.contains(&merge).then_some(Verdict::Refused),
    }
}

fn refusal_of(primary: &Contact, lock: &Lock) -> Option<RefusalReason> {
    match primary.life {
        Life::Erased => Some(RefusalReason::Erased),
        Life::Absent | Life::Abandoned => Some(RefusalReason::NotLive),
        Life::Live if primary.lock.is_some() && !armed(Break::LockedPrimaryTakesAnEdge) => Some(RefusalReason::NotLive),
        Life::Live if primary.blocked.is_some() => Some(RefusalReason::Blocked),
        Life::Live if lock.expected.is_some() && lock.expected != primary.revision() => Some(RefusalReason::Changed),
        Life::Live => None,
    }
}

fn refused(act: &Act, primary: &Contact, secondary: ContactId, lock: &Lock, reason: RefusalReason) -> Draft {
    let refused = MergeRefused { merge: lock.merge, secondary, reason };
    let mut draft = without_key(act.draft_for(&lock.meta, refused));
    if primary.life == Life::Erased {
        // Nothing is sealed any more in the stream of an erased contact.
        draft.meta.actor.erase();
    }
    draft
}

pub(super) fn must_be_at(contact: &Contact, expected: Option<u64>) -> Result<(), Stop> {
    let actual = contact.revision().unwrap_or_default();
    match expected {
        Some(expected) if expected != actual => Err(Rejection::RevisionConflict { contact: contact.id, actual }.into()),
        _ => Ok(()),
    }
}
