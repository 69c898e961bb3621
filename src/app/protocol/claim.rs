//! P5 and P6: an identity belongs to exactly the contact that its own stream names.

use std::sync::Arc;

use dossier_domain::event::{
    ContactAbandoned, IdentityClaimed, IdentityConnected, IdentityDisconnected, IdentityNamed, IdentityReleased,
};
use dossier_domain::ids::{ContactId, IdentityId};
use dossier_domain::identity::{Claim, Identity};
use dossier_domain::personal::Personal;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Contact;

use super::resolve::Resolution;
use super::{Ended, Engine, Stop, helped, repeat};
use crate::app::act::Act;
use crate::app::ask::Handle;
use crate::app::streams::Draft;

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
    /// The root concerned.
    pub root: Arc<Contact>,
    /// The state after the event made, and whether one was made.
    pub changed: Option<Arc<Contact>>,
}

/// Who stands behind a claim.
enum Owner {
    /// Nobody: none, erased or abandoned.
    Nobody,
    /// The claim names a contact that never came to exist.
    Absent(ContactId),
    /// It is shown by this root.
    Shown { root: Arc<Contact>, claim: Claim },
}

impl Engine {
    /// The identity of a handle.
    pub fn named(&self, workspace: &str, handle: &Handle) -> Named {
        let identity = self.marks.identity(workspace, &handle.channel, &handle.external_id);
        Named { identity, handle: handle.clone() }
    }

    /// P5: the root of `contact` claims the identity. Changes nothing if it shows it already.
    pub async fn claim(&self, act: &Act, contact: ContactId, named: &Named) -> Result<Held, Ended> {
        repeat(|| self.try_claim(act, contact, named)).await
    }

    async fn try_claim(&self, act: &Act, contact: ContactId, named: &Named) -> Result<Held, Stop> {
        let root = self.resolve(act, contact).await?.root(contact)?;
        let identity = self.streams.identity(named.identity).await?;
        match self.owner_of(act, &identity).await? {
            Owner::Shown { root: other, .. } if other.id != root.id => {
                Err(Rejection::IdentityTaken { by: other.id }.into())
            }
            Owner::Shown { claim, .. } => self.connect(act, root, named, claim).await,
            Owner::Absent(owner) => {
                self.abandon(act, owner).await?;
                Err(Stop::Again)
            }
            Owner::Nobody => {
                let claimed = named.claimed(act, root.id);
                self.streams.append_identity(&identity, claimed).await?;
                Err(Stop::Again)
            }
        }
    }

    /// The holder's own word, if it has not given it yet.
    pub async fn connect(&self, act: &Act, root: Arc<Contact>, named: &Named, claim: Claim) -> Result<Held, Stop> {
        let holder = self.streams.contact(claim.owner).await?;
        if holder.identity(named.identity).is_some_and(|own| own.epoch >= claim.epoch) {
            return Ok(Held { root, changed: None });
        }
        let mut connected = named.connected(act, claim.epoch);
        act.put_key(&mut connected, 200);
        let changed = self.streams.append(&holder, vec![connected]).await?;
        Ok(Held { root, changed: Some(changed) })
    }

    /// Who stands behind the claim on an identity, after a cut-off release was finished.
    async fn owner_of(&self, act: &Act, identity: &Identity) -> Result<Owner, Stop> {
        let Some(claim) = identity.claim else { return Ok(Owner::Nobody) };
        match self.resolve(act, claim.owner).await? {
            Resolution::Absent => Ok(Owner::Absent(claim.owner)),
            Resolution::Abandoned | Resolution::Erased => Ok(Owner::Nobody),
            Resolution::Root(root) => {
                let holder = self.streams.contact(claim.owner).await?;
                match holder.identity(identity.id) {
                    Some(own) if own.epoch > claim.epoch => Err(Stop::Again),
                    Some(own) if own.epoch == claim.epoch && !own.connected => {
                        self.release_claim(act, identity, claim).await?;
                        Err(Stop::Again)
                    }
                    _ => Ok(Owner::Shown { root, claim }),
                }
            }
        }
    }

    /// The root that shows an identity, and the claim behind it.
    pub async fn shown_by(&self, act: &Act, identity: &Identity) -> Result<Option<(Arc<Contact>, Claim)>, Stop> {
        Ok(match self.owner_of(act, identity).await? {
            Owner::Shown { root, claim } => Some((root, claim)),
            Owner::Nobody | Owner::Absent(_) => None,
        })
    }

    /// The identity's stream says that the claim is over.
    pub async fn release_claim(&self, act: &Act, identity: &Identity, claim: Claim) -> Result<(), Stop> {
        let released = act.draft(None, IdentityReleased { contact: claim.owner, epoch: claim.epoch });
        helped(self.streams.append_identity(identity, released).await)
    }

    /// A contact that never came to exist never will: its claims hold nobody back.
    pub async fn abandon(&self, act: &Act, contact: ContactId) -> Result<(), Stop> {
        let absent = self.streams.contact(contact).await?;
        if absent.revision().is_some() {
            return Ok(());
        }
        helped(self.streams.append(&absent, vec![act.draft(None, ContactAbandoned {})]).await)
    }

    /// P6: the identity is given up by its holder, absorbed or not, if the tree of `contact` shows it.
    pub async fn release(&self, act: &Act, contact: ContactId, named: &Named) -> Result<Held, Ended> {
        let (root, claim) = repeat(|| async {
            let root = self.resolve(act, contact).await?.root(contact)?;
            let identity = self.streams.identity(named.identity).await?;
            match self.owner_of(act, &identity).await? {
                Owner::Shown { root: other, claim } if other.id == root.id => Ok((root, Some(claim))),
                _ => Ok((root, None)),
            }
        })
        .await?;
        let Some(claim) = claim else { return Ok(Held { root, changed: None }) };
        let changed = repeat(|| self.disconnect(act, named.identity, claim)).await?;
        repeat(|| self.finish_release(act, named.identity, claim)).await?;
        Ok(Held { root, changed })
    }

    async fn disconnect(&self, act: &Act, identity: IdentityId, claim: Claim) -> Result<Option<Arc<Contact>>, Stop> {
        let holder = self.streams.contact(claim.owner).await?;
        match holder.identity(identity) {
            Some(own) if own.epoch == claim.epoch && own.connected => {
                let disconnected = IdentityDisconnected { identity, epoch: claim.epoch };
                let mut draft = act.draft(None, disconnected);
                act.put_key(&mut draft, 200);
                Ok(Some(self.streams.append(&holder, vec![draft]).await?))
            }
            _ => Ok(None),
        }
    }

    async fn finish_release(&self, act: &Act, identity: IdentityId, claim: Claim) -> Result<(), Stop> {
        let identity = self.streams.identity(identity).await?;
        match identity.claim {
            Some(standing) if standing == claim => {
                self.release_claim(act, &identity, claim).await?;
                Err(Stop::Again)
            }
            _ => Ok(()),
        }
    }
}
