//! Creating a contact: its identities are claimed first, and all or none stay claimed (rule 3).

use std::sync::Arc;

use dossier_domain::command::ProfileValues;
use dossier_domain::decide::initial_values;
use dossier_domain::event::{ContactCreated, TagAdded, TagNamed};
use dossier_domain::identity::{Claim, Identity};
use dossier_domain::ids::Mark;
use dossier_domain::personal::Personal;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Life};

use super::claim::Named;
use super::resolve::Resolution;
use super::{Ended, Engine, Stop, repeat};
use crate::app::act::Act;
use crate::app::streams::Draft;

/// A contact to be made.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Of the command's key, or made up: its id derives from this.
    pub mark: Mark,
    /// Its profile.
    pub values: ProfileValues,
    /// Its tags.
    pub tags: Vec<TagNamed>,
    /// Its identities.
    pub identities: Vec<Named>,
}

impl Engine {
    /// Claims, then the contact in one append. A claim refused midway gives the others back.
    pub async fn create(&self, act: &Act, new: &NewContact) -> Result<Arc<Contact>, Ended> {
        let outcome = repeat(|| self.try_create(act, new)).await;
        if outcome.is_err() && !new.identities.is_empty() {
            self.give_back(&act.without_key(), new).await?;
        }
        outcome
    }

    async fn try_create(&self, act: &Act, new: &NewContact) -> Result<Arc<Contact>, Stop> {
        let contact = self.to_be_made(new).await?;
        if contact.lock.is_some() {
            let root = self.resolve(act, contact.id).await?.root(contact.id)?;
            return Err(Rejection::IdentityTaken { by: root.id }.into());
        }
        let mut drafts = match contact.life {
            Life::Absent => vec![act.draft(None, ContactCreated {})],
            _ => Vec::new(),
        };
        let mut known = None;
        for named in &new.identities {
            let epoch = self.claim_for(act, &contact, named).await?;
            let connected = named.connected(act, epoch);
            match contact.identity(named.identity) {
                Some(own) if own.epoch >= epoch => known = Some(connected),
                _ => drafts.push(connected),
            }
        }
        drafts.extend(initial_values(&new.values).map(|edited| act.draft(None, edited)));
        drafts.extend(new.tags.iter().map(|tag| tag_added(act, tag)));
        if drafts.is_empty() {
            // A message made the contact by these very claims: it says again what it holds, to bear the command's key.
            drafts.extend(known);
        }
        let Some(last) = drafts.last_mut() else { return Ok(contact) };
        act.put_key(last, 201);
        Ok(self.streams.append(&contact, drafts).await?)
    }

    /// The first contact that derives from the mark and is neither abandoned nor erased. It exists already where a
    /// message came by an identity that this command had claimed before it was cut off: then that is the contact.
    async fn to_be_made(&self, new: &NewContact) -> Result<Arc<Contact>, Stop> {
        let mut attempt = 0;
        loop {
            let contact = self.streams.contact(self.marks.contact(new.mark, attempt)).await?;
            let is_ours = || new.identities.iter().any(|named| contact.identity(named.identity).is_some());
            match contact.life {
                Life::Absent => return Ok(contact),
                Life::Live if is_ours() => return Ok(contact),
                Life::Live | Life::Abandoned | Life::Erased => attempt += 1,
            }
        }
    }

    /// The epoch of the claim on an identity by a contact that may not exist yet.
    async fn claim_for(&self, act: &Act, contact: &Contact, named: &Named) -> Result<u64, Stop> {
        loop {
            let identity = self.streams.identity(named.identity).await?;
            match identity.claim {
                Some(claim) if claim.owner == contact.id => match contact.identity(named.identity) {
                    Some(own) if own.epoch > claim.epoch => return Err(Stop::Again),
                    Some(own) if own.epoch == claim.epoch && !own.connected => {
                        self.release_claim(act, &identity, claim).await?;
                        continue;
                    }
                    _ => return Ok(claim.epoch),
                },
                Some(claim) => match self.resolve(act, claim.owner).await? {
                    Resolution::Root(root) => {
                        self.refuse_taken(act, &identity, claim, &root).await?;
                        continue;
                    }
                    Resolution::Absent => {
                        self.abandon(act, claim.owner).await?;
                        continue;
                    }
                    Resolution::Abandoned | Resolution::Erased => {}
                },
                None => {}
            }
            self.streams.append_identity(&identity, named.claimed(act, contact.id)).await?;
        }
    }

    /// Held by a live contact: refused, unless its holder has let go and only the identity's stream lags.
    async fn refuse_taken(&self, act: &Act, identity: &Identity, claim: Claim, root: &Contact) -> Result<(), Stop> {
        let holder = self.streams.contact(claim.owner).await?;
        match holder.identity(identity.id) {
            Some(own) if own.epoch > claim.epoch => Err(Stop::Again),
            Some(own) if own.epoch == claim.epoch && !own.connected => self.release_claim(act, identity, claim).await,
            _ => Err(Rejection::IdentityTaken { by: root.id }.into()),
        }
    }

    /// The contact will not be: it is abandoned, unless a message made it meanwhile, and the claims that it does not
    /// know of are released.
    async fn give_back(&self, act: &Act, new: &NewContact) -> Result<(), Ended> {
        let id = repeat(|| async { Ok(self.to_be_made(new).await?.id) }).await?;
        let mut claimed = Vec::new();
        for named in &new.identities {
            let claim = self.streams.identity(named.identity).await?.claim;
            claimed.extend(claim.filter(|claim| claim.owner == id).map(|claim| (named, claim)));
        }
        if claimed.is_empty() {
            return Ok(());
        }
        repeat(|| self.abandon(act, id)).await?;
        for (named, claim) in claimed {
            repeat(|| self.take_back(act, named, claim)).await?;
        }
        Ok(())
    }
}

fn tag_added(act: &Act, tag: &TagNamed) -> Draft {
    act.draft(None, TagAdded { personal: Personal::Open(tag.clone()) })
}
