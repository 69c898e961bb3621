//! The order of a page: the first contacts of a set by keys of eight bytes, and by whole texts and ids where those tie.

use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::compose::ActivityLevel;
use dossier_domain::filter::{BooleanField, Direction, FilterField, InstantField, Sort};
use dossier_domain::sabotage::{Break, armed};
use roaring::RoaringBitmap;

use super::Index;
use super::column::{Cell, Column};
use super::custom::CustomField;
use super::evaluate::later;
use super::keys::{first_after, is_whole, text_key};
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
            return self.split(of, after, count, found, ids, &|tied, after, count, found| {
                self.by_comparing(tied, after, count, found);
            });
        };
        let from = after.and_then(|place| place.values.get(level));
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
        match (source, direction) {
            // The common cases, each in a loop of its own.
            (Source::Column(column), Direction::Ascending) => {
                self.split(of, after, count, found, |ordinal| *column.get(ordinal), &ties)
            }
            (Source::Column(column), Direction::Descending) => {
                self.split(of, after, count, found, |ordinal| directed(*column.get(ordinal), *direction), &ties)
            }
            _ => {
                let key = |ordinal| directed(self.deep_key(source, ordinal, depth), *direction);
                self.split(of, after, count, found, key, &ties)
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
        key: impl Fn(u32) -> u64,
        ties: &Ties<'_>,
    ) {
        let from = after.map(|(from, _)| from);
        if let Some((from, place)) = after
            && !armed(Break::PagesSkipThoseThatTie)
        {
            let tied = those(of, |ordinal| key(ordinal) == from);
            ties(&tied, place, count, found);
        }
        let missing = count.saturating_sub(found.len());
        if missing == 0 {
            return;
        }
        let mut lowest = Lowest { count: missing, kept: Vec::new(), limit: None };
        each(of, |ordinal| {
            let key = key(ordinal);
            if from.is_none_or(|from| key > from) && lowest.limit.is_none_or(|limit| key < limit) {
                lowest.take(key, ordinal);
            }
        });
        let (mut below, limit) = lowest.finish();
        below.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| self.compare(one.1, other.1)));
        found.extend(below.iter().map(|(_, ordinal)| *ordinal));
        if let Some(limit) = limit {
            let tied = those(of, |ordinal| key(ordinal) == limit);
            ties(&tied, None, count, found);
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

/// So many times eight bytes are looked at in loops; what still ties then is compared.
const DEPTH_MAX: usize = 8;

/// Whether equal keys are equal values.
fn tells_all(source: &Source<'_>, key: u64) -> bool {
    match source {
        Source::Text(_) | Source::Code(_) => is_whole(key) || key == u64::ABSENT,
        _ => true,
    }
}

fn deep_text_key(text: &[u8], depth: usize) -> u64 {
    text_key(text.get(8 * depth..).unwrap_or_default())
}

/// Takes some of those that tie: all that are equal up to here, after a place, up to a count of all that was found.
type Ties<'t> = dyn Fn(&RoaringBitmap, Option<&Place>, usize, &mut Vec<u32>) + 't;

fn each(of: &RoaringBitmap, mut take: impl FnMut(u32)) {
    let (mut ordinals, mut buffer) = (of.iter(), [0; 256]);
    loop {
        let some = ordinals.next_many(&mut buffer);
        if some.is_empty() {
            return;
        }
        some.iter().copied().for_each(&mut take);
    }
}

fn those(of: &RoaringBitmap, test: impl Fn(u32) -> bool) -> RoaringBitmap {
    let mut found = Vec::new();
    each(of, |ordinal| {
        if test(ordinal) {
            found.push(ordinal);
        }
    });
    found.into_iter().collect()
}

/// The lowest keys of those seen up to now, and some more until there is no room.
struct Lowest {
    count: usize,
    kept: Vec<(u64, u32)>,
    /// Once there are enough, the greatest of them: no more of those are needed.
    limit: Option<u64>,
}

impl Lowest {
    fn take(&mut self, key: u64, ordinal: u32) {
        self.kept.push((key, ordinal));
        if self.kept.len() >= 2 * self.count + 256 {
            self.narrow();
        }
    }

    fn narrow(&mut self) {
        if self.count > 0 && self.count <= self.kept.len() {
            self.kept.select_nth_unstable_by_key(self.count - 1, |(key, _)| *key);
            self.limit = Some(self.kept[self.count - 1].0);
            self.kept.truncate(self.count);
        }
    }

    /// Those below the limit, and the limit, at which more may tie than were kept.
    fn finish(mut self) -> (Vec<(u64, u32)>, Option<u64>) {
        self.narrow();
        self.kept.retain(|(key, _)| self.limit.is_none_or(|limit| *key < limit));
        (self.kept, self.limit)
    }
}

impl<'o> Source<'o> {
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
