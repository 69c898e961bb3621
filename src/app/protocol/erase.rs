//! P7: an erasure closes the door at the root, goes down the tree, and destroys each key after its own event.

use dossier_domain::event::ContactErased;
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Life;

use super::{Ended, Engine, Stop, repeat};
use crate::app::act::Act;
use crate::app::error::AppError;

/// Where an erasure stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Erased {
    /// Revision of the root's own event.
    pub revision: u64,
    /// Its position.
    pub position: u64,
}

impl Engine {
    /// P7: erases a live root and all that is absorbed in it. Answers when every key is gone.
    pub async fn erase(&self, act: &Act, root: ContactId) -> Result<Erased, Ended> {
        let erased = repeat(|| self.erase_root(act, root)).await?;
        self.finish_erasure(act, root).await?;
        Ok(erased)
    }

    async fn erase_root(&self, act: &Act, id: ContactId) -> Result<Erased, Stop> {
        let root = self.resolve(act, id).await?.root(id)?;
        if root.id != id {
            return Err(Rejection::ContactAbsorbed { contact: id, root: root.id }.into());
        }
        let mut draft = act.draft(None, ContactErased { with: None });
        act.put_key(&mut draft, 200);
        let after = self.streams.append(&root, vec![draft]).await?;
        Ok(Erased { revision: after.revision().unwrap_or_default(), position: after.position })
    }

    /// Everything after the root's own event; again changes nothing.
    pub async fn finish_erasure(&self, act: &Act, root: ContactId) -> Result<(), AppError> {
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let contact = self.streams.contact(id).await?;
            if contact.life != Life::Erased {
                continue;
            }
            self.destroy_key(id, contact.position).await?;
            self.forget_above(id).await?;
            for edge in contact.live_edges() {
                match repeat(|| self.erase_below(act, id, edge.secondary)).await {
                    Ok(()) => open.push(edge.secondary),
                    Err(Ended::Error(error)) => return Err(error),
                    Err(Ended::MarkTaken { .. }) => {}
                }
            }
        }
        Ok(())
    }

    /// Whatever the contact brought to those above it can't be opened any more, so their states are read again.
    async fn forget_above(&self, id: ContactId) -> Result<(), AppError> {
        let mut next = vec![id];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = next.pop() {
            let contact = self.streams.contact(id).await?;
            next.extend(contact.above.iter().copied().filter(|above| seen.insert(*above)));
        }
        seen.into_iter().for_each(|above| self.streams.forget(above));
        Ok(())
    }

    async fn erase_below(&self, act: &Act, above: ContactId, id: ContactId) -> Result<(), Stop> {
        let contact = self.streams.contact(id).await?;
        if contact.life == Life::Erased {
            return Ok(());
        }
        let erased = act.draft(None, ContactErased { with: Some(above) });
        self.streams.append(&contact, vec![erased]).await?;
        Ok(())
    }

    /// A key goes only after the contact's own event would survive a crash: else a live contact could not be read.
    async fn destroy_key(&self, contact: ContactId, position: u64) -> Result<(), AppError> {
        self.streams.store().durable(position).await?;
        self.keyring.destroy(contact.0).await?;
        self.streams.forget(contact);
        Ok(())
    }
}
