//! Segments twice: kept by the engine, in small steps of time and in large ones, and as the reference evaluator has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::compose::ActivityLevel;
use dossier_domain::filter::{Filter, Source, Subject, Vocabulary, matches, read};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_domain::values::time::parse_time;
use dossier_projections::index::{Index, Segments, Touched};
use dossier_projections::segments::{Crossing, Memberships};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::generate::{NOW, setting};
use crate::support::ACTIVE_DAYS;

/// How many segments there may be. Each refers to those before it alone.
pub(crate) const SEGMENTS: usize = 5;

pub(crate) struct Model {
    index: Index,
    people: BTreeMap<ContactId, Subject>,
    filters: BTreeMap<SegmentId, Arc<Filter>>,
    /// Time in small steps, and in one.
    small: Memberships,
    large: Memberships,
    pub(crate) now: DateTime<Utc>,
    active_days: u16,
    /// What the feed told so far.
    replayed: BTreeMap<SegmentId, BTreeSet<ContactId>>,
}

impl Default for Model {
    fn default() -> Self {
        let now = parse_time(NOW).unwrap();
        Model {
            index: Index::new(ACTIVE_DAYS),
            people: BTreeMap::new(),
            filters: BTreeMap::new(),
            small: Memberships::new(now),
            large: Memberships::new(now),
            now,
            active_days: ACTIVE_DAYS,
            replayed: BTreeMap::new(),
        }
    }
}

pub(crate) fn segment(number: usize) -> SegmentId {
    // The order of their ids is not that in which they refer to each other.
    SegmentId(Uuid::from_u128((SEGMENTS - number) as u128))
}

/// A filter whose segments are some of those before `number`; of everybody where it has none to ask about.
pub(crate) fn filter(number: usize, json: &Json) -> Arc<Filter> {
    let setting = setting();
    let before = |name: &str| {
        let named = name.bytes().last().map_or(0, usize::from);
        (number > 0).then(|| segment(named % number).to_string().into())
    };
    let vocabulary = Vocabulary {
        fields: &setting.fields,
        region: Some("MY"),
        zone: setting.zone,
        segment: &before,
        source: Source::Given,
    };
    let read = read(json, vocabulary).ok().filter(|filter| !filter.segments().every);
    Arc::new(read.unwrap_or_else(Filter::everyone))
}

impl Model {
    pub(crate) fn put(&mut self, subjects: Vec<Subject>) {
        let mut touched = Touched::default();
        for subject in subjects {
            let put = self.index.put(&subject);
            touched.add(put.ordinal, &put.changed);
            self.people.insert(subject.id, subject);
        }
        let (mut told, mut again) = (Vec::new(), Vec::new());
        self.small.touch(&touched, &self.index, &mut told);
        self.large.touch(&touched, &self.index, &mut again);
        self.tell(told, again);
    }

    pub(crate) fn remove(&mut self, contact: ContactId) {
        self.people.remove(&contact);
        let Some(ordinal) = self.index.remove(contact) else { return };
        let (mut told, mut again) = (Vec::new(), Vec::new());
        self.small.leave(ordinal, contact, &mut told);
        self.large.leave(ordinal, contact, &mut again);
        self.tell(told, again);
    }

    pub(crate) fn define(&mut self, number: usize, filter: Arc<Filter>) {
        self.filters.insert(segment(number), filter);
        self.redefine(&[]);
    }

    /// Removes the last segment, which nobody refers to.
    pub(crate) fn undefine(&mut self) {
        let last = self.filters.keys().next().copied();
        if let Some(last) = last {
            self.filters.remove(&last);
            self.replayed.remove(&last);
        }
        self.redefine(&[]);
    }

    pub(crate) fn forget(&mut self, key: &str) {
        self.index.forget_field(key);
        for subject in self.people.values_mut() {
            subject.custom.remove(key);
            subject.custom_sets.remove(key);
        }
        self.redefine(&[key]);
    }

    pub(crate) fn set_active_days(&mut self, days: u16) {
        self.active_days = days;
        self.index.set_active_days(days);
        self.redefine(&[]);
    }

    fn redefine(&mut self, retired: &[&str]) {
        let definitions: Vec<_> = self.filters.iter().map(|(id, filter)| (*id, filter.clone())).collect();
        let define = |memberships: &mut Memberships, index: &Index| {
            memberships
                .define(&definitions, self.active_days, index, |plan| retired.iter().any(|key| plan.asks_about(key)))
        };
        let told = define(&mut self.small, &self.index);
        let again = define(&mut self.large, &self.index);
        self.tell(told, again);
    }

    /// Time passes: for one engine in so many steps, for the other in one.
    pub(crate) fn pass(&mut self, minutes: i64, steps: i32) {
        let (then, whole) = (self.now, TimeDelta::minutes(minutes));
        self.now += whole;
        let at = |step| then + whole * step / steps;
        let told: Vec<Crossing> = (1..=steps).flat_map(|step| self.small.tick(&self.index, at(step))).collect();
        let again = self.large.tick(&self.index, self.now);
        for crossing in &told {
            self.check_instant(then, crossing);
        }
        self.tell(told, again);
    }

    /// It happened at the very instant: just before, it was not so.
    fn check_instant(&self, then: DateTime<Utc>, crossing: &Crossing) {
        assert!(then < crossing.at && crossing.at <= self.now);
        let is_in = |at| self.segments_of(&self.people[&crossing.contact], at).contains(&crossing.segment);
        assert_eq!(is_in(crossing.at), crossing.entered, "{crossing:?}");
        assert_ne!(is_in(crossing.at - TimeDelta::microseconds(1)), crossing.entered, "{crossing:?}");
    }

    fn tell(&mut self, told: Vec<Crossing>, again: Vec<Crossing>) {
        assert_eq!(told, again, "small steps and a large one");
        for crossing in told {
            let members = self.replayed.entry(crossing.segment).or_default();
            let changed =
                if crossing.entered { members.insert(crossing.contact) } else { members.remove(&crossing.contact) };
            assert!(changed, "{crossing:?} was told before");
        }
    }

    /// The segments that a contact is in at a time, by the reference evaluator.
    fn segments_of(&self, subject: &Subject, at: DateTime<Utc>) -> BTreeSet<SegmentId> {
        let mut subject = subject.clone();
        subject.activity = ActivityLevel::of(subject.blocked, subject.last_interaction, self.active_days, at);
        let mut is_in = BTreeSet::<Arc<str>>::new();
        // Those with higher ids come first: they are referred to.
        for (id, filter) in self.filters.iter().rev() {
            if matches(filter, &subject, at, &is_in) {
                is_in.insert(id.to_string().into());
            }
        }
        is_in.iter().map(|id| id.parse().unwrap()).collect()
    }

    /// The members are those of the reference, and the feed from its start comes to them.
    pub(crate) fn check(&self) {
        for id in self.filters.keys() {
            let by_reference: BTreeSet<ContactId> = self
                .people
                .values()
                .filter(|subject| self.segments_of(subject, self.now).contains(id))
                .map(|subject| subject.id)
                .collect();
            for kept in [&self.small, &self.large] {
                let members = kept.members(&id.to_string()).unwrap();
                let members: BTreeSet<ContactId> =
                    members.iter().map(|ordinal| self.index.id_of(ordinal).unwrap()).collect();
                assert_eq!(members, by_reference);
            }
            assert_eq!(self.replayed.get(id).cloned().unwrap_or_default(), by_reference);
        }
    }

    /// An engine that begins where this one stands has the same members.
    pub(crate) fn begun_anew(&mut self) {
        let definitions: Vec<_> = self.filters.iter().map(|(id, filter)| (*id, filter.clone())).collect();
        let mut anew = Memberships::new(self.large.as_of());
        anew.define(&definitions, self.active_days, &self.index, |_| true);
        self.large = anew;
    }
}
