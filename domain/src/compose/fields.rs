//! Composing profile fields: own edits and live edges replayed in the order in which they stand in the stream.

use std::collections::{BTreeMap, HashMap};

use super::{Forest, Shown, is_erased};
use crate::field::{Choice, Field, Origin, Value};
use crate::ids::ContactId;
use crate::sabotage::{Break, armed};
use crate::state::{Contact, Edge, Edit};

/// A value that a contact shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownValue {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// The contact by whose identity, or in whose stream, it came.
    pub from: ContactId,
}

/// Values by field; absent fields are not here.
pub type ShownFields = BTreeMap<Field, ShownValue>;

/// The fields of a contact over what the contacts just below it show.
pub(super) fn compose(forest: &Forest, contact: &Contact, below: &HashMap<ContactId, Shown>) -> ShownFields {
    let mut fields = ShownFields::new();
    let mut steps = Vec::with_capacity(contact.edits.len() + contact.edges.len());
    let readable = contact.edits.iter().filter(|edit| !is_erased(forest, edit.holder));
    steps.extend(readable.map(Step::Edit));
    steps.extend(contact.live_edges().map(Step::Edge));
    if contact.edges.iter().any(Edge::is_live) {
        steps.sort_by_key(Step::revision);
    }
    for step in steps {
        match step {
            Step::Edit(edit) => apply_edit(&mut fields, edit, contact.id),
            Step::Edge(edge) => {
                if let Some(theirs) = below.get(&edge.secondary) {
                    apply_edge(&mut fields, edge, &theirs.fields, contact.id);
                }
            }
        }
    }
    fields
}

enum Step<'a> {
    Edit(&'a Edit),
    Edge(&'a Edge),
}

impl Step<'_> {
    fn revision(&self) -> u64 {
        match self {
            Step::Edit(edit) => edit.revision,
            Step::Edge(edge) if armed(Break::EdgesActNewestFirst) => u64::MAX - edge.revision,
            Step::Edge(edge) => edge.revision,
        }
    }
}

fn apply_edit(fields: &mut ShownFields, edit: &Edit, own: ContactId) {
    let shown =
        edit.value.clone().map(|value| ShownValue { value, origin: edit.origin, from: edit.holder.unwrap_or(own) });
    put(fields, &edit.field, shown);
}

/// One edge as one edit: every field by its choice, or by the policy as it stands when composed (rule 20).
fn apply_edge(fields: &mut ShownFields, edge: &Edge, theirs: &ShownFields, own: ContactId) {
    let no_choices = BTreeMap::new();
    let choices = edge.terms.open().map_or(&no_choices, |terms| &terms.choices);
    let mine_has_name = fields.contains_key(&Field::FirstName) || fields.contains_key(&Field::LastName);
    let mine = fields.clone();
    for field in theirs.keys().chain(choices.keys()) {
        let primary = mine.get(field);
        let secondary = theirs.get(field);
        let is_name = matches!(field, Field::FirstName | Field::LastName);
        let chosen = match choices.get(field) {
            Some(Choice::Primary) => primary.cloned(),
            Some(Choice::Secondary) => secondary.or(primary).cloned(),
            Some(Choice::Given(value)) => given(value.as_ref(), own),
            None if is_name && mine_has_name => primary.cloned(),
            None => primary.or(secondary).cloned(),
        };
        put(fields, field, chosen);
    }
}

/// A value given in a merge counts as set by hand: somebody chose it.
fn given(value: Option<&Value>, own: ContactId) -> Option<ShownValue> {
    value.map(|value| ShownValue { value: value.clone(), origin: Origin::Manual, from: own })
}

fn put(fields: &mut ShownFields, field: &Field, value: Option<ShownValue>) {
    match value {
        Some(value) => fields.insert(field.clone(), value),
        None => fields.remove(field),
    };
}
