//! The state of a workspace, folded from its own stream: its settings, its custom fields and its segments.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Event, FieldEdit, FieldTerms, WorkspaceConfigured};
use crate::fields::{Definition, Definitions, FieldType};
use crate::ids::SegmentId;

mod decide;
mod segments;
#[cfg(test)]
mod tests;

pub use decide::{FIELDS_MAX, NewField, Refusal, WorkspaceCommand, decide};
pub use segments::{NewSegment, SEGMENTS_MAX, Segment, SegmentChange};

/// One workspace, as its stream tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    /// Revision that the next event of its stream will have; 0 where there is none yet.
    pub next_revision: u64,
    /// Place of its last event in the whole log.
    pub position: u64,
    /// Its settings; those of the start while it was never configured.
    pub settings: Arc<WorkspaceConfigured>,
    /// Every custom field ever defined, by key.
    pub fields: BTreeMap<Arc<str>, CustomField>,
    /// Its segments, by id.
    pub segments: BTreeMap<SegmentId, Segment>,
}

/// A custom field, with all that people see of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomField {
    /// As far as values and filters depend on it.
    pub definition: Definition,
    /// By which people name it.
    pub name: Arc<str>,
    /// Its place among the fields.
    pub order: u32,
    /// Options that were offered once. Like a tag (rule 8), an option that comes back is spelled as it was.
    pub former: Vec<Arc<str>>,
    /// Revision of the last event about it.
    pub revision: u64,
    /// Place of that event in the whole log: its ETag is made of this.
    pub position: u64,
}

impl Default for Workspace {
    fn default() -> Self {
        let settings = WorkspaceConfigured {
            time_zone: "UTC".into(),
            billing_anchor_day: 1,
            default_region: None,
            active_days: 30,
        };
        Workspace {
            next_revision: 0,
            position: 0,
            settings: Arc::new(settings),
            fields: BTreeMap::new(),
            segments: BTreeMap::new(),
        }
    }
}

impl Workspace {
    /// Revision of its last event; `None` before the first.
    pub fn revision(&self) -> Option<u64> {
        self.next_revision.checked_sub(1)
    }

    /// What values and filters need to know of its fields.
    pub fn definitions(&self) -> Definitions {
        self.fields.values().map(|field| field.definition.clone()).collect()
    }

    /// The fields by their order, ties by key.
    pub fn in_order(&self) -> Vec<&CustomField> {
        let mut fields: Vec<&CustomField> = self.fields.values().collect();
        fields.sort_by_key(|field| field.order);
        fields
    }

    /// How many fields are in use.
    fn in_use(&self) -> usize {
        self.fields.values().filter(|field| !field.definition.retired).count()
    }

    /// Folds one more event of the stream. Has no rule and no error: a history always folds. What can't be opened any
    /// more changes nothing but the revision.
    pub fn evolve(&mut self, event: &Event, revision: u64, position: u64) {
        (self.next_revision, self.position) = (revision + 1, position);
        match event {
            Event::WorkspaceConfigured(settings) => self.settings = Arc::new(settings.clone()),
            Event::FieldDefined(event) => {
                if let Some(terms) = event.personal.open() {
                    self.fields.insert(terms.key.clone(), defined(event.kind, terms, revision, position));
                }
            }
            Event::FieldChanged(event) => {
                if let Some(edit) = event.personal.open() {
                    self.change(&edit.key, revision, position, |field| field.take_up(edit));
                }
            }
            Event::FieldRetired(event) => {
                if let Some(named) = event.personal.open() {
                    self.change(&named.key, revision, position, |field| field.definition.retired = true);
                }
            }
            event => self.evolve_segments(event, revision, position),
        }
    }

    fn change(&mut self, key: &str, revision: u64, position: u64, change: impl FnOnce(&mut CustomField)) {
        if let Some(field) = self.fields.get_mut(key) {
            (field.revision, field.position) = (revision, position);
            change(field);
        }
    }
}

fn defined(kind: FieldType, terms: &FieldTerms, revision: u64, position: u64) -> CustomField {
    CustomField {
        definition: Definition { key: terms.key.clone(), kind, options: terms.options.clone(), retired: false },
        name: terms.name.clone(),
        order: terms.order,
        former: Vec::new(),
        revision,
        position,
    }
}

impl CustomField {
    fn take_up(&mut self, edit: &FieldEdit) {
        if let Some(name) = &edit.name {
            self.name = name.clone();
        }
        if let Some(order) = edit.order {
            self.order = order;
        }
        if let Some(options) = &edit.options {
            let before = std::mem::replace(&mut self.definition.options, options.clone());
            self.former.extend(before);
            self.former.retain(|former| !options.contains(former));
        }
    }
}
