//! What contacts show, findable: an index for every workspace, as its fields and settings mean it.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::View;
use dossier_domain::field::Field;
use dossier_domain::fields::Definitions;
use dossier_domain::filter::{Setting, Subject};
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, Life};

use crate::documents::Shown;
use crate::index::Index;
use crate::trees::{Root, States, root_of};

/// For how many days a contact is active where its workspace does not say.
const ACTIVE_DAYS: u16 = 30;

/// The indexes of all workspaces.
#[derive(Debug, Default)]
pub struct Directory {
    workspaces: HashMap<Arc<str>, Findable>,
}

/// The live contacts of one workspace.
#[derive(Debug)]
pub struct Findable {
    index: Index,
    fields: Arc<Definitions>,
    active_days: u16,
    /// Keys of custom values that contacts show without a field of that key in use.
    stray: BTreeSet<Arc<str>>,
}

impl Default for Findable {
    fn default() -> Self {
        Findable {
            index: Index::new(ACTIVE_DAYS),
            fields: Arc::default(),
            active_days: ACTIVE_DAYS,
            stray: BTreeSet::new(),
        }
    }
}

impl Findable {
    /// Who shows what.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The custom fields that it knows.
    pub fn fields(&self) -> &Arc<Definitions> {
        &self.fields
    }

    fn put(&mut self, view: &View, now: DateTime<Utc>) {
        let setting = Setting { fields: &self.fields, active_days: self.active_days };
        self.index.put(&Subject::new(view, setting, now));
        for field in view.shown.fields.keys() {
            if let Field::Custom(key) = field
                && self.fields.in_use(key).is_none()
                && !self.stray.contains(key)
            {
                self.stray.insert(key.clone());
            }
        }
    }
}

impl Directory {
    /// The contacts of a workspace; `None` before the first.
    pub fn get(&self, workspace: &str) -> Option<&Findable> {
        self.workspaces.get(workspace)
    }

    /// All workspaces that have contacts or fields.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Findable)> {
        self.workspaces.iter()
    }

    /// What a workspace means from now on. Answers whether values that were stray have a field now: then its contacts
    /// must be put in again.
    pub fn define(&mut self, workspace: &Arc<str>, fields: Arc<Definitions>, active_days: u16) -> bool {
        let known = self.workspaces.entry(workspace.clone()).or_default();
        for gone in known.fields.iter().filter(|field| !field.retired && fields.in_use(&field.key).is_none()) {
            known.index.forget_field(&gone.key);
        }
        let found = known.stray.iter().any(|key| fields.in_use(key).is_some());
        known.index.set_active_days(active_days);
        (known.fields, known.active_days) = (fields, active_days);
        found
    }

    /// What contacts show from now on.
    pub fn put(&mut self, shown: &[Shown], now: DateTime<Utc>) {
        for Shown { contact, workspace, view } in shown {
            match view {
                Some(view) => self.workspace(workspace).put(view, now),
                None => {
                    self.workspace(workspace).index.remove(*contact);
                }
            }
        }
    }

    fn workspace(&mut self, name: &Arc<str>) -> &mut Findable {
        if !self.workspaces.contains_key(name) {
            self.workspaces.insert(name.clone(), Findable::default());
        }
        self.workspaces.get_mut(name).unwrap_or_else(|| unreachable!("it was put in just now"))
    }
}

/// A directory that is filled from own states: they come one by one, and trees are put together at the end.
#[derive(Debug, Default)]
pub struct Filling {
    directory: Directory,
    /// Those that are, or were, in some merge; and whoever has guests.
    entangled: HashMap<ContactId, Arc<Contact>>,
}

impl Filling {
    /// What a workspace means: to be told before its first contact.
    pub fn define(&mut self, workspace: &Arc<str>, fields: Arc<Definitions>, active_days: u16) {
        self.directory.define(workspace, fields, active_days);
        self.directory.workspace(workspace).index.begin_filling();
    }

    /// Takes a contact as it is stored.
    pub fn take(&mut self, contact: &Arc<Contact>, now: DateTime<Utc>) {
        if contact.lock.is_some() || !contact.edges.is_empty() || !contact.guests.is_empty() {
            self.entangled.insert(contact.id, contact.clone());
        } else if contact.life == Life::Live {
            let root = Root { state: contact.clone(), freed: None };
            let Ok(view) = root.view(&mut Alone);
            self.directory.put(&[shown(contact, view)], now);
        }
    }

    /// The directory, when every contact was taken; `found` answers own states that were not kept, such as those of
    /// erased guests.
    ///
    /// # Errors
    /// What `found` says.
    pub fn finish<E>(
        mut self,
        now: DateTime<Utc>,
        found: impl FnMut(ContactId) -> Result<Arc<Contact>, E>,
    ) -> Result<Directory, E> {
        let mut kept = Kept { entangled: self.entangled, found };
        let ids: Vec<ContactId> = kept.entangled.keys().copied().collect();
        for id in ids {
            let root = root_of(&mut kept, id)?;
            if root.state.id == id {
                let view = root.view(&mut kept)?;
                self.directory.put(&[shown(&root.state, view)], now);
            }
        }
        self.directory.workspaces.values_mut().for_each(|known| known.index.end_filling());
        Ok(self.directory)
    }
}

fn shown(contact: &Contact, view: Option<View>) -> Shown {
    Shown { contact: contact.id, workspace: contact.workspace.clone(), view: view.map(Box::new) }
}

/// The states that a contact needs which is in no merge: none.
struct Alone;

impl States for Alone {
    type Error = Infallible;

    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, Infallible> {
        Ok(Arc::new(Contact::absent(id)))
    }
}

struct Kept<F> {
    entangled: HashMap<ContactId, Arc<Contact>>,
    found: F,
}

impl<E, F: FnMut(ContactId) -> Result<Arc<Contact>, E>> States for Kept<F> {
    type Error = E;

    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, E> {
        match self.entangled.get(&id) {
            Some(state) => Ok(state.clone()),
            None => (self.found)(id),
        }
    }
}
