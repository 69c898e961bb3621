//! The state of a channel identity: who holds it, by which claim (rule 3).

use crate::event::Event;
use crate::ids::{ContactId, IdentityId};

/// The holder of an identity, by its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub owner: ContactId,
    /// Revision of the claim: a cut-off release can't be taken for a cut-off claim.
    pub epoch: u64,
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
    pub fn evolve(&mut self, event: &Event, revision: u64) {
        self.next_revision = revision + 1;
        match event {
            Event::IdentityClaimed(claimed) => self.claim = Some(Claim { owner: claimed.contact, epoch: revision }),
            Event::IdentityReleased(_) => self.claim = None,
            _ => {}
        }
    }
}
