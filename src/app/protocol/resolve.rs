//! P0: from a contact to the root that takes its events, finishing whatever stands unfinished on the way.

use std::sync::Arc;

use dossier_domain::compose::position;
use dossier_domain::event::{ContactErased, MergeEnded, MergeOutcome};
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::{Contact, Life, Lock};

use super::{Engine, Stop, helped};
use crate::app::act::Act;

/// Where a contact leads.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// It is live, in the tree of this root: the state that was read, at whose revision to append.
    Root(Arc<Contact>),
    /// Its stream has no event.
    Absent,
    /// It will never exist.
    Abandoned,
    /// It is erased.
    Erased,
}

impl Resolution {
    /// The root.
    ///
    /// # Errors
    /// Not found, or erased (410 with the id that was asked for).
    pub fn root(self, asked: ContactId) -> Result<Arc<Contact>, Stop> {
        match self {
            Resolution::Root(root) => Ok(root),
            Resolution::Absent | Resolution::Abandoned => Err(Rejection::ContactNotFound.into()),
            Resolution::Erased => Err(Rejection::ContactErased { contact: asked }.into()),
        }
    }
}

/// A contact as a command addresses it.
#[derive(Clone, Copy, Debug)]
pub struct Addressed {
    /// Which contact.
    pub contact: ContactId,
    /// The position that the ETag of its tree must still be made of.
    pub if_match: Option<u64>,
}

impl Engine {
    /// The live root that an addressed contact of the act's workspace leads to, unless it changed since it was seen.
    pub async fn root_of(&self, act: &Act, addressed: &Addressed) -> Result<Arc<Contact>, Stop> {
        let root = self.resolve(act, addressed.contact).await?.root(addressed.contact)?;
        if *root.workspace != **act.workspace() {
            return Err(Rejection::ContactNotFound.into());
        }
        self.must_match(&root, addressed.if_match).await?;
        Ok(root)
    }

    /// `If-Match` speaks of the ETag, which is made of the position of the tree.
    pub async fn must_match(&self, root: &Arc<Contact>, if_match: Option<u64>) -> Result<(), Stop> {
        let Some(wanted) = if_match else { return Ok(()) };
        let actual = position(&self.forest_of(root).await?, root);
        match wanted == actual {
            true => Ok(()),
            false => Err(Rejection::RevisionConflict { contact: root.id, actual }.into()),
        }
    }

    /// Resolves a contact once; [`Stop::Again`] after anything was finished.
    pub async fn resolve(&self, act: &Act, id: ContactId) -> Result<Resolution, Stop> {
        let first = self.streams.contact(id).await?;
        match first.life {
            Life::Absent => return Ok(Resolution::Absent),
            Life::Abandoned => return Ok(Resolution::Abandoned),
            Life::Erased => return Ok(Resolution::Erased),
            Life::Live => {}
        }
        let mut chain = vec![first];
        while let Some(lock) = &chain[chain.len() - 1].lock {
            let next = self.step_up(act, &chain[chain.len() - 1], lock).await?;
            chain.push(next);
        }
        self.look_again(&chain).await?;
        chain.pop().map(Resolution::Root).ok_or(Stop::Again)
    }

    /// From a locked contact to its primary, by one read of it that both shows the edge and gives the revision.
    async fn step_up(&self, act: &Act, contact: &Arc<Contact>, lock: &Lock) -> Result<Arc<Contact>, Stop> {
        let primary = self.streams.contact(lock.primary).await?;
        let outcome = match primary.edge(lock.merge) {
            Some(edge) if edge.is_live() => {
                if primary.life == Life::Erased {
                    let erased = act.draft(None, ContactErased { with: Some(primary.id) });
                    helped(self.streams.append(contact, vec![erased]).await)?;
                    return Err(Stop::Again);
                }
                if armed(Break::RevisionOfAnotherRead) {
                    return Ok(self.streams.contact(lock.primary).await?);
                }
                return Ok(primary);
            }
            Some(_) => {
                self.touch(act, lock.merge, lock.primary).await?;
                MergeOutcome::Unmerged
            }
            None if primary.refused.contains(&lock.merge) => MergeOutcome::Refused,
            None if armed(Break::RoutedBeforeDecided) => return Ok(primary),
            None if armed(Break::UnfinishedIsWaitedFor) => return Err(Stop::Again),
            None => {
                self.decide_merge(act, contact.id, lock).await?;
                return Err(Stop::Again);
            }
        };
        let ended = act.draft_for(&lock.meta, MergeEnded { merge: lock.merge, outcome });
        helped(self.streams.append(contact, vec![without_key(ended)]).await)?;
        Err(Stop::Again)
    }

    /// In a chain of two edges or more the inner primaries are read again after the root: an edge taken out before
    /// the root was read must not lead to it.
    async fn look_again(&self, chain: &[Arc<Contact>]) -> Result<(), Stop> {
        if chain.len() < 3 || armed(Break::InnerPrimariesAreReadOnce) {
            return Ok(());
        }
        for pair in chain[..chain.len() - 1].windows(2) {
            let inner = self.streams.contact(pair[1].id).await?;
            let merge = pair[0].lock.as_ref().map(|lock| lock.merge);
            if !merge.and_then(|merge| inner.edge(merge)).is_some_and(|edge| edge.is_live()) {
                return Err(Stop::Again);
            }
        }
        Ok(())
    }
}

/// The key of a merge belongs to its edge alone.
pub(super) fn without_key(mut draft: crate::app::streams::Draft) -> crate::app::streams::Draft {
    draft.meta.key = None;
    draft.meta.marks.clear();
    draft
}
