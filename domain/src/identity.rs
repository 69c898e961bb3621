//! The state of a channel identity: who holds it, by which claim (rule 3).

use crate::event::Event;
use crate::ids::{ContactId, IdentityId};
use crate::meta::{KeyUse, Meta};

/// The holder of an identity, by its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub owner: ContactId,
    /// Revision of the claim: a cut-off release can't be taken for a cut-off claim.
    pub epoch: u64,
    /// The key of the command that asked for it, if it bore one: whoever connects the identity puts it on record.
    pub key: Option<KeyUse>,
}

impl Claim {
    /// The same claim, asked for by nobody who could ask again.
    pub fn without_key(self) -> Self {
        Claim { key: None, ..self }
    }
}

/// The state of one identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which.
    pub id: IdentityId,
    /// Number of events in its stream.
    pub next_revision: u64,
    /// Who holds it.
    pub claim: Option<Claim>,
}

impl Identity {
    /// An identity that nobody ever claimed.
    pub fn unclaimed(id: IdentityId) -> Self {
        Identity { id, next_revision: 0, claim: None }
    }

    /// Revision of the last event; `None` if the stream is empty.
    pub fn revision(&self) -> Option<u64> {
        self.next_revision.checked_sub(1)
    }

    /// Folds one event of the identity's own stream.
    pub fn evolve(&mut self, event: &Event, meta: &Meta, revision: u64) {
        self.next_revision = revision + 1;
        match event {
            Event::IdentityClaimed(claimed) => {
                self.claim = Some(Claim { owner: claimed.contact, epoch: revision, key: meta.key });
            }
            Event::IdentityReleased(_) => self.claim = None,
            _ => {}
        }
    }
}
