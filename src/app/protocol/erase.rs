//! P7: an erasure closes the door at the root, goes down the tree, and destroys each key after its own event.

use std::collections::BTreeSet;
use std::sync::Arc;

use dossier_domain::event::ContactErased;
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::{Contact, Life};

use super::resolve::Addressed;
use super::{Ended, Engine, Stop, repeat};
use crate::app::act::Act;
use crate::app::error::AppError;

impl Engine {
    /// P7: erases a live root and all that is absorbed in it; answers its state when every key is gone, and the position of
    /// the last of these erasures.
    pub async fn erase(&self, act: &Act, addressed: &Addressed) -> Result<(Arc<Contact>, u64), Ended> {
        #[cfg(feature = "sabotage")]
        if armed(Break::TreeIsErasedBeforeItsRoot) {
            self.tree_first(act, addressed.contact).await?;
        }
        let erased = repeat(|| self.erase_root(act, addressed)).await?;
        if armed(Break::ErasuresAreCutOff) {
            return Ok((erased, 0));
        }
        let last = self.finish_erasure(act, erased.id).await?;
        Ok((erased, last))
    }

    async fn erase_root(&self, act: &Act, addressed: &Addressed) -> Result<Arc<Contact>, Stop> {
        let root = self.root_of(act, addressed).await?;
        if root.id != addressed.contact {
            return Err(Rejection::ContactAbsorbed { contact: addressed.contact, root: root.id }.into());
        }
        if armed(Break::KeyIsDestroyedFirst) {
            self.keyring.destroy(root.id.0).await.map_err(AppError::from)?;
        }
        let mut draft = act.draft(None, ContactErased { with: None });
        act.put_key(&mut draft, 200);
        Ok(self.streams.append(&root, vec![draft]).await?)
    }

    /// Everything after the contact's own event, or after it was abandoned; again changes nothing. A key goes last: where
    /// it is gone, nothing is left to do below. Answers the last position of all that are gone.
    pub async fn finish_erasure(&self, act: &Act, root: ContactId) -> Result<u64, AppError> {
        if !matches!(self.streams.contact(root).await?.life, Life::Erased | Life::Abandoned) {
            return Ok(0);
        }
        let mut gone = vec![root];
        let mut next = 0;
        while let Some(id) = gone.get(next).copied() {
            next += 1;
            for edge in self.streams.contact(id).await?.live_edges() {
                match repeat(|| self.erase_below(act, id, edge.secondary)).await {
                    Ok(()) => gone.push(edge.secondary),
                    Err(Ended::Error(error)) => return Err(error),
                    Err(Ended::MarkTaken { .. }) => {}
                }
            }
        }
        let mut last = 0;
        for id in &gone {
            last = self.streams.contact(*id).await?.position.max(last);
        }
        for id in gone {
            self.destroy_key(id, last).await?;
        }
        Ok(last)
    }

    pub(super) async fn erase_below(&self, act: &Act, above: ContactId, id: ContactId) -> Result<(), Stop> {
        let contact = self.streams.contact(id).await?;
        if contact.life == Life::Erased || armed(Break::OnlyTheRootIsErased) {
            return Ok(());
        }
        let erased = act.draft(None, ContactErased { with: Some(above) });
        self.streams.append(&contact, vec![erased]).await?;
        Ok(())
    }

    /// A key goes only after what took the contact away would survive a crash: else a live contact could not be read.
    /// `position` is that of the event, or a later one. What the contact brought to those above it can't be opened any
    /// more, so their states are read again.
    pub(super) async fn destroy_key(&self, contact: ContactId, position: u64) -> Result<(), AppError> {
        self.streams.store().durable(position).await?;
        self.keyring.destroy(contact.0).await?;
        self.streams.forget(contact);
        let mut next = vec![contact];
        let mut above = BTreeSet::new();
        while let Some(id) = next.pop() {
            let contact = self.streams.contact(id).await?;
            next.extend(contact.above.iter().copied().filter(|primary| above.insert(*primary)));
        }
        above.into_iter().for_each(|primary| self.streams.forget(primary));
        Ok(())
    }
}
