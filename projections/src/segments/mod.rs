//! Who is in which segment (rule 40): members follow what contacts show, and they follow time alone.
//!
//! A segment's members are a bitmap. When contacts change, only the segments that ask about a changed field look at them
//! again; when time passes, only the contacts whose values a relative condition reaches just then, each at the exact
//! instant. So many small steps in time and a large one tell the same changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use dossier_domain::filter::Filter;
use dossier_domain::ids::{ContactId, SegmentId};
use roaring::RoaringBitmap;

use crate::index::{Ask, Index, Segments, Touched};

mod clock;
mod edge;
mod plan;

use clock::Clock;
pub use plan::Plan;
use plan::in_order;

/// A contact entered a segment, or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Which segment.
    pub segment: SegmentId,
    /// Who.
    pub contact: ContactId,
    /// Whether it entered.
    pub entered: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// A segment as far as it decides who is in it.
pub type Definition = (SegmentId, Arc<Filter>);

/// What there is to look at again: contacts by the place of a segment in the order.
type Pending = BTreeMap<usize, RoaringBitmap>;

/// Who is in which segment of a workspace, as of a time.
#[derive(Debug, Default)]
pub struct Memberships {
    /// Each after all that it refers to.
    plans: Vec<Plan>,
    /// Of each plan.
    members: Vec<RoaringBitmap>,
    places: HashMap<Arc<str>, usize>,
    /// What flips with time alone, and for which plans.
    clocks: Vec<(Clock, Vec<usize>)>,
    active_days: u16,
    as_of: DateTime<Utc>,
}

impl Segments for Memberships {
    fn members(&self, segment: &str) -> Option<&RoaringBitmap> {
        self.places.get(segment).and_then(|place| self.members.get(*place))
    }

    fn every(&self) -> Vec<(&str, &RoaringBitmap)> {
        self.plans.iter().zip(&self.members).map(|(plan, members)| (&*plan.name, members)).collect()
    }
}

impl Memberships {
    /// Of no segment yet, as of a time.
    pub fn new(as_of: DateTime<Utc>) -> Self {
        Memberships { as_of, ..Memberships::default() }
    }

    /// Who is in which, and up to when that is told. For tests.
    #[cfg(feature = "sabotage")]
    pub fn told(&self, index: &Index) -> (DateTime<Utc>, BTreeMap<&str, Vec<Option<ContactId>>>) {
        let members = |members: &RoaringBitmap| {
            let mut ids: Vec<_> = members.iter().map(|ordinal| index.id_of(ordinal)).collect();
            ids.sort();
            ids
        };
        (self.as_of, self.plans.iter().zip(&self.members).map(|(plan, own)| (&*plan.name, members(own))).collect())
    }

    /// Whether there is no segment.
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// The time up to which everything was told.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// The same members, with the ordinals of another index over the same contacts.
    pub fn carried(&self, from: &Index, to: &Index) -> Self {
        let carry = |ordinal| to.ordinal_of(from.id_of(ordinal)?);
        let members = self.members.iter().map(|members| members.iter().filter_map(carry).collect()).collect();
        Memberships {
            plans: self.plans.clone(),
            members,
            places: self.places.clone(),
            clocks: self.clocks.clone(),
            ..*self
        }
    }

    /// The segments that there are from now on. Those that are new, that have another filter, or that ask about something
    /// `stale` are evaluated anew. A segment that is gone takes its members with it and tells nothing.
    pub fn define(
        &mut self,
        definitions: &[Definition],
        active_days: u16,
        index: &Index,
        stale: impl Fn(&Plan) -> bool,
    ) -> Vec<Crossing> {
        let before = std::mem::take(self);
        *self = Memberships::new(before.as_of);
        self.active_days = active_days;
        self.plans = in_order(definitions);
        self.places = self.plans.iter().enumerate().map(|(place, plan)| (plan.name.clone(), place)).collect();
        self.clocks = Clock::of_all(&self.plans, active_days);
        let (mut known, mut pending) = (before.members, Pending::new());
        for (place, plan) in self.plans.iter().enumerate() {
            let was = before.places.get(&plan.name).copied();
            let same = was.and_then(|was| before.plans.get(was)).is_some_and(|was| was.filter == plan.filter);
            let days_changed = plan.asks_about_activity() && active_days != before.active_days;
            if !same || days_changed || stale(plan) {
                pending.insert(place, index.everybody().clone());
            }
            let members = was.and_then(|was| known.get_mut(was)).map(std::mem::take).unwrap_or_default();
            self.members.push(members);
        }
        let mut told = Vec::new();
        self.look(pending, index, self.as_of, &mut told);
        told
    }

    /// Contacts changed; the index has them already. Time must have been told up to now before.
    pub fn touch(&mut self, touched: &Touched, index: &Index, told: &mut Vec<Crossing>) {
        if touched.is_empty() {
            return;
        }
        let mut pending = Pending::new();
        for (place, plan) in self.plans.iter().enumerate() {
            let ordinals = touched.asked(&plan.asked);
            if !ordinals.is_empty() {
                pending.insert(place, ordinals);
            }
        }
        self.look(pending, index, self.as_of, told);
    }

    /// A contact is found no more: its ordinal, which somebody else may get, leaves every segment.
    pub fn leave(&mut self, ordinal: u32, contact: ContactId, told: &mut Vec<Crossing>) {
        for (plan, members) in self.plans.iter().zip(&mut self.members) {
            if members.remove(ordinal) {
                told.push(Crossing { segment: plan.id, contact, entered: false, at: self.as_of });
            }
        }
    }

    /// Time passed; it goes by whole microseconds, as the values of contacts do.
    pub fn tick(&mut self, index: &Index, now: DateTime<Utc>) -> Vec<Crossing> {
        let mut told = Vec::new();
        let now = now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now);
        if now <= self.as_of {
            return told;
        }
        let mut moments: BTreeMap<DateTime<Utc>, Pending> = BTreeMap::new();
        for (clock, places) in &self.clocks {
            clock.strike(index, self.as_of, now, |at, ordinal| {
                let pending = moments.entry(at).or_default();
                places.iter().for_each(|place| _ = pending.entry(*place).or_default().insert(ordinal));
            });
        }
        for (at, pending) in moments {
            self.look(pending, index, at, &mut told);
        }
        self.as_of = now;
        told
    }

    /// Looks again, segment by segment; whoever enters or leaves one is looked at in those that refer to it.
    fn look(&mut self, mut pending: Pending, index: &Index, at: DateTime<Utc>, told: &mut Vec<Crossing>) {
        while let Some((place, within)) = pending.pop_first() {
            let (plan, members) = (&self.plans[place], &self.members[place]);
            let ask = Ask { filter: &plan.filter, search: None, now: at, segments: self };
            let found = index.matching(&ask, Some(&within));
            let before = members & &within;
            let (entered, left) = (&found - &before, before - found);
            for (ordinals, entered) in [(&entered, true), (&left, false)] {
                told.extend(ordinals.iter().filter_map(|ordinal| {
                    Some(Crossing { segment: plan.id, contact: index.id_of(ordinal)?, entered, at })
                }));
            }
            let crossed = &entered | &left;
            if !crossed.is_empty() {
                for after in &plan.referred_by {
                    *pending.entry(*after).or_default() |= &crossed;
                }
            }
            let members = &mut self.members[place];
            *members |= entered;
            *members -= left;
        }
    }
}
