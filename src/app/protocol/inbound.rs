//! P4: something by a channel identity. From one that nobody holds, it makes the contact.

use std::sync::Arc;

use dossier_domain::command::{Change, Interaction, ProfileValues};
use dossier_domain::compose::Forest;
use dossier_domain::decide::{Decided, Situation, decide};
use dossier_domain::event::{ContactCreated, Sender};
use dossier_domain::identity::{Claim, Identity};
use dossier_domain::ids::{ContactId, Mark};
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::Contact;

use super::claim::Named;
use super::resolve::Resolution;
use super::{Ended, Engine, Stop, repeat};
use crate::app::act::Act;
use crate::app::streams::Draft;

/// An interaction on its way in or out by a known handle.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The identity.
    pub named: Named,
    /// What passes; its `holder` is filled in on the way.
    pub interaction: Interaction,
    /// In, with the channel's profile; or out.
    pub way: Way,
    /// On whom.
    pub target: Target,
}

/// On whom an interaction lands.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// On whoever shows the identity; on a new contact if nobody does.
    AnyOne,
    /// On this root alone, as long as it shows the identity.
    Only {
        /// Which.
        root: ContactId,
        /// The position that the ETag of its tree must still be made of.
        if_match: Option<u64>,
    },
}

/// Which way an interaction goes.
#[derive(Clone, Debug)]
pub enum Way {
    /// In, with what the channel knows of the sender.
    In(ProfileValues),
    /// Out.
    Out(Sender),
}

/// Where an interaction landed.
#[derive(Clone, Debug)]
pub struct Landed {
    /// The root's state after it.
    pub root: Arc<Contact>,
    /// Whether it made the contact.
    pub created: bool,
}

impl Passage {
    fn change(&self, holder: ContactId) -> Change {
        let interaction = Interaction { holder, ..self.interaction.clone() };
        match &self.way {
            Way::In(profile) => Change::Receive(interaction, profile.clone()),
            Way::Out(sender) => Change::Send(interaction, *sender),
        }
    }
}

impl Engine {
    /// P4. The events bear the message's mark: a second delivery ends in [`Ended::MarkTaken`]. `None` if the target does
    /// not show the identity any more.
    pub async fn pass(&self, act: &Act, passage: &Passage) -> Result<Option<Landed>, Ended> {
        repeat(|| self.try_pass(act, passage)).await
    }

    async fn try_pass(&self, act: &Act, passage: &Passage) -> Result<Option<Landed>, Stop> {
        let identity = self.streams.identity(passage.named.identity).await?;
        let found = match identity.claim {
            Some(claim) => Some((claim, self.resolve(act, claim.owner).await?)),
            None => None,
        };
        let landed = match (found, passage.target) {
            (Some((_, Resolution::Root(root))), Target::Only { root: only, .. }) if root.id != only => return Ok(None),
            (Some((claim, Resolution::Root(root))), _) => self.land(act, passage, &identity, claim, &root).await?,
            (_, Target::Only { .. }) => return Ok(None),
            (Some((claim, Resolution::Absent)), Target::AnyOne) => self.create_with(act, passage, claim).await?,
            (_, Target::AnyOne) => self.claim_for_new(act, passage, &identity).await?,
        };
        Ok(Some(landed))
    }

    /// A fresh contact claims the identity; what was delivered before makes none.
    async fn claim_for_new(&self, act: &Act, passage: &Passage, identity: &Identity) -> Result<Landed, Stop> {
        self.not_seen(passage.interaction.message).await?;
        if let Some(key) = act.key() {
            self.not_seen(key.mark).await?;
        }
        let contact = self.fresh_contact(passage.interaction.message).await?;
        let claimed = passage.named.claimed(act, contact);
        self.streams.append_identity(identity, claimed).await?;
        Err(Stop::Again)
    }

    /// Stops what was carried out before.
    pub async fn not_seen(&self, mark: Mark) -> Result<(), Stop> {
        match self.streams.store().find(mark).await.map_err(crate::app::error::AppError::from)? {
            Some(recorded) => Err(Stop::MarkTaken { position: recorded.position }),
            None => Ok(()),
        }
    }

    /// An id that derives from the mark and was never used: an abandoned or erased contact is not revived.
    pub(super) async fn fresh_contact(&self, mark: Mark) -> Result<ContactId, Stop> {
        let mut attempt = 0;
        loop {
            let contact = self.marks.contact(mark, attempt);
            if self.streams.contact(contact).await?.revision().is_none() {
                return Ok(contact);
            }
            attempt += 1;
        }
    }

    /// The claim stands, the contact does not yet: whoever comes makes it, whoever made the claim.
    async fn create_with(&self, act: &Act, passage: &Passage, claim: Claim) -> Result<Landed, Stop> {
        let absent = self.streams.contact(claim.owner).await?;
        if absent.revision().is_some() {
            return Err(Stop::Again);
        }
        let created = act.draft(None, ContactCreated {});
        let connected = passage.named.connected(act, claim.epoch);
        let mut drafts = vec![created, connected];
        drafts.extend(self.decided(act, passage, &absent, claim.owner).await?);
        self.sign(act, passage, &mut drafts, 201);
        let root = self.streams.append(&absent, drafts).await?;
        Ok(Landed { root, created: true })
    }

    /// The interaction lands on the root of the identity's holder.
    async fn land(
        &self,
        act: &Act,
        passage: &Passage,
        identity: &Identity,
        claim: Claim,
        root: &Arc<Contact>,
    ) -> Result<Landed, Stop> {
        if let Target::Only { if_match, .. } = passage.target {
            self.must_match(root, if_match).await?;
        }
        let holder = self.streams.contact(claim.owner).await?;
        let mut drafts = Vec::new();
        match holder.identity(identity.id) {
            Some(own) if own.epoch > claim.epoch && !armed(Break::OldClaimIsConnected) => return Err(Stop::Again),
            Some(own) if own.epoch == claim.epoch && !own.connected => {
                self.release_claim(act, identity, claim).await?;
                return Err(Stop::Again);
            }
            Some(own) if own.epoch == claim.epoch => {}
            _ if holder.id == root.id && claim.key.is_none() => {
                drafts.push(passage.named.connected(act, claim.epoch));
            }
            _ => {
                self.connect(act, &holder, &passage.named, claim).await?;
                return Err(Stop::Again);
            }
        }
        drafts.extend(self.decided(act, passage, root, claim.owner).await?);
        self.sign(act, passage, &mut drafts, 200);
        let root = self.streams.append(root, drafts).await?;
        Ok(Landed { root, created: false })
    }

    async fn decided(
        &self,
        act: &Act,
        passage: &Passage,
        root: &Arc<Contact>,
        holder: ContactId,
    ) -> Result<Vec<Draft>, Stop> {
        let forest = match &passage.way {
            Way::In(profile) if !profile.values.is_empty() => self.forest_of(root).await?,
            _ => Forest::new(),
        };
        let situation = Situation { root, forest: &forest, now: act.now() };
        let decided = decide(situation, &passage.change(holder))?;
        Ok(decided.into_iter().map(|Decided { event, cause }| act.draft(cause, event)).collect())
    }

    /// The message is known again by its own event, the key by the last of the append, whose revision is the answer's.
    fn sign(&self, act: &Act, passage: &Passage, drafts: &mut [Draft], status: u16) {
        let message = drafts.iter_mut().find(|draft| draft.event.is_interaction());
        if let Some(message) = message.filter(|_| !armed(Break::MessagesAreForgotten)) {
            message.meta.marks.push(passage.interaction.message);
        }
        if let Some(last) = drafts.last_mut() {
            act.put_key(last, status);
        }
    }

    /// The contacts below a root and the guests of each, for composing.
    pub async fn forest_of(&self, root: &Arc<Contact>) -> Result<Forest, Stop> {
        let mut forest = Forest::new();
        let mut guests = root.guests.clone();
        let mut next: Vec<ContactId> = root.live_edges().map(|edge| edge.secondary).collect();
        while let Some(id) = next.pop() {
            let contact = self.streams.contact(id).await?;
            next.extend(contact.live_edges().map(|edge| edge.secondary));
            guests.extend(&contact.guests);
            forest.insert(id, contact);
        }
        for guest in guests {
            if guest != root.id && !forest.contains_key(&guest) {
                forest.insert(guest, self.streams.contact(guest).await?);
            }
        }
        Ok(forest)
    }
}
