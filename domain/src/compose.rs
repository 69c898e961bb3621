//! What a contact shows: the fold of its own stream in which each live edge is one edit, made where it stands (rule 22).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ids::ContactId;
use crate::state::Contact;

mod fields;
mod view;

pub use fields::{ShownFields, ShownValue};
pub use view::{Absorbed, ShownIdentity, View, view};

/// Own states by contact: the root and all that is absorbed below it.
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

/// What the contact shows.
pub fn shown(forest: &Forest, root: &Contact) -> Shown {
    if root.live_edges().next().is_none() {
        return shown_above(root, &HashMap::new());
    }
    shown_by_all(&tree_of(forest, root)).remove(&root.id).unwrap_or_default()
}

/// What each contact of a tree shows by itself, composed from the leaves upward.
fn shown_by_all(tree: &[&Contact]) -> HashMap<ContactId, Shown> {
    let mut done: HashMap<ContactId, Shown> = HashMap::new();
    for contact in tree.iter().rev() {
        let composed = shown_above(contact, &done);
        done.insert(contact.id, composed);
    }
    done
}

/// One contact over what the contacts just below it show.
fn shown_above(contact: &Contact, below: &HashMap<ContactId, Shown>) -> Shown {
    Shown { fields: fields::compose(contact, below), tags: tags(contact, below) }
}

/// Own tags, and each that an absorbed contact shows unless it was removed here after that merge.
fn tags(contact: &Contact, below: &HashMap<ContactId, Shown>) -> BTreeMap<Arc<str>, Arc<str>> {
    let own = contact.tags.iter().filter(|(_, tag)| tag.present);
    let mut shown: BTreeMap<_, _> = own.map(|(key, tag)| (key.clone(), tag.name.clone())).collect();
    for edge in contact.live_edges() {
        let Some(theirs) = below.get(&edge.secondary) else { continue };
        for (key, name) in &theirs.tags {
            let removed_since = contact.tags.get(key).is_some_and(|own| !own.present && own.revision > edge.revision);
            if !removed_since {
                shown.entry(key.clone()).or_insert_with(|| name.clone());
            }
        }
    }
    shown
}
