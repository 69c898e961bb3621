//! Contacts twice: in the index, and as a plain list that the reference evaluator looks through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::ActivityLevel;
use dossier_domain::filter::{Filter, FilterField, Search, Sort, SortValue, Subject, matches};
use dossier_domain::ids::ContactId;
use dossier_projections::index::{Ask, Changed, Index, NoSegments, Place, Segments, UsedTag};
use roaring::RoaringBitmap;

use crate::generate::fields;
use crate::support::{ACTIVE_DAYS, Person};

/// Both.
pub(crate) struct Model {
    pub(crate) index: Index,
    pub(crate) people: BTreeMap<ContactId, Person>,
    forgotten: BTreeSet<String>,
}

impl Default for Model {
    fn default() -> Self {
        Model { index: Index::new(ACTIVE_DAYS), people: BTreeMap::new(), forgotten: BTreeSet::new() }
    }
}

/// Who is in which segment, as ordinals.
pub(crate) struct Members(BTreeMap<Arc<str>, RoaringBitmap>);

impl Segments for Members {
    fn members(&self, segment: &str) -> Option<&RoaringBitmap> {
        self.0.get(segment)
    }

    fn every(&self) -> Vec<(&str, &RoaringBitmap)> {
        self.0.iter().map(|(id, members)| (&**id, members)).collect()
    }
}

impl Model {
    /// A contact shows this from now on. What the index says to have changed is what changed.
    pub(crate) fn put(&mut self, mut person: Person) {
        for key in &self.forgotten {
            person.subject.custom.remove(&**key);
            person.subject.custom_sets.remove(&**key);
        }
        let put = self.index.put(&person.subject);
        assert_eq!(self.index.ordinal_of(person.subject.id), Some(put.ordinal));
        assert_eq!(self.index.id_of(put.ordinal), Some(person.subject.id));
        match self.people.get(&person.subject.id) {
            Some(before) => check_changed(&put.changed, &before.subject, &person.subject),
            None => assert_eq!(put.changed, Changed::everything()),
        }
        self.people.insert(person.subject.id, person);
    }

    pub(crate) fn remove(&mut self, contact: ContactId) {
        let ordinal = self.index.ordinal_of(contact);
        assert_eq!(ordinal.is_some(), self.people.remove(&contact).is_some());
        assert_eq!(self.index.remove(contact), ordinal);
        assert_eq!(self.index.ordinal_of(contact), None);
        assert_eq!(ordinal.and_then(|ordinal| self.index.id_of(ordinal)), None);
    }

    pub(crate) fn forget(&mut self, key: &str) {
        self.index.forget_field(key);
        self.forgotten.insert(key.into());
        for person in self.people.values_mut() {
            person.subject.custom.remove(key);
            person.subject.custom_sets.remove(key);
        }
    }

    pub(crate) fn members(&self) -> Members {
        let mut members = BTreeMap::<Arc<str>, RoaringBitmap>::new();
        for (id, person) in &self.people {
            for segment in &person.segments {
                members.entry(segment.clone()).or_default().insert(self.index.ordinal_of(*id).unwrap());
            }
        }
        Members(members)
    }

    /// Whom the index finds.
    pub(crate) fn index_finds(
        &self,
        filter: &Filter,
        search: Option<&Search>,
        now: DateTime<Utc>,
        within: Option<&RoaringBitmap>,
    ) -> BTreeSet<ContactId> {
        let ask = Ask { filter, search, now, segments: &self.members() };
        self.index.matching(&ask, within).iter().map(|ordinal| self.index.id_of(ordinal).unwrap()).collect()
    }

    /// Whom an index finds that was filled at once. It has no members of segments: their ordinals are another index's.
    pub(crate) fn filled_finds(&self, search: &Search, now: DateTime<Utc>) -> BTreeSet<ContactId> {
        let filled = Index::filled(ACTIVE_DAYS, self.people.values().map(|person| person.subject.clone()));
        let ask = Ask { filter: &Filter::everyone(), search: Some(search), now, segments: &NoSegments };
        filled.matching(&ask, None).iter().map(|ordinal| filled.id_of(ordinal).unwrap()).collect()
    }

    /// Whom the reference evaluator finds, in order.
    pub(crate) fn found(
        &self,
        filter: &Filter,
        search: Option<&Search>,
        now: DateTime<Utc>,
        sort: &Sort,
    ) -> Vec<ContactId> {
        let as_of = self.people.values().map(|person| {
            let mut subject = person.subject.clone();
            subject.activity = ActivityLevel::of(subject.blocked, subject.last_interaction, ACTIVE_DAYS, now);
            (subject, &person.segments)
        });
        let mut found: Vec<Subject> = as_of
            .filter(|(subject, segments)| {
                matches(filter, subject, now, *segments) && search.is_none_or(|search| search.matches(subject))
            })
            .map(|(subject, _)| subject)
            .collect();
        found.sort_by(|one, other| sort.compare(one, other));
        found.into_iter().map(|subject| subject.id).collect()
    }

    /// All pages of the index, one after the other, by cursors that went through bytes.
    pub(crate) fn pages(&self, ask: &Ask<'_>, sort: &Sort, limit: usize) -> (Vec<ContactId>, BTreeSet<u64>) {
        let (mut all, mut counts, mut after) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let page = self.index.page(ask, sort, after.as_ref(), limit, true);
            assert!(page.contacts.len() <= limit && (page.next.is_none() || page.contacts.len() == limit));
            all.extend(page.contacts);
            counts.extend(page.count);
            match page.next {
                Some(next) => after = Place::from_bytes(&next.to_bytes()),
                None => return (all, counts),
            }
            assert!(all.len() <= self.people.len(), "pages have no end");
        }
    }

    /// The tags in use, counted one by one.
    pub(crate) fn tags(&self, prefix: &str) -> Vec<(Arc<str>, u64)> {
        let mut used = BTreeMap::new();
        for key in self.people.values().flat_map(|person| person.subject.tags.keys()) {
            if key.starts_with(prefix) {
                *used.entry(key.clone()).or_default() += 1;
            }
        }
        let mut used: Vec<(Arc<str>, u64)> = used.into_iter().collect();
        used.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        used
    }

    pub(crate) fn index_tags(&self, prefix: &str) -> Vec<(Arc<str>, u64)> {
        self.index.tags(prefix).into_iter().map(|UsedTag { key, count, .. }| (key, count)).collect()
    }
}

fn check_changed(changed: &Changed, before: &Subject, after: &Subject) {
    for field in fields() {
        let differs = match &field {
            FilterField::Set(field) => sets(before, field) != sets(after, field),
            FilterField::Code(field) => before.code(field) != after.code(field),
            field => SortValue::of(before, field) != SortValue::of(after, field),
        };
        let is_derived = matches!(&*field.name(), "status" | "activity" | "last_message");
        assert!(changed.touches(&field) || !differs, "{field} changed");
        assert!(differs || is_derived || !changed.touches(&field), "{field} did not change");
    }
}

fn sets<'s>(subject: &'s Subject, field: &dossier_domain::filter::SetField) -> Vec<&'s str> {
    use dossier_domain::filter::SetField;
    match field {
        SetField::Tags => subject.tags.keys().map(AsRef::as_ref).collect(),
        SetField::Channels => subject.channels.iter().map(AsRef::as_ref).collect(),
        SetField::Segment => Vec::new(),
        SetField::Custom(key) => subject.custom_sets.get(key).into_iter().flatten().map(AsRef::as_ref).collect(),
    }
}
