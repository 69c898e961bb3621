//! What a contact shows: the fold of its own stream in which each live edge is one edit, made where it stands (rule 22).
//!
//! What came by an identity of a contact that is erased by now is not shown, whether or not its key is gone yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ids::ContactId;
use crate::sabotage::{Break, armed};
use crate::state::{Contact, Life};

mod fields;
mod standing;
mod view;

pub use fields::{ShownFields, ShownValue};
pub use standing::{ActivityLevel, Status};
pub use view::{Absorbed, ShownIdentity, View, view};

/// Own states by contact: the root, all that is absorbed below it, and the guests of each ([`Contact::guests`]).
pub type Forest = HashMap<ContactId, Arc<Contact>>;

/// What a contact shows of the things that merges bring along: fields set by hand or by a channel, and tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Values by field; a field that is not here is absent. The derived country is not here.
    pub fields: ShownFields,
    /// Spelling by folded key.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

/// The contacts of a tree, each before all that are below it. Walks without recursion: chains are as deep as users
/// make them.
pub fn tree_of<'a>(forest: &'a Forest, root: &'a Contact) -> Vec<&'a Contact> {
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let contact = found[next];
        next += 1;
        let below = contact.live_edges().filter_map(|edge| forest.get(&edge.secondary).map(Arc::as_ref));
        found.extend(below);
    }
    found
}

/// The position that the ETag of a contact is made of, so that two bodies never share one: the highest of any event in
/// the streams of its tree, and of the erasure of whoever brought values to it. Where a removal freed the contact and its
/// own stream does not have it yet, the position of that counts too.
pub fn position(forest: &Forest, root: &Contact) -> u64 {
    position_of_tree(forest, &tree_of(forest, root))
}

fn position_of_tree(forest: &Forest, tree: &[&Contact]) -> u64 {
    if armed(Break::EtagOfTheRootAlone) {
        return tree[0].position;
    }
    let guests = tree.iter().flat_map(|contact| &contact.guests);
    let erased = guests.filter_map(|guest| forest.get(guest)).filter(|guest| guest.life == Life::Erased);
    let erased = erased.map(|guest| guest.position);
    tree.iter().map(|contact| contact.position).chain(erased).max().unwrap_or_default()
}

fn is_erased(forest: &Forest, contact: Option<ContactId>) -> bool {
    contact.and_then(|id| forest.get(&id)).is_some_and(|contact| contact.life == Life::Erased)
}

/// What the contact shows.
pub fn shown(forest: &Forest, root: &Contact) -> Shown {
    if root.live_edges().next().is_none() {
        return shown_above(forest, root, &HashMap::new());
    }
    shown_by_all(forest, &tree_of(forest, root)).remove(&root.id).unwrap_or_default()
}

/// What each contact of a tree shows by itself, composed from the leaves upward.
fn shown_by_all(forest: &Forest, tree: &[&Contact]) -> HashMap<ContactId, Shown> {
    let mut done: HashMap<ContactId, Shown> = HashMap::new();
    for contact in tree.iter().rev() {
        let composed = shown_above(forest, contact, &done);
        done.insert(contact.id, composed);
    }
    done
}

/// One contact over what the contacts just below it show.
fn shown_above(forest: &Forest, contact: &Contact, below: &HashMap<ContactId, Shown>) -> Shown {
    Shown { fields: fields::compose(forest, contact, below), tags: tags(contact, below) }
}

/// Own tags, and each that an absorbed contact shows unless it was removed here after that merge.
fn tags(contact: &Contact, below: &HashMap<ContactId, Shown>) -> BTreeMap<Arc<str>, Arc<str>> {
    let own = contact.tags.iter().filter(|(_, tag)| tag.present);
    let mut shown: BTreeMap<_, _> = own.map(|(key, tag)| (key.clone(), tag.name.clone())).collect();
    for edge in contact.live_edges() {
        let Some(theirs) = below.get(&edge.secondary) else { continue };
        for (key, name) in &theirs.tags {
            let removed_since = contact.tags.get(key).is_some_and(|own| !own.present && own.revision > edge.revision);
            if !removed_since || armed(Break::TagRemovalsIgnored) {
                shown.entry(key.clone()).or_insert_with(|| name.clone());
            }
        }
    }
    shown
}
