//! The order of a page: the first contacts of a set by keys of eight bytes, and by whole texts and ids where those tie.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::compose::{ActivityLevel, Status};
use dossier_domain::filter::{BooleanField, Choice, Direction, FilterField, InstantField, Sort};
use dossier_domain::sabotage::{Break, armed};
use roaring::RoaringBitmap;

use super::Index;
use super::column::{Cell, Column};
use super::custom::CustomField;
use super::evaluate::later;
use super::fetched::{each_fetched, sift_fetched};
use super::keys::{deep_text_key, first_after, is_whole, text_key};
use super::lowest::Lowest;
use super::place::{Place, Value};
use super::texts::TextColumn;
use super::values::{Booleans, Codes};

/// A sort over an index, as of a time.
pub(super) struct Order<'o> {
    index: &'o Index,
    keys: Vec<(Source<'o>, Direction)>,
    active_since: u64,
}

/// Where the values of a field are.
enum Source<'o> {
    /// Nobody has any.
    Nowhere,
    Column(&'o Column<u64>),
    LastMessage([&'o Column<u64>; 2]),
    Text(&'o TextColumn),
    Code(&'o Codes),
    Boolean(&'o Booleans),
    Blocked,
    ConversationStatus,
    Status,
    Activity,
}

/// The first key of those who are active.
pub(super) fn active_since(active_days: u16, now: DateTime<Utc>) -> u64 {
    first_after(now - TimeDelta::days(active_days.into()))
}

impl<'o> Order<'o> {
    pub(super) fn new(index: &'o Index, sort: &Sort, now: DateTime<Utc>) -> Self {
        let keys = sort.keys().iter().map(|key| (Source::of(index, &key.by), key.direction)).collect();
        Order { index, keys, active_since: active_since(index.active_days, now) }
    }

    /// The place of a contact.
    pub(super) fn place(&self, ordinal: u32) -> Place {
        let values = self.keys.iter().map(|(source, _)| self.value(source, ordinal)).collect();
        Place { values, id: self.index.ordinals.id(ordinal) }
    }

    fn value(&self, source: &Source<'_>, ordinal: u32) -> Value {
        match self.text(source, ordinal) {
            Some(Some(text)) => Value::Text(String::from_utf8_lossy(text).into()),
            Some(None) => Value::Absent,
            None => match self.key(source, ordinal) {
                u64::ABSENT => Value::Absent,
                key => Value::Key(key),
            },
        }
    }

    /// Keys lie as values do; texts may lie apart where their keys are equal.
    fn key(&self, source: &Source<'_>, ordinal: u32) -> u64 {
        let standing = &self.index.standing;
        match source {
            Source::Nowhere => u64::ABSENT,
            Source::Column(column) => *column.get(ordinal),
            Source::LastMessage([one, other]) => later(*one.get(ordinal), *other.get(ordinal)),
            Source::Text(column) => *column.keys().get(ordinal),
            Source::Code(codes) => codes.get(ordinal).map_or(u64::ABSENT, |entry| text_key(entry.folded.as_bytes())),
            Source::Boolean(yes) => yes.get(ordinal).map_or(u64::ABSENT, u64::from),
            Source::Blocked => standing.is_blocked(ordinal).into(),
            Source::ConversationStatus => standing.conversation_status(ordinal) as u64,
            Source::Status => standing.status(ordinal) as u64,
            Source::Activity => self.activity(ordinal) as u64,
        }
    }

    fn activity(&self, ordinal: u32) -> ActivityLevel {
        let last = self.index.instants_of(&InstantField::LastInteraction).map(|line| *line.column().get(ordinal));
        match last {
            _ if self.index.standing.is_blocked(ordinal) => ActivityLevel::Blocked,
            Some(key) if (self.active_since..u64::ABSENT).contains(&key) => ActivityLevel::Active,
            _ => ActivityLevel::Inactive,
        }
    }

    /// The whole text, if the field is one that has texts.
    fn text<'s>(&self, source: &Source<'s>, ordinal: u32) -> Option<Option<&'s [u8]>>
    where
        'o: 's,
    {
        match source {
            Source::Text(column) => Some(column.get(&self.index.texts, ordinal)),
            Source::Code(codes) => Some(codes.get(ordinal).map(|entry| entry.folded.as_bytes())),
            _ => None,
        }
    }

    fn compare(&self, one: u32, other: u32) -> Ordering {
        for (source, direction) in &self.keys {
            let [key, other_key] = [one, other].map(|ordinal| directed(self.key(source, ordinal), *direction));
            let by_text = || match (self.text(source, one), self.text(source, other)) {
                (Some(one), Some(other)) => compare_texts(one, other, *direction),
                _ => Ordering::Equal,
            };
            let ordering = key.cmp(&other_key).then_with(by_text);
            if ordering.is_ne() {
                return ordering;
            }
        }
        self.index.ordinals.id(one).cmp(&self.index.ordinals.id(other))
    }

    /// Where a contact lies to a place.
    fn compare_with(&self, ordinal: u32, place: &Place) -> Ordering {
        for ((source, direction), value) in self.keys.iter().zip(&place.values) {
            let key = directed(self.key(source, ordinal), *direction);
            let by_text = || match (self.text(source, ordinal), value) {
                (Some(one), Value::Text(other)) => compare_texts(one, Some(other.as_bytes()), *direction),
                (Some(one), Value::Absent) => compare_texts(one, None, *direction),
                _ => Ordering::Equal,
            };
            let ordering = key.cmp(&directed(key_of(value, 0), *direction)).then_with(by_text);
            if ordering.is_ne() {
                return ordering;
            }
        }
        self.index.ordinals.id(ordinal).cmp(&place.id)
    }

    /// The first of a set after a place, in order, so many at most.
    pub(super) fn first(&self, of: &RoaringBitmap, after: Option<&Place>, count: usize) -> Vec<u32> {
        let mut found = Vec::new();
        self.level(0, 0, of, after, count, &mut found);
        found
    }

    /// The same among those that are equal in all keys before this one, and in so many times eight bytes of this one.
    fn level(
        &self,
        level: usize,
        depth: usize,
        of: &RoaringBitmap,
        after: Option<&Place>,
        count: usize,
        found: &mut Vec<u32>,
    ) {
        let Some((source, direction)) = self.keys.get(level) else {
            let ids = |ordinal: u32| self.index.ordinals.id(ordinal).0.as_u64_pair().0;
            let after = after.map(|place| place.id.0.as_u64_pair().0).map(|key| (key, after));
            return self.split(of, after, count, found, (ids, at_hand), &|tied, after, count, found| {
                self.by_comparing(tied, after, count, found);
            });
        };
        let from = after.and_then(|place| place.values.get(level));
        if let Some(groups) = source.groups(self.index, of, *direction) {
            for (value, members) in groups {
                let lies = from.map_or(Ordering::Greater, |from| compare_values(&value, from, *direction));
                if lies.is_ge() && found.len() < count {
                    self.level(level + 1, 0, &(of & &*members), after.filter(|_| lies.is_eq()), count, found);
                }
            }
            return;
        }
        let after = from.map(|value| (directed(key_of(value, depth), *direction), after));
        let ties = |tied: &RoaringBitmap, after: Option<&Place>, count: usize, found: &mut Vec<u32>| {
            let tells_all = |ordinal| tells_all(source, self.deep_key(source, ordinal, depth));
            if tied.min().is_some_and(tells_all) {
                self.level(level + 1, 0, tied, after, count, found);
            } else if depth < DEPTH_MAX {
                self.level(level, depth + 1, tied, after, count, found);
            } else {
                self.by_comparing(tied, after, count, found);
            }
        };
        let column = match source {
            Source::Column(column) => Some(*column),
            Source::Text(column) => column.keys_at(depth),
            _ => None,
        };
        match column {
            // The common case, in a loop of its own.
            Some(column) => {
                let key = |ordinal| directed(*column.get(ordinal), *direction);
                self.split(of, after, count, found, (key, at_hand), &ties);
            }
            None => {
                let key = |ordinal| directed(self.deep_key(source, ordinal, depth), *direction);
                let begins = |ordinal| match source {
                    Source::Text(column) => column.begins(&self.index.texts, ordinal),
                    _ => 0,
                };
                self.split(of, after, count, found, (key, begins), &ties);
            }
        }
    }

    /// The key of what follows in a text after so many times eight bytes.
    fn deep_key(&self, source: &Source<'_>, ordinal: u32, depth: usize) -> u64 {
        match depth {
            0 => self.key(source, ordinal),
            _ => self.text(source, ordinal).flatten().map_or(u64::ABSENT, |text| deep_text_key(text, depth)),
        }
    }

    /// Takes those that tie with the place, then those below a limit, then those that tie with the limit.
    fn split(
        &self,
        of: &RoaringBitmap,
        after: Option<(u64, Option<&Place>)>,
        count: usize,
        found: &mut Vec<u32>,
        (key, begins): (impl Fn(u32) -> u64, impl Fn(u32) -> u8),
        ties: &Ties<'_>,
    ) {
        let from = after.map(|(from, _)| from);
        let mut lowest = Lowest::of(count);
        let mut with_place = Vec::new();
        let start = from.unwrap_or_default();
        each_fetched(of, &begins, |ordinal| {
            let key = key(ordinal);
            // One question for both ends: it is answered no nearly always, and so costs nothing.
            if key.wrapping_sub(start) <= lowest.highest() - start {
                if Some(key) == from { with_place.push(ordinal) } else { lowest.see(key, ordinal) }
            }
        });
        if let Some((_, place)) = after
            && !armed(Break::PagesSkipThoseThatTie)
        {
            ties(&with_place.into_iter().collect(), place, count, found);
        }
        let (mut below, limit) = lowest.finish();
        below.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| self.compare(one.1, other.1)));
        let missing = count.saturating_sub(found.len());
        found.extend(below.iter().take(missing).map(|(_, ordinal)| *ordinal));
        if let Some(limit) = limit
            && found.len() < count
        {
            ties(&sift_fetched(of, &begins, |ordinal| key(ordinal) == limit), None, count, found);
        }
    }

    /// One by one, where keys do not tell.
    fn by_comparing(&self, of: &RoaringBitmap, after: Option<&Place>, count: usize, found: &mut Vec<u32>) {
        let is_after = |ordinal: &u32| after.is_none_or(|place| self.compare_with(*ordinal, place).is_gt());
        let mut all: Vec<u32> = of.iter().filter(is_after).collect();
        let missing = count.saturating_sub(found.len());
        if missing > 0 && missing < all.len() {
            all.select_nth_unstable_by(missing - 1, |one, other| self.compare(*one, *other));
        }
        all.truncate(missing);
        all.sort_unstable_by(|one, other| self.compare(*one, *other));
        found.extend(all);
    }
}

/// What is not text lies in rows, and need not be fetched.
fn at_hand(_: u32) -> u8 {
    0
}

/// So many times eight bytes are looked at in loops; what still ties then is compared.
const DEPTH_MAX: usize = 8;

/// Whether equal keys are equal values.
fn tells_all(source: &Source<'_>, key: u64) -> bool {
    match source {
        Source::Text(_) | Source::Code(_) => is_whole(key) || key == u64::ABSENT,
        _ => true,
    }
}

/// Takes some of those that tie: all that are equal up to here, after a place, up to a count of all that was found.
type Ties<'t> = dyn Fn(&RoaringBitmap, Option<&Place>, usize, &mut Vec<u32>) + 't;

/// How two values of one field lie.
fn compare_values(one: &Value, other: &Value, direction: Direction) -> Ordering {
    let [key, other_key] = [one, other].map(|value| directed(key_of(value, 0), direction));
    key.cmp(&other_key).then_with(|| match (one, other) {
        (Value::Text(one), Value::Text(other)) => {
            compare_texts(Some(one.as_bytes()), Some(other.as_bytes()), direction)
        }
        _ => Ordering::Equal,
    })
}

/// A value, and those who show it.
type Group<'g> = (Value, Cow<'g, RoaringBitmap>);

impl<'o> Source<'o> {
    /// Those of a set by what they show, in order, where few values are shown by many.
    fn groups(&self, index: &'o Index, of: &RoaringBitmap, direction: Direction) -> Option<Vec<Group<'o>>> {
        let (mut groups, present): (Vec<Group<'o>>, _) = match self {
            Source::Code(codes) => {
                let texts = codes.by_folded().into_iter();
                (texts.map(|(text, members)| (Value::Text(text.into()), members)).collect(), Some(codes.present()))
            }
            Source::Boolean(booleans) => {
                let no = booleans.present() - booleans.yes();
                let groups = [(Value::Key(0), Cow::Owned(no)), (Value::Key(1), Cow::Borrowed(booleans.yes()))];
                (groups.into(), Some(booleans.present()))
            }
            Source::Status => {
                let statuses = [Status::Open, Status::Snoozed, Status::Closed, Status::None, Status::Blocked];
                let members = |status| Cow::Owned(index.standing.with_status(&Choice::Eq(status), of));
                (statuses.map(|status| (Value::Key(status as u64), members(status))).into(), None)
            }
            _ => return None,
        };
        if direction == Direction::Descending {
            groups.reverse();
        }
        groups.extend(present.map(|present| (Value::Absent, Cow::Owned(of - present))));
        Some(groups)
    }

    fn of(index: &'o Index, field: &FilterField) -> Self {
        let source = match field {
            FilterField::Text(field) => index.text(field).map(Source::Text),
            FilterField::Phone(field) => index.phone(field).map(Source::Text),
            FilterField::Code(field) => index.code(field).map(Source::Code),
            FilterField::ConversationStatus => Some(Source::ConversationStatus),
            FilterField::Status => Some(Source::Status),
            FilterField::Activity => Some(Source::Activity),
            FilterField::Boolean(BooleanField::Blocked) => Some(Source::Blocked),
            FilterField::Boolean(BooleanField::HasAbsorbed) => Some(Source::Boolean(index.standing.has_absorbed())),
            FilterField::Boolean(BooleanField::Custom(key)) => match index.custom.get(key) {
                Some(CustomField::Boolean(yes)) => Some(Source::Boolean(yes)),
                _ => None,
            },
            FilterField::Number(key) | FilterField::Time(key) | FilterField::Date(key) => {
                index.custom_column(key).map(Source::Column)
            }
            FilterField::Instant(InstantField::LastMessage) => Some(Source::LastMessage(index.last_messages())),
            FilterField::Instant(field) => index.instants_of(field).map(|line| Source::Column(line.column())),
            FilterField::Set(_) => None,
        };
        source.unwrap_or(Source::Nowhere)
    }
}

/// A key that lies ascending as the sort wants it; what is absent is last either way.
#[inline(always)]
fn directed(key: u64, direction: Direction) -> u64 {
    match direction {
        Direction::Ascending => key,
        Direction::Descending if key == u64::ABSENT => u64::ABSENT,
        Direction::Descending => u64::ABSENT - 1 - key,
    }
}

fn key_of(value: &Value, depth: usize) -> u64 {
    match value {
        Value::Absent => u64::ABSENT,
        Value::Key(key) => *key,
        Value::Text(text) => deep_text_key(text.as_bytes(), depth),
    }
}

fn compare_texts(one: Option<&[u8]>, other: Option<&[u8]>, direction: Direction) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if direction == Direction::Descending => other.cmp(one),
        (Some(one), Some(other)) => one.cmp(other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}
