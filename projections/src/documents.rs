//! The contact documents: own states as rows, and by which values the root of each tree is found.
//!
//! What a contact shows is composed from own states when it is read; only what must be found by value is composed here.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use dossier_domain::compose::View;
use dossier_domain::event::Event;
use dossier_domain::field::Field;
use dossier_domain::fields::FieldType;
use dossier_domain::ids::{ContactId, IdMap, Stream};
use dossier_domain::meta::Meta;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::{Contact, Fact, Life, evolve};
use dossier_domain::values::text::fold;
use lru::LruCache;

use crate::trees::{Root, States, root_of, shown};

/// An event in its place, opened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Place in the log.
    pub position: u64,
    /// Place in the stream.
    pub revision: u64,
    /// The stream.
    pub stream: Stream,
    /// What happened.
    pub event: Event,
    /// Who, why, when.
    pub meta: Meta,
}

impl Entry {
    /// The entry as the fold takes it.
    pub fn fact(&self) -> Fact<'_> {
        Fact { event: &self.event, meta: &self.meta, revision: self.revision, position: self.position }
    }
}

/// A value by which a contact is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupValue {
    /// A folded email address.
    Email(String),
    /// A phone number, E.164.
    Phone(String),
}

/// What a batch of events changes.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentChange {
    /// The own state of a contact.
    State(Arc<Contact>),
    /// The values by which a contact is found; none unless it is a live root.
    Lookups {
        /// Which contact.
        contact: ContactId,
        /// Its workspace.
        workspace: Arc<str>,
        /// In order, each once.
        values: Vec<LookupValue>,
    },
    /// A custom field was defined or retired; for read stores that others read, who want a column for each.
    Field {
        /// Whose.
        workspace: Arc<str>,
        /// By which values name it.
        key: Arc<str>,
        /// Its type; `None` if it was retired.
        defined: Option<FieldType>,
    },
}

/// What a contact shows from now on. Not stored: it is indexed in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Which contact.
    pub contact: ContactId,
    /// Its workspace.
    pub workspace: Arc<str>,
    /// The composed contact; `None` unless it is a live root.
    pub view: Option<Box<View>>,
}

/// What changed since changes were given out last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// Rows to be stored: each changed contact once.
    pub rows: Vec<DocumentChange>,
    /// What contacts show, each once; empty unless the projector shows: see [`Documents::show`].
    pub shown: Vec<Shown>,
}

/// Where the projector finds what it does not remember.
pub trait Source {
    /// What goes wrong there.
    type Error;

    /// The own state as stored at the checkpoint.
    ///
    /// # Errors
    /// The read store failed.
    fn state(&mut self, contact: ContactId) -> Result<Option<Contact>, Self::Error>;

    /// The events of the contact's stream up to a position, opened.
    ///
    /// # Errors
    /// The event store failed.
    fn history(&mut self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, Self::Error>;
}

/// The projector of contact documents.
pub struct Documents {
    states: LruCache<ContactId, Arc<Contact>>,
    pending: Pending,
    showing: bool,
}

/// What was folded and is not given out yet.
#[derive(Default)]
struct Pending {
    /// Own states that changed; they stay here until they are given out, however little the projector remembers.
    changed: IdMap<ContactId, Arc<Contact>>,
    /// Contacts whose tree, or a value in it, changed.
    moved: BTreeSet<ContactId>,
    /// Custom fields that were defined and retired, in this order.
    fields: Vec<DocumentChange>,
}

impl Documents {
    /// A projector that remembers at most `capacity` states besides those that changed.
    pub fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Documents { states: LruCache::new(capacity), pending: Pending::default(), showing: false }
    }

    /// Whether what contacts show is composed too, whenever it changes: an index wants it, a rebuild does not.
    pub fn show(&mut self, showing: bool) {
        self.showing = showing;
    }

    /// Folds a batch in global order.
    ///
    /// # Errors
    /// What the source says; the projector must then be made anew.
    pub fn fold<S: Source>(&mut self, batch: &[Entry], source: &mut S) -> Result<(), S::Error> {
        let mut work = Work { projector: self, source };
        for entry in batch {
            work.fold(entry)?;
        }
        let up_to = batch.last().map_or(0, |entry| entry.position);
        let erased = batch.iter().filter_map(|entry| match (&entry.stream, &entry.event) {
            (Stream::Contact(id), Event::ContactErased(_)) => Some(*id),
            _ => None,
        });
        self.forget(&erased.collect::<Vec<_>>(), up_to, source)
    }

    /// What erased contacts brought to those above them is folded out of their states up to a position: its values can't be
    /// opened any more, and a state must be what a fresh fold gives.
    ///
    /// # Errors
    /// As [`Documents::fold`].
    pub fn forget<S: Source>(&mut self, erased: &[ContactId], up_to: u64, source: &mut S) -> Result<(), S::Error> {
        match armed(Break::RowsKeepWhatWasErased) {
            true => Ok(()),
            false => Work { projector: self, source }.forget(erased, up_to),
        }
    }

    /// Whether it remembers the state of a contact.
    pub fn remembers(&self, contact: ContactId) -> bool {
        self.pending.changed.contains_key(&contact) || self.states.contains(&contact)
    }

    /// Remembers a state as it is stored, which was looked up for what is folded next.
    pub fn remember(&mut self, state: Arc<Contact>) {
        self.states.put(state.id, state);
    }

    /// How many contacts changed since changes were given out.
    pub fn pending(&self) -> usize {
        self.pending.changed.len()
    }

    /// Gives out what changed since the last call: each changed contact once.
    ///
    /// # Errors
    /// As [`Documents::fold`].
    pub fn changes<S: Source>(&mut self, source: &mut S) -> Result<Changed, S::Error> {
        Work { projector: self, source }.changes()
    }
}

/// The projector at work, with what it looks things up in.
struct Work<'a, S: Source> {
    projector: &'a mut Documents,
    source: &'a mut S,
}

impl<S: Source> States for Work<'_, S> {
    type Error = S::Error;

    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, S::Error> {
        if let Some(state) = self.projector.pending.changed.get(&id) {
            return Ok(state.clone());
        }
        let state = self.take(id)?;
        self.projector.states.put(id, state.clone());
        Ok(state)
    }
}

impl<S: Source> Work<'_, S> {
    fn fold(&mut self, entry: &Entry) -> Result<(), S::Error> {
        let id = match &entry.stream {
            Stream::Contact(id) => *id,
            Stream::Workspace(name) => {
                self.projector.pending.fields.extend(field_change(name, &entry.event));
                return Ok(());
            }
            Stream::Identity(_) => return Ok(()),
        };
        if let Some(state) = self.projector.pending.changed.get_mut(&id) {
            evolve(Arc::make_mut(state), &entry.fact());
        } else {
            let mut state = self.take(id)?;
            evolve(Arc::make_mut(&mut state), &entry.fact());
            self.projector.pending.changed.insert(id, state);
        }
        let pending = &mut self.projector.pending;
        match &entry.event {
            Event::ProfileEdited(_) | Event::MergeEnded(_) => _ = pending.moved.insert(id),
            Event::ContactErased(_) => pending.moved.extend([id]),
            Event::ContactMerged(merged) => pending.moved.extend([id, merged.secondary]),
            Event::ContactUnmerged(undone) => pending.moved.extend([id, undone.secondary]),
            _ => {}
        }
        Ok(())
    }

    /// The state as remembered or stored, taken out of what is remembered so that changing it copies nothing.
    fn take(&mut self, id: ContactId) -> Result<Arc<Contact>, S::Error> {
        if let Some(state) = self.projector.states.pop(&id) {
            return Ok(state);
        }
        Ok(Arc::new(self.source.state(id)?.unwrap_or_else(|| Contact::absent(id))))
    }

    fn forget(&mut self, erased: &[ContactId], up_to: u64) -> Result<(), S::Error> {
        let mut above = BTreeSet::new();
        for id in erased {
            self.collect_above(*id, &mut above)?;
        }
        for id in above {
            self.refold(id, up_to)?;
        }
        Ok(())
    }

    fn collect_above(&mut self, id: ContactId, above: &mut BTreeSet<ContactId>) -> Result<(), S::Error> {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            let state = self.look(id)?;
            next.extend(state.above.iter().filter(|primary| above.insert(**primary)));
        }
        Ok(())
    }

    fn refold(&mut self, id: ContactId, up_to: u64) -> Result<(), S::Error> {
        let mut state = Contact::absent(id);
        for mut entry in self.source.history(id, up_to)? {
            if let Some(other) = entry.event.also_sealed_for()
                && self.look(other)?.life == Life::Erased
            {
                entry.event.erase();
                entry.meta.actor.erase();
            }
            evolve(&mut state, &entry.fact());
        }
        self.projector.pending.changed.insert(id, Arc::new(state));
        self.projector.pending.moved.insert(id);
        Ok(())
    }

    fn changes(mut self) -> Result<Changed, S::Error> {
        let mut rows = std::mem::take(&mut self.projector.pending.fields);
        rows.reserve(self.projector.pending());
        let moved = std::mem::take(&mut self.projector.pending.moved);
        let mut looked_up = BTreeSet::new();
        for id in &moved {
            let root = root_of(&mut self, *id)?;
            looked_up.extend([*id, root.state.id]);
        }
        for id in looked_up {
            rows.push(found_by(&mut self, id)?);
        }
        let shown = if self.projector.showing { self.shown(moved)? } else { Vec::new() };
        for (id, state) in std::mem::take(&mut self.projector.pending.changed) {
            self.projector.states.put(id, state.clone());
            rows.push(DocumentChange::State(state));
        }
        Ok(Changed { rows, shown })
    }

    fn shown(&mut self, moved: BTreeSet<ContactId>) -> Result<Vec<Shown>, S::Error> {
        let mut concerned = moved;
        concerned.extend(self.projector.pending.changed.keys());
        shown(self, concerned)
    }
}

/// The values by which a contact is found; none unless it is a live root.
fn found_by<S: States>(states: &mut S, id: ContactId) -> Result<DocumentChange, S::Error> {
    let root = root_of(states, id)?;
    let values = if root.state.id == id { lookups_of(states, &root)? } else { Vec::new() };
    Ok(DocumentChange::Lookups { contact: id, workspace: root.state.workspace.clone(), values })
}

fn lookups_of<S: States>(states: &mut S, root: &Root) -> Result<Vec<LookupValue>, S::Error> {
    Ok(root.view(states)?.as_ref().map(values_of).unwrap_or_default())
}

/// The values by which a contact is found that shows this: in order, each once.
pub fn values_of(view: &View) -> Vec<LookupValue> {
    let emails = view.text(&Field::Email).into_iter().chain(&view.other_emails);
    let phones = view.text(&Field::Phone).into_iter().chain(&view.other_phones);
    let emails = emails.map(|text| LookupValue::Email(fold(text)));
    let values: BTreeSet<LookupValue> = emails.chain(phones.map(|text| LookupValue::Phone(text.to_string()))).collect();
    values.into_iter().collect()
}

/// What an event of a workspace's stream changes in its custom fields.
fn field_change(workspace: &Arc<str>, event: &Event) -> Option<DocumentChange> {
    let (key, defined) = match event {
        Event::FieldDefined(event) => (&event.personal.open()?.key, Some(event.kind)),
        Event::FieldRetired(event) => (&event.personal.open()?.key, None),
        _ => return None,
    };
    Some(DocumentChange::Field { workspace: workspace.clone(), key: key.clone(), defined })
}
