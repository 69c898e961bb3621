//! An index over all live contacts of one workspace, in memory: filters, searches, sorted pages and counts, exactly as the
//! reference evaluator of the domain would answer them.

mod ask;
mod changed;
mod place;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use dossier_domain::compose::ActivityLevel;
use dossier_domain::filter::{InstantField, Sort, Subject, matches};
use dossier_domain::ids::ContactId;
use roaring::RoaringBitmap;

pub use ask::{Ask, Memory, NoSegments, Page, Put, Segments, UsedTag};
pub use changed::Changed;
pub use place::Place;

/// The live contacts of one workspace.
#[derive(Debug)]
pub struct Index {
    active_days: u16,
    ordinals: HashMap<ContactId, u32>,
    subjects: BTreeMap<u32, Subject>,
}

impl Index {
    /// An empty one. A contact is active for so many days after its last interaction.
    pub fn new(active_days: u16) -> Index {
        Index { active_days, ordinals: HashMap::new(), subjects: BTreeMap::new() }
    }

    /// For how many days a contact is active from now on.
    pub fn set_active_days(&mut self, days: u16) {
        self.active_days = days;
    }

    /// What a live root shows from now on.
    pub fn put(&mut self, subject: &Subject) -> Put {
        let fresh = (0..).find(|ordinal| !self.subjects.contains_key(ordinal)).unwrap_or_default();
        let ordinal = *self.ordinals.entry(subject.id).or_insert(fresh);
        self.subjects.insert(ordinal, subject.clone());
        Put { ordinal, changed: Changed::everything() }
    }

    /// Absorbed or erased: never found again, and what it held is freed. The ordinal that it had.
    pub fn remove(&mut self, contact: ContactId) -> Option<u32> {
        let ordinal = self.ordinals.remove(&contact)?;
        self.subjects.remove(&ordinal);
        Some(ordinal)
    }

    /// A custom field was retired: nobody shows it any more.
    pub fn forget_field(&mut self, key: &str) {
        for subject in self.subjects.values_mut() {
            subject.custom.remove(key);
            subject.custom_sets.remove(key);
        }
    }

    /// How many contacts there are.
    pub fn len(&self) -> u64 {
        self.subjects.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Whose ordinal this is.
    pub fn id_of(&self, ordinal: u32) -> Option<ContactId> {
        self.subjects.get(&ordinal).map(|subject| subject.id)
    }

    /// The ordinal of a contact.
    pub fn ordinal_of(&self, contact: ContactId) -> Option<u32> {
        self.ordinals.get(&contact).copied()
    }

    /// The contacts asked for, of `within` alone if that is given.
    pub fn matching(&self, ask: &Ask<'_>, within: Option<&RoaringBitmap>) -> RoaringBitmap {
        let asked = self.subjects.iter().filter(|(ordinal, _)| within.is_none_or(|within| within.contains(**ordinal)));
        let found = asked.filter(|(ordinal, subject)| {
            let members = ask.segments.every().into_iter().filter(|(_, members)| members.contains(**ordinal));
            let segments: BTreeSet<Arc<str>> = members.map(|(id, _)| Arc::from(id)).collect();
            let mut subject = (*subject).clone();
            subject.activity = ActivityLevel::of(subject.blocked, subject.last_interaction, self.active_days, ask.now);
            matches(ask.filter, &subject, ask.now, &segments)
                && ask.search.is_none_or(|search| search.matches(&subject))
        });
        found.map(|(ordinal, _)| *ordinal).collect()
    }

    /// A page: sorted, after a place, of at most `limit` contacts, with the count if that is wanted.
    pub fn page(&self, ask: &Ask<'_>, sort: &Sort, after: Option<&Place>, limit: usize, count: bool) -> Page {
        let matching = self.matching(ask, None);
        let mut found: Vec<&Subject> = matching.iter().map(|ordinal| &self.subjects[&ordinal]).collect();
        found.sort_by(|one, other| sort.compare(one, other));
        let rest = found.iter().map(|subject| subject.id);
        let rest = rest.skip_while(|id| after.is_some_and(|after| after.id != *id)).skip(after.is_some().into());
        let mut contacts: Vec<ContactId> = rest.take(limit + 1).collect();
        let is_last = contacts.len() <= limit;
        contacts.truncate(limit);
        let last = contacts.last().filter(|_| !is_last);
        let next = last.map(|id| Place { values: Vec::new(), id: *id });
        Page { contacts, next, count: count.then_some(matching.len()) }
    }

    /// The tags whose folded key begins so: most used first, then by key.
    pub fn tags(&self, folded_prefix: &str) -> Vec<UsedTag> {
        let mut used = BTreeMap::new();
        for (key, name) in self.subjects.values().flat_map(|subject| &subject.tags) {
            if key.starts_with(folded_prefix) {
                used.entry(key).or_insert((name, 0)).1 += 1;
            }
        }
        let mut found: Vec<UsedTag> = used
            .into_iter()
            .map(|(key, (name, count))| UsedTag { key: key.clone(), name: name.clone(), count })
            .collect();
        found.sort_by_key(|tag| Reverse(tag.count));
        found
    }

    /// Contacts whose instant lies after the one and not after the other.
    pub fn instants_between(&self, field: &InstantField, after: DateTime<Utc>, up_to: DateTime<Utc>) -> RoaringBitmap {
        let lies = |subject: &Subject| subject.instant(field).is_some_and(|shown| after < shown && shown <= up_to);
        self.subjects.iter().filter(|(_, subject)| lies(subject)).map(|(ordinal, _)| *ordinal).collect()
    }

    /// Contacts whose day in a custom field lies after the one and not after the other.
    pub fn dates_between(&self, key: &str, after: NaiveDate, up_to: NaiveDate) -> RoaringBitmap {
        let lies = |subject: &Subject| subject.date(key).is_some_and(|shown| after < shown && shown <= up_to);
        self.subjects.iter().filter(|(_, subject)| lies(subject)).map(|(ordinal, _)| *ordinal).collect()
    }

    /// Roughly how many bytes it takes.
    pub fn memory(&self) -> Memory {
        Memory { texts: self.subjects.len() * size_of::<Subject>(), ..Memory::default() }
    }
}
