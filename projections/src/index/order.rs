//! The order of a page: the first contacts of a set by keys of eight bytes, and by whole texts and ids where those tie.

use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::compose::ActivityLevel;
use dossier_domain::filter::{BooleanField, Direction, FilterField, InstantField, Sort};
use roaring::RoaringBitmap;

use super::Index;
use super::column::{Cell, Column};
use super::custom::CustomField;
use super::evaluate::later;
use super::keys::{first_after, text_key};
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
            let ordering = key.cmp(&directed(key_of(value), *direction)).then_with(by_text);
            if ordering.is_ne() {
                return ordering;
            }
        }
        self.index.ordinals.id(ordinal).cmp(&place.id)
    }

    /// The first of a set after a place, in order, so many at most.
    pub(super) fn first(&self, of: &RoaringBitmap, after: Option<&Place>, count: usize) -> Vec<u32> {
        match self.keys.first() {
            // The common cases, each in a loop of its own.
            Some((Source::Column(column), Direction::Ascending)) => self.select(of, after, count, |o| *column.get(o)),
            Some((Source::Column(column), Direction::Descending)) => {
                self.select(of, after, count, |ordinal| directed(*column.get(ordinal), Direction::Descending))
            }
            Some((source, direction)) => {
                self.select(of, after, count, |ordinal| directed(self.key(source, ordinal), *direction))
            }
            None => self.select(of, after, count, |_| 0),
        }
    }

    fn select(
        &self,
        of: &RoaringBitmap,
        after: Option<&Place>,
        count: usize,
        first_key: impl Fn(u32) -> u64,
    ) -> Vec<u32> {
        let from = after.and_then(|place| Some(directed(key_of(place.values.first()?), self.keys.first()?.1)));
        let is_after = |key: u64, ordinal: u32| match after {
            None => true,
            Some(_) if from.is_some_and(|from| key != from) => from.is_some_and(|from| key > from),
            Some(place) => self.compare_with(ordinal, place).is_gt(),
        };
        let mut best = Best { order: self, count, kept: Vec::new(), limit: None };
        let (mut ordinals, mut buffer) = (of.iter(), [0; 256]);
        loop {
            let some = ordinals.next_many(&mut buffer);
            if some.is_empty() {
                return best.sorted();
            }
            for ordinal in some.iter().copied() {
                let key = first_key(ordinal);
                if best.may_take(key, ordinal) && is_after(key, ordinal) {
                    best.take(key, ordinal);
                }
            }
        }
    }
}

/// The first so many of those seen up to now, and some more until there is no room.
struct Best<'b> {
    order: &'b Order<'b>,
    count: usize,
    kept: Vec<(u64, u32)>,
    /// Once there are enough, the last of them.
    limit: Option<(u64, u32)>,
}

impl Best<'_> {
    #[inline(always)]
    fn may_take(&self, key: u64, ordinal: u32) -> bool {
        match self.limit {
            None => true,
            Some((limit, _)) if key != limit => key < limit,
            Some((_, last)) => self.order.compare(ordinal, last).is_lt(),
        }
    }

    fn take(&mut self, key: u64, ordinal: u32) {
        self.kept.push((key, ordinal));
        if self.kept.len() >= 2 * self.count + 256 {
            self.narrow();
        }
    }

    fn narrow(&mut self) {
        if let Some(last) = self.count.checked_sub(1)
            && last < self.kept.len()
        {
            let order = self.order;
            self.kept.select_nth_unstable_by(last, |one, other| {
                one.0.cmp(&other.0).then_with(|| order.compare(one.1, other.1))
            });
            self.limit = Some(self.kept[last]);
        }
        self.kept.truncate(self.count);
    }

    fn sorted(mut self) -> Vec<u32> {
        self.narrow();
        let order = self.order;
        self.kept.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| order.compare(one.1, other.1)));
        self.kept.into_iter().map(|(_, ordinal)| ordinal).collect()
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

fn key_of(value: &Value) -> u64 {
    match value {
        Value::Absent => u64::ABSENT,
        Value::Key(key) => *key,
        Value::Text(text) => text_key(text.as_bytes()),
    }
}

fn compare_texts(one: Option<&[u8]>, other: Option<&[u8]>, direction: Direction) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if direction == Direction::Descending => other.cmp(one),
        (Some(one), Some(other)) => one.cmp(other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}
