//! P3: an unmerge takes one edge out of the stream that holds it, however deep, then tells everyone above and below.

use std::sync::Arc;

use dossier_domain::event::{ContactUnmerged, MergeEnded, MergeOutcome, TreeChanged};
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::meta::Cause;
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::{Contact, Life};

use super::merge::must_be_at;
use super::resolve::without_key;
use super::{Ended, Engine, Stop, repeat};
use crate::app::act::Act;
use crate::app::ask::ExpectedRevisions;

impl Engine {
    /// P3. Answers the state of the primary after its edge was taken out.
    pub async fn unmerge(
        &self,
        act: &Act,
        merge: MergeId,
        primary: ContactId,
        expected: ExpectedRevisions,
    ) -> Result<Arc<Contact>, Ended> {
        #[cfg(feature = "sabotage")]
        if armed(Break::FreedBeforeTheEdgeIsOut) {
            repeat(|| self.free_first(act, merge, primary)).await?;
        }
        let flipped = repeat(|| self.take_edge_out(act, merge, primary, expected)).await?;
        let secondary = flipped.edge(merge).map(|edge| edge.secondary);
        repeat(|| async {
            self.touch(act, merge, primary).await?;
            match secondary {
                Some(secondary) => self.end_unmerged(act, merge, secondary).await,
                None => Ok(()),
            }
        })
        .await?;
        Ok(flipped)
    }

    /// The visible flip: one event in the stream of the primary, even a frozen one.
    async fn take_edge_out(
        &self,
        act: &Act,
        merge: MergeId,
        primary: ContactId,
        expected: ExpectedRevisions,
    ) -> Result<Arc<Contact>, Stop> {
        let holder = self.streams.contact(primary).await?;
        let edge = holder.edge(merge).ok_or(Rejection::MergeNotFound)?;
        if holder.life == Life::Erased {
            return Err(Rejection::ContactErased { contact: primary }.into());
        }
        if !edge.is_live() {
            return Err(Rejection::AlreadyUnmerged { merge }.into());
        }
        if armed(Break::FrozenContactsKeepTheirMerges) && holder.lock.is_some() {
            return Err(Rejection::MergeNotFound.into());
        }
        must_be_at(&holder, expected.primary)?;
        if expected.secondary.is_some() {
            must_be_at(&*self.streams.contact(edge.secondary).await?, expected.secondary)?;
        }
        let unmerged = ContactUnmerged { merge, secondary: edge.secondary };
        let mut draft = act.draft(Some(Cause::Unmerge), unmerged);
        act.put_key(&mut draft, 200);
        Ok(self.streams.append(&holder, vec![draft]).await?)
    }

    /// Tells every contact above that its tree changed, so that nobody appends there by what they read before.
    pub(super) async fn touch(&self, act: &Act, merge: MergeId, below: ContactId) -> Result<(), Stop> {
        if armed(Break::NobodyAboveIsTold) {
            return Ok(());
        }
        let mut below = self.streams.contact(below).await?;
        while let Some(above) = self.absorbed_by(&below).await? {
            if !above.touched.contains(&merge) && above.life != Life::Erased {
                let changed = act.draft(Some(Cause::Unmerge), TreeChanged { merge });
                self.streams.append(&above, vec![changed]).await?;
            }
            below = above;
        }
        Ok(())
    }

    /// Takes the lock off the secondary, if it is still this merge's.
    pub(super) async fn end_unmerged(&self, act: &Act, merge: MergeId, secondary: ContactId) -> Result<(), Stop> {
        let freed = self.streams.contact(secondary).await?;
        let Some(lock) = freed.lock.as_ref().filter(|lock| lock.merge == merge) else { return Ok(()) };
        if freed.life == Life::Erased {
            return Ok(());
        }
        let ended = MergeEnded { merge, outcome: MergeOutcome::Unmerged };
        let mut draft = without_key(act.draft_for(&lock.meta, ended));
        draft.meta.cause = Cause::Unmerge;
        self.streams.append(&freed, vec![draft]).await?;
        Ok(())
    }
}
