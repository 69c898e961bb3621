//! The live merges: which contact each absorbed one is in (rule 30 needs the roots).

use std::collections::{BTreeSet, HashMap};

use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::sabotage::{Break, armed};

use super::rows::Edge;

/// Every live edge, from above and from below. Contacts in no merge take no room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Forest {
    above: HashMap<ContactId, (MergeId, ContactId)>,
    below: HashMap<ContactId, BTreeSet<ContactId>>,
}

impl Forest {
    /// The contact at the end of the chain of merges. Ends, for no edge that would close a circle is ever taken.
    pub(super) fn root(&self, contact: ContactId) -> ContactId {
        let mut root = contact;
        while let Some((_, primary)) = self.above.get(&root).filter(|_| !armed(Break::CountedByContact)) {
            root = *primary;
        }
        root
    }

    /// Whether an edge keeps this a forest. The protocols let no other into the log; a damaged log must not hang us.
    pub(super) fn can_join(&self, primary: ContactId, secondary: ContactId) -> bool {
        !self.above.contains_key(&secondary) && self.root(primary) != secondary
    }

    /// The merge by which the contact is absorbed.
    pub(super) fn edge_above(&self, secondary: ContactId) -> Option<MergeId> {
        self.above.get(&secondary).map(|(merge, _)| *merge)
    }

    /// Takes an edge that [`Forest::can_join`] allowed.
    pub(super) fn join(&mut self, edge: Edge) {
        self.above.insert(edge.secondary, (edge.merge, edge.primary));
        self.below.entry(edge.primary).or_default().insert(edge.secondary);
    }

    /// Takes an edge out; false if this very edge is not live.
    pub(super) fn cut(&mut self, edge: Edge) -> bool {
        if self.above.get(&edge.secondary) != Some(&(edge.merge, edge.primary)) {
            return false;
        }
        self.above.remove(&edge.secondary);
        if let Some(siblings) = self.below.get_mut(&edge.primary) {
            siblings.remove(&edge.secondary);
            if siblings.is_empty() {
                self.below.remove(&edge.primary);
            }
        }
        true
    }

    /// Takes an edge back from its row.
    pub(super) fn restore(&mut self, edge: Edge) {
        if self.can_join(edge.primary, edge.secondary) {
            self.join(edge);
        }
    }

    /// The contact and everything absorbed in it, at any depth.
    pub(super) fn tree(&self, contact: ContactId) -> impl Iterator<Item = ContactId> {
        let mut waiting = vec![contact];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(self.below.get(&next).into_iter().flatten());
            Some(next)
        })
    }
}
