//! Trees of merged contacts, put together from own states wherever those are kept.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dossier_domain::compose::{Forest, View, view};
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, Edge, Life};

use crate::documents::Shown;

/// Where own states are found.
pub trait States {
    /// What goes wrong there.
    type Error;

    /// The own state; that of a contact without history is absent.
    ///
    /// # Errors
    /// The store behind it failed.
    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, Self::Error>;
}

/// The root of a tree.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its own state.
    pub state: Arc<Contact>,
    /// Position of the removal that freed it, where its own stream does not have it yet.
    pub freed: Option<u64>,
}

impl Root {
    /// What it shows, if it is live.
    ///
    /// # Errors
    /// As [`States::look`].
    pub fn view<S: States>(&self, states: &mut S) -> Result<Option<View>, S::Error> {
        match self.state.life {
            Life::Live => Ok(Some(view(&forest_of(states, &self.state)?, &self.state, self.freed))),
            _ => Ok(None),
        }
    }
}

/// The root of a contact: up the chain of locks, as far as their edges are live in the primaries. The edge alone is the
/// truth of a merge.
///
/// # Errors
/// As [`States::look`].
pub fn root_of<S: States>(states: &mut S, id: ContactId) -> Result<Root, S::Error> {
    let mut state = states.look(id)?;
    let mut climbed = Vec::new();
    while let Some(lock) = state.lock.clone() {
        let primary = states.look(lock.primary)?;
        climbed.push(state.id);
        match primary.edge(lock.merge) {
            // No protocol makes a circle; a damaged log must not hang us.
            Some(edge) if edge.is_live() && !climbed.contains(&primary.id) => state = primary,
            Some(Edge { removed: Some(removed), .. }) => return Ok(Root { state, freed: Some(removed.position) }),
            _ => break,
        }
    }
    Ok(Root { state, freed: None })
}

/// What every root shows in whose tree one of these is, and that those who are below one show nothing.
///
/// # Errors
/// As [`States::look`].
pub fn shown<S: States>(states: &mut S, concerned: BTreeSet<ContactId>) -> Result<Vec<Shown>, S::Error> {
    let (mut roots, mut shown) = (BTreeMap::new(), Vec::with_capacity(concerned.len()));
    for contact in concerned {
        let root = root_of(states, contact)?;
        if root.state.id != contact {
            shown.push(Shown { contact, workspace: root.state.workspace.clone(), view: None });
        }
        roots.insert(root.state.id, root);
    }
    for (contact, root) in roots {
        let view = root.view(states)?.map(Box::new);
        shown.push(Shown { contact, workspace: root.state.workspace.clone(), view });
    }
    Ok(shown)
}

/// All that is absorbed in a root, and the guests of each.
fn forest_of<S: States>(states: &mut S, root: &Contact) -> Result<Forest, S::Error> {
    let mut forest = Forest::new();
    let mut guests = root.guests.clone();
    let mut next: Vec<ContactId> = root.live_edges().map(|edge| edge.secondary).collect();
    while let Some(id) = next.pop() {
        if forest.contains_key(&id) || id == root.id {
            continue;
        }
        let state = states.look(id)?;
        next.extend(state.live_edges().map(|edge| edge.secondary));
        guests.extend(&state.guests);
        forest.insert(id, state);
    }
    for guest in guests.into_iter().filter(|guest| *guest != root.id) {
        if let Entry::Vacant(place) = forest.entry(guest) {
            place.insert(states.look(guest)?);
        }
    }
    Ok(forest)
}
