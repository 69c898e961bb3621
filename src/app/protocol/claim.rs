//! P5 and P6: an identity belongs to exactly the contact that its own stream names.

use std::sync::Arc;

use dossier_domain::event::{
    ContactAbandoned, IdentityClaimed, IdentityConnected, IdentityDisconnected, IdentityNamed, IdentityReleased,
};
use dossier_domain::identity::{Claim, Identity};
use dossier_domain::ids::{ContactId, IdentityId, Stream};
use dossier_domain::meta::Meta;
use dossier_domain::personal::Personal;
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::{Contact, Life};

use super::resolve::{Addressed, Resolution, without_key};
use super::{Ended, Engine, Stop, helped, repeat};
use crate::app::act::Act;
use crate::app::ask::Handle;
use crate::app::streams::{Draft, Lost};

/// A handle with the identity that it is.
#[derive(Clone, Debug)]
pub struct Named {
    /// The identity.
    pub identity: IdentityId,
    /// Its channel and external id.
    pub handle: Handle,
}

impl Named {
    /// The identity's word that it is the contact's.
    pub fn claimed(&self, act: &Act, contact: ContactId) -> Draft {
        let personal = Personal::Open(IdentityNamed { external_id: self.handle.external_id.clone() });
        act.draft(None, IdentityClaimed { contact, channel: self.handle.channel.clone(), personal })
    }

    /// The contact's word that it holds the identity.
    pub fn connected(&self, act: &Act, epoch: u64) -> Draft {
        act.draft(
            None,
            IdentityConnected {
                identity: self.identity,
                epoch,
                channel: self.handle.channel.clone(),
                personal: Personal::Open(IdentityNamed { external_id: self.handle.external_id.clone() }),
            },
        )
    }
}

/// What a claim or a release came to.
#[derive(Clone, Debug)]
pub struct Held {
    /// The contact whose stream says who holds the identity: its state after the command.
    pub holder: Arc<Contact>,
    /// Whether the command changed anything.
    pub changed: bool,
}

/// Who stands behind a claim.
enum Owner {
    /// Nobody: none, erased or abandoned.
    Nobody,
    /// The claim names a contact that never came to exist.
    Absent(ContactId),
    /// It is shown by `root`. `holder` was read before the way up to the root.
    Shown { root: Arc<Contact>, holder: Arc<Contact>, claim: Claim },
}

impl Engine {
    /// The identity of a handle.
    pub fn named(&self, workspace: &str, handle: &Handle) -> Named {
        let identity = self.marks.identity(workspace, &handle.channel, &handle.external_id);
        Named { identity, handle: handle.clone() }
    }

    /// P5: the root of the contact claims the identity. Changes nothing if it shows it already.
    pub async fn claim(&self, act: &Act, addressed: &Addressed, named: &Named) -> Result<Held, Ended> {
        loop {
            let claim = repeat(|| self.stake(act, addressed, named)).await?;
            match repeat(|| self.confirm(act, named, claim)).await {
                Ok(Some(held)) => return Ok(held),
                Ok(None) => {}
                Err(Ended::MarkTaken { position }) => {
                    // Its key was used for another command meanwhile.
                    let act = act.without_key();
                    repeat(|| self.take_back(&act, named, claim)).await?;
                    return Err(Ended::MarkTaken { position });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A claim that is of no use any more is given back, unless its holder has taken it up meanwhile: then it stays.
    pub(super) async fn take_back(&self, act: &Act, named: &Named, claim: Claim) -> Result<(), Stop> {
        let holder = self.streams.contact(claim.owner).await?;
        if holder.life == Life::Live {
            if holder.identity(named.identity).is_some_and(|own| own.epoch >= claim.epoch) {
                return Ok(());
            }
            self.let_go(act, &holder, named, claim.without_key()).await?;
        }
        self.finish_release(act, named.identity, claim).await
    }

    /// A claim by which the root of the contact holds the identity, made if nobody stands in the way.
    async fn stake(&self, act: &Act, addressed: &Addressed, named: &Named) -> Result<Claim, Stop> {
        let root = self.root_of(act, addressed).await?;
        let identity = self.streams.identity(named.identity).await?;
        match self.owner_of(act, &identity).await? {
            Owner::Shown { root: other, .. } if other.id != root.id => {
                Err(Rejection::IdentityTaken { by: other.id }.into())
            }
            Owner::Shown { claim, .. } => Ok(claim),
            Owner::Absent(owner) => {
                self.abandon(act, owner).await?;
                Err(Stop::Again)
            }
            Owner::Nobody => {
                // A command that was carried out before must not claim again what was released since.
                if let Some(key) = act.key() {
                    self.not_seen(key.mark).await?;
                }
                let mut claimed = named.claimed(act, root.id);
                #[cfg(feature = "sabotage")]
                if armed(Break::ConnectedBeforeClaimed) {
                    self.streams.append(&root, vec![named.connected(act, identity.next_revision)]).await?;
                }
                // Kept for whoever connects it: the key is used up by the holder's word alone.
                claimed.meta.key = act.key_use(200);
                let after = self.streams.append_identity(&identity, claimed).await?;
                after.claim.ok_or(Stop::Again)
            }
        }
    }

    /// The holder's own word, if it has not given it yet. `None` if the holder was erased: the claim holds nobody.
    pub async fn confirm(&self, act: &Act, named: &Named, claim: Claim) -> Result<Option<Held>, Stop> {
        let holder = self.streams.contact(claim.owner).await?;
        if holder.life != Life::Live {
            return Ok(None);
        }
        if holder.identity(named.identity).is_some_and(|own| own.epoch >= claim.epoch) {
            return Ok(Some(Held { holder, changed: false }));
        }
        let holder = self.connect(act, &holder, named, claim).await?;
        // Whoever only helps another command's claim has changed nothing by its own.
        Ok(Some(Held { holder, changed: claim.key == act.key_use(200) }))
    }

    /// Appends the holder's word for a claim that it does not know yet, in the name and with the key of the command
    /// that asked for it: else that command, done again, would not be known again.
    pub(super) async fn connect(
        &self,
        act: &Act,
        holder: &Arc<Contact>,
        named: &Named,
        claim: Claim,
    ) -> Result<Arc<Contact>, Stop> {
        let mut connected = named.connected(act, claim.epoch);
        let own = claim.key == act.key_use(200);
        if let Some(key) = claim.key.filter(|_| own || !armed(Break::HelperDropsTheKey)) {
            if !own {
                connected = act.draft_for(&self.author_of(named, claim).await?, connected.event);
            }
            connected.meta.key = Some(key);
            connected.meta.marks = vec![key.mark];
        }
        match self.streams.append(holder, vec![connected.clone()]).await {
            // The key was used for another command meanwhile; that is for whoever bore it to be told.
            Err(Lost::MarkTaken { .. }) if !own => {
                Ok(self.streams.append(holder, vec![without_key(connected)]).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Who made a claim that still stands, when, and why.
    async fn author_of(&self, named: &Named, claim: Claim) -> Result<Meta, Stop> {
        let last = self.streams.last(&Stream::Identity(named.identity)).await?;
        match last.filter(|last| last.revision == claim.epoch) {
            Some(claimed) => Ok(self.streams.codec().open(&claimed).await?.meta),
            None => Err(Stop::Again),
        }
    }

    /// Who stands behind the claim on an identity, after a cut-off release was finished.
    async fn owner_of(&self, act: &Act, identity: &Identity) -> Result<Owner, Stop> {
        let Some(claim) = identity.claim else { return Ok(Owner::Nobody) };
        let holder = self.streams.contact(claim.owner).await?;
        match self.resolve(act, claim.owner).await? {
            Resolution::Absent if armed(Break::AbsentOwnerIsTakenOver) => Ok(Owner::Nobody),
            Resolution::Absent => Ok(Owner::Absent(claim.owner)),
            Resolution::Abandoned | Resolution::Erased => Ok(Owner::Nobody),
            Resolution::Root(root) => match holder.identity(identity.id) {
                Some(own) if own.epoch > claim.epoch => Err(Stop::Again),
                Some(own) if own.epoch == claim.epoch && !own.connected => {
                    self.release_claim(act, identity, claim).await?;
                    Err(Stop::Again)
                }
                _ => Ok(Owner::Shown { root, holder, claim }),
            },
        }
    }

    /// The root that shows an identity, and the claim behind it.
    pub async fn shown_by(&self, act: &Act, identity: &Identity) -> Result<Option<(Arc<Contact>, Claim)>, Stop> {
        Ok(match self.owner_of(act, identity).await? {
            Owner::Shown { root, claim, .. } => Some((root, claim)),
            Owner::Nobody | Owner::Absent(_) => None,
        })
    }

    /// The identity's stream says that the claim is over.
    pub async fn release_claim(&self, act: &Act, identity: &Identity, claim: Claim) -> Result<(), Stop> {
        let released = act.draft(None, IdentityReleased { contact: claim.owner, epoch: claim.epoch });
        helped(self.streams.append_identity(identity, released).await)
    }

    /// A contact that never came to exist never will: its claims hold nobody back, and its key, with which they are
    /// sealed, is destroyed.
    pub async fn abandon(&self, act: &Act, contact: ContactId) -> Result<(), Stop> {
        let found = self.streams.contact(contact).await?;
        match found.life {
            Life::Absent => {
                let abandoned = self.streams.append(&found, vec![act.draft(None, ContactAbandoned {})]).await?;
                Ok(self.destroy_key(contact, abandoned.position).await?)
            }
            Life::Abandoned => Ok(self.destroy_key(contact, found.position).await?),
            Life::Live | Life::Erased => Ok(()),
        }
    }

    /// P6: the identity is given up by its holder, absorbed or not, if the tree of the contact shows it.
    pub async fn release(&self, act: &Act, addressed: &Addressed, named: &Named) -> Result<Held, Ended> {
        let (held, claim) = repeat(|| self.try_release(act, addressed, named)).await?;
        if let Some(claim) = claim {
            repeat(|| self.finish_release(act, named.identity, claim)).await?;
        }
        Ok(held)
    }

    async fn try_release(
        &self,
        act: &Act,
        addressed: &Addressed,
        named: &Named,
    ) -> Result<(Held, Option<Claim>), Stop> {
        let identity = self.streams.identity(named.identity).await?;
        let owner = self.owner_of(act, &identity).await?;
        let root = self.root_of(act, addressed).await?;
        match owner {
            Owner::Shown { root: other, holder, claim } if other.id == root.id => {
                if armed(Break::ReleasedBeforeLetGo) {
                    self.release_claim(act, &identity, claim).await?;
                }
                let holder = if armed(Break::ReleasesRecordedAtTheRoot) { other } else { holder };
                let holder = self.let_go(act, &holder, named, claim).await?;
                Ok((Held { holder, changed: true }, Some(claim)))
            }
            _ => Ok((Held { holder: root, changed: false }, None)),
        }
    }

    /// The holder's word that the claim is over. A claim that it did not know yet it learns of first: a late
    /// confirmation of it finds it known.
    pub(super) async fn let_go(
        &self,
        act: &Act,
        holder: &Arc<Contact>,
        named: &Named,
        claim: Claim,
    ) -> Result<Arc<Contact>, Stop> {
        let mut holder = holder.clone();
        if holder.identity(named.identity).is_none_or(|own| own.epoch < claim.epoch) {
            holder = self.connect(act, &holder, named, claim).await?;
        }
        let mut gone = act.draft(None, IdentityDisconnected { identity: named.identity, epoch: claim.epoch });
        act.put_key(&mut gone, 200);
        Ok(self.streams.append(&holder, vec![gone]).await?)
    }

    pub(super) async fn finish_release(&self, act: &Act, identity: IdentityId, claim: Claim) -> Result<(), Stop> {
        let identity = self.streams.identity(identity).await?;
        match identity.claim {
            Some(standing) if standing.epoch == claim.epoch => {
                self.release_claim(act, &identity, claim).await?;
                Err(Stop::Again)
            }
            _ => Ok(()),
        }
    }
}
