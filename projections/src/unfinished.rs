//! What spans streams and stands unfinished in the log: the process manager's work list (merging.md, Recovery).

use std::collections::BTreeMap;

use dossier_domain::event::{Event, MergeOutcome};
use dossier_domain::ids::{ContactId, IdentityId, MergeId, Stream};
use serde::{Deserialize, Serialize};

/// A merge that is prepared but not decided, or undone or refused but not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMerge {
    /// Who is frozen by it.
    pub secondary: ContactId,
    /// Who decides, or decided.
    pub primary: ContactId,
    /// Position of the event that left it open.
    pub since: u64,
}

/// A claim that its owner has not confirmed, or a release that the identity's stream does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenClaim {
    /// Who is named.
    pub owner: ContactId,
    /// Revision of the claim.
    pub epoch: u64,
    /// Position of the event that left it open.
    pub since: u64,
}

/// The work list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Merges, by id.
    pub merges: BTreeMap<MergeId, OpenMerge>,
    /// Identities.
    pub claims: BTreeMap<IdentityId, OpenClaim>,
}

impl Unfinished {
    /// Folds one event of any stream, in global order.
    pub fn apply(&mut self, stream: &Stream, revision: u64, position: u64, event: &Event) {
        match (stream, event) {
            (Stream::Contact(secondary), Event::MergePrepared(prepared)) => {
                let open = OpenMerge { secondary: *secondary, primary: prepared.primary, since: position };
                self.merges.insert(prepared.merge, open);
            }
            (Stream::Contact(_), Event::ContactMerged(merged)) => {
                self.merges.remove(&merged.merge);
            }
            (Stream::Contact(primary), Event::ContactUnmerged(undone)) => {
                let open = OpenMerge { secondary: undone.secondary, primary: *primary, since: position };
                self.merges.insert(undone.merge, open);
            }
            (_, Event::MergeEnded(ended)) => {
                debug_assert!(matches!(ended.outcome, MergeOutcome::Unmerged | MergeOutcome::Refused));
                self.merges.remove(&ended.merge);
            }
            (Stream::Identity(identity), Event::IdentityClaimed(claimed)) => {
                let open = OpenClaim { owner: claimed.contact, epoch: revision, since: position };
                self.claims.insert(*identity, open);
            }
            (Stream::Identity(identity), Event::IdentityReleased(_)) => {
                self.claims.remove(identity);
            }
            (_, Event::IdentityConnected(connected)) => self.confirm(connected.identity, connected.epoch),
            (Stream::Contact(owner), Event::IdentityDisconnected(gone)) => {
                self.claims.insert(gone.identity, OpenClaim { owner: *owner, epoch: gone.epoch, since: position });
            }
            (Stream::Contact(erased), Event::ContactErased(_)) => self.forget_claims_of(*erased),
            _ => {}
        }
    }

    /// What stood unfinished at a position, and still does.
    pub fn since(&self, position: u64) -> Unfinished {
        let merges = self.merges.iter().filter(|(_, open)| open.since <= position);
        let claims = self.claims.iter().filter(|(_, open)| open.since <= position);
        Unfinished {
            merges: merges.map(|(id, open)| (*id, *open)).collect(),
            claims: claims.map(|(id, open)| (*id, *open)).collect(),
        }
    }

    fn confirm(&mut self, identity: IdentityId, epoch: u64) {
        if self.claims.get(&identity).is_some_and(|open| open.epoch == epoch) {
            self.claims.remove(&identity);
        }
    }

    /// An erased owner holds nothing, so nothing of it is open.
    fn forget_claims_of(&mut self, erased: ContactId) {
        self.claims.retain(|_, open| open.owner != erased);
    }
}
