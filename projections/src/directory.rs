//! What contacts show, findable: an index for every workspace, as its fields and settings mean it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::View;
use dossier_domain::field::Field;
use dossier_domain::fields::Definitions;
use dossier_domain::filter::{Setting, Subject};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_domain::state::{Contact, Life};

use crate::documents::Shown;
use crate::index::{Index, Noted, Segments as _, Touched};
use crate::segments::{self, Crossing, Memberships};
use crate::stored::Stored;
use crate::trees::{Root, States, root_of};

/// For how many days a contact is active where its workspace does not say.
const ACTIVE_DAYS: u16 = 30;

/// What a workspace's contacts mean.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// Its custom fields.
    pub fields: Arc<Definitions>,
    /// For how many days a contact is active.
    pub active_days: u16,
    /// Its segments.
    pub segments: Arc<[segments::Definition]>,
}

impl Default for Meaning {
    fn default() -> Self {
        Meaning { fields: Arc::default(), active_days: ACTIVE_DAYS, segments: Arc::new([]) }
    }
}

/// Who entered and left segments, by workspace.
pub type Told = Vec<(Arc<str>, Vec<Crossing>)>;

/// The indexes of all workspaces.
#[derive(Debug, Default)]
pub struct Directory {
    workspaces: HashMap<Arc<str>, Findable>,
}

/// The live contacts of one workspace.
#[derive(Debug)]
pub struct Findable {
    index: Index,
    meaning: Meaning,
    memberships: Memberships,
    noted: Noted,
    /// Keys of custom values that contacts show without a field of that key in use.
    stray: BTreeSet<Arc<str>>,
}

impl Default for Findable {
    fn default() -> Self {
        Findable {
            index: Index::new(ACTIVE_DAYS),
            meaning: Meaning::default(),
            memberships: Memberships::default(),
            noted: Noted::default(),
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
        &self.meaning.fields
    }

    /// What its contacts mean.
    pub fn meaning(&self) -> &Meaning {
        &self.meaning
    }

    /// Who is in which segment.
    pub fn memberships(&self) -> &Memberships {
        &self.memberships
    }

    /// Who is in which segment.
    pub fn members(&self) -> Vec<(SegmentId, Vec<ContactId>)> {
        let of = |(id, _): &segments::Definition| {
            let members = self.memberships.members(&id.to_string());
            (*id, members.into_iter().flatten().filter_map(|ordinal| self.index.id_of(ordinal)).collect())
        };
        self.meaning.segments.iter().map(of).collect()
    }

    /// What of its contacts' own states is taken up at a start.
    pub fn noted(&self) -> &Noted {
        &self.noted
    }

    /// Tags by folded key as own states spell them, however well hidden by merges.
    pub fn spellings(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.index.spellings().chain(self.noted.spellings())
    }

    fn put(&mut self, view: &View, now: DateTime<Utc>, touched: &mut Touched) {
        let setting = Setting { fields: &self.meaning.fields, active_days: self.meaning.active_days };
        let put = self.index.put(&Subject::new(view, setting, now));
        if !self.memberships.is_empty() {
            touched.add(put.ordinal, &put.changed);
        }
        for field in view.shown.fields.keys() {
            if let Field::Custom(key) = field
                && self.meaning.fields.in_use(key).is_none()
                && !self.stray.contains(key)
            {
                self.stray.insert(key.clone());
            }
        }
    }

    fn remove(&mut self, contact: ContactId, told: &mut Vec<Crossing>) {
        if let Some(ordinal) = self.index.remove(contact) {
            self.memberships.leave(ordinal, contact, told);
        }
    }

    /// Whether there is a custom value that means something under these fields, and nothing yet.
    fn has_strays(&self, fields: &Definitions) -> bool {
        self.stray.iter().any(|key| fields.in_use(key).is_some())
    }

    /// What its contacts mean from now on, but for segments; answers the keys of the fields that are in use no more.
    fn mean(&mut self, meaning: Meaning) -> Vec<Arc<str>> {
        let before = std::mem::replace(&mut self.meaning, meaning);
        let fields = &self.meaning.fields;
        let retired = before.fields.iter().filter(|field| !field.retired && fields.in_use(&field.key).is_none());
        let retired: Vec<Arc<str>> = retired.map(|field| field.key.clone()).collect();
        retired.iter().for_each(|key| self.index.forget_field(key));
        self.index.set_active_days(self.meaning.active_days);
        retired
    }

    fn define(&mut self, meaning: Meaning, now: DateTime<Utc>) -> Vec<Crossing> {
        let retired = self.mean(meaning);
        if self.memberships.is_empty() && self.meaning.segments.is_empty() {
            return Vec::new();
        }
        if self.memberships.is_empty() {
            self.memberships = Memberships::new(now);
        }
        let is_stale = |plan: &segments::Plan| retired.iter().any(|key| plan.asks_about(key));
        self.memberships.define(&self.meaning.segments, self.meaning.active_days, &self.index, is_stale)
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

    /// Whether a workspace that means this from now on has custom values that get a field by it: then its contacts must be
    /// put in again.
    pub fn has_strays(&self, workspace: &str, meaning: &Meaning) -> bool {
        self.get(workspace).is_some_and(|known| known.has_strays(&meaning.fields))
    }

    /// What a workspace means from now on. Time must have been told up to now before.
    pub fn define(&mut self, workspace: &Arc<str>, meaning: Meaning, now: DateTime<Utc>) -> Vec<Crossing> {
        self.workspace(workspace).define(meaning, now)
    }

    /// As [`Directory::define`]; who is in which segment is for later: see [`Directory::begin_segments`].
    pub fn mean(&mut self, workspace: &Arc<str>, meaning: Meaning) {
        self.workspace(workspace).mean(meaning);
    }

    /// The own state of a contact from now on, for what is taken up at a start.
    pub fn note(&mut self, contact: &Contact) {
        if let Some(known) = self.workspaces.get_mut(&contact.workspace) {
            known.noted.note(contact);
        }
    }

    /// What contacts show from now on. Time must have been told up to now before.
    pub fn put(&mut self, shown: &[Shown], now: DateTime<Utc>) -> Told {
        let mut changes: HashMap<Arc<str>, (Touched, Vec<Crossing>)> = HashMap::new();
        for Shown { contact, workspace, view } in shown {
            if !changes.contains_key(workspace) {
                changes.insert(workspace.clone(), Default::default());
            }
            let Some((touched, told)) = changes.get_mut(workspace) else { continue };
            match view {
                Some(view) => self.workspace(workspace).put(view, now, touched),
                None => self.workspace(workspace).remove(*contact, told),
            }
        }
        let tell = |(name, (touched, mut told)): (Arc<str>, (Touched, Vec<Crossing>))| {
            let Findable { index, memberships, .. } = self.workspaces.get_mut(&name)?;
            memberships.touch(&touched, index, &mut told);
            (!memberships.is_empty()).then_some((name, told))
        };
        changes.into_iter().filter_map(tell).collect()
    }

    /// Time passed in a workspace.
    pub fn tick(&mut self, workspace: &str, now: DateTime<Utc>) -> Vec<Crossing> {
        match self.workspaces.get_mut(workspace) {
            Some(known) => known.memberships.tick(&known.index, now),
            None => Vec::new(),
        }
    }

    /// The workspaces that have segments.
    pub fn segmented(&self) -> Vec<Arc<str>> {
        let has_segments = |(_, known): &(&Arc<str>, &Findable)| !known.memberships.is_empty();
        self.workspaces.iter().filter(has_segments).map(|(name, _)| name.clone()).collect()
    }

    /// The members of all segments, as of a time for each workspace. Nobody is told of them.
    pub fn begin_segments(&mut self, as_of: impl Fn(&str) -> DateTime<Utc>) {
        for (name, Findable { index, meaning, memberships, .. }) in &mut self.workspaces {
            *memberships = Memberships::new(as_of(name));
            memberships.define(&meaning.segments, meaning.active_days, index, |_| true);
        }
    }

    /// Goes on from the members that another directory of the same contacts had; tells what is new by what the
    /// workspaces mean now.
    pub fn carry_segments(&mut self, from: &Directory, now: DateTime<Utc>) -> Told {
        let mut told = Told::new();
        for (name, Findable { index, meaning, memberships, .. }) in &mut self.workspaces {
            let before = from.get(name).filter(|before| !before.memberships.is_empty());
            *memberships =
                before.map_or_else(|| Memberships::new(now), |was| was.memberships.carried(&was.index, index));
            let crossings = memberships.define(&meaning.segments, meaning.active_days, index, |_| true);
            if !memberships.is_empty() {
                told.push((name.clone(), crossings));
            }
        }
        told
    }

    /// Writes all that [`Directory::load`] reads. What workspaces mean is not written, since the log tells it; nor is who
    /// is in which segment, since that follows.
    ///
    /// # Errors
    /// What `out` says.
    pub fn store(&self, out: &mut impl Write) -> io::Result<()> {
        let sorted: BTreeMap<&Arc<str>, &Findable> = self.workspaces.iter().collect();
        (sorted.len() as u64).store(out)?;
        for (name, known) in sorted {
            name.store(out)?;
            known.index.store(out)?;
            known.noted.store(out)?;
            known.stray.store(out)?;
        }
        Ok(())
    }

    /// Reads what [`Directory::store`] of the same release wrote. Before anybody asks, every workspace must be told what it
    /// means: see [`Directory::restore`].
    ///
    /// # Errors
    /// What `from` says; something else was written.
    pub fn load(from: &mut impl Read) -> io::Result<Self> {
        let mut directory = Directory::default();
        for _ in 0..u64::load(from)? {
            let name = Stored::load(from)?;
            let (index, (noted, stray)) = Stored::load(from)?;
            directory.workspaces.insert(name, Findable { index, noted, stray, ..Findable::default() });
        }
        Ok(directory)
    }

    /// What a workspace that was loaded meant when it was stored.
    pub fn restore(&mut self, workspace: &Arc<str>, meaning: Meaning) {
        self.workspace(workspace).meaning = meaning;
    }

    /// All that it holds of whoever has contacts, in whatever order they came. For tests.
    #[cfg(feature = "sabotage")]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::new();
        for (name, known) in self.workspaces.iter().filter(|(_, known)| !known.index.is_empty()) {
            told.insert(format!("{name}: noted"), known.noted.told());
            told.insert(format!("{name}: meaning"), format!("{:?}", known.meaning));
            told.insert(format!("{name}: members"), format!("{:?}", known.memberships.told(&known.index)));
            told.extend(known.index.told().into_iter().map(|(place, what)| (format!("{name}: {place}"), what)));
        }
        told
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
    /// What a workspace means: to be told before its first contact. Who is in its segments is for later.
    pub fn define(&mut self, workspace: &Arc<str>, meaning: Meaning) {
        let known = self.directory.workspace(workspace);
        known.index.set_active_days(meaning.active_days);
        known.meaning = meaning;
        known.index.begin_filling();
    }

    /// Takes a contact as it is stored.
    pub fn take(&mut self, contact: &Arc<Contact>, now: DateTime<Utc>) {
        self.directory.note(contact);
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
