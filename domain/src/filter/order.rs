//! The order of a table (rule 38): up to three keys, absent values last in both directions, the id ascending at last.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value as Json;

use super::field::{FilterField, InstantField};
use super::op::Kind;
use super::subject::Subject;
use crate::compose::{ActivityLevel, Status};
use crate::fields::Definitions;
use crate::problem::{Place, Problem, Problems};
use crate::values::text::fold;

/// Which way a key sorts what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `asc`
    Ascending,
    /// `desc`
    Descending,
}

/// One key of a sort.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// By which field, of single values.
    pub by: FilterField,
    /// Which way.
    pub direction: Direction,
}

/// A whole order: total, since no two contacts have one id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort(Vec<SortKey>);

/// The most keys of a sort.
const KEYS_MAX: usize = 3;

impl Default for Sort {
    /// The last interaction first.
    fn default() -> Self {
        let by = FilterField::Instant(InstantField::LastInteraction);
        Sort(vec![SortKey { by, direction: Direction::Descending }])
    }
}

impl Sort {
    /// Reads `[{"by": "country", "order": "asc"}, ...]`; `order` left out is `asc`, and an empty list is the default.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(json: &Json, definitions: &Definitions) -> Result<Sort, Vec<Problem>> {
        let mut problems = Problems::default();
        let read = match json {
            Json::Array(keys) if keys.is_empty() => Some(Sort::default()),
            Json::Array(keys) if keys.len() <= KEYS_MAX => read_keys(keys, definitions, &mut problems).map(Sort),
            Json::Array(_) => {
                problems.add(&Place::WHOLE, "too_many", format!("sort by at most {KEYS_MAX} fields"));
                None
            }
            _ => wrong_type(&Place::WHOLE, "a list of sort keys", &mut problems),
        };
        problems.or(read)
    }

    /// Its keys, the first deciding first.
    pub fn keys(&self) -> &[SortKey] {
        &self.0
    }

    /// Which of two contacts comes first.
    pub fn compare(&self, one: &Subject, other: &Subject) -> Ordering {
        let by_keys = self.0.iter().map(|key| {
            let (one, other) = (SortValue::of(one, &key.by), SortValue::of(other, &key.by));
            match (one, other) {
                (Some(one), Some(other)) if key.direction == Direction::Descending => other.compare(&one),
                (Some(one), Some(other)) => one.compare(&other),
                (one, other) => other.is_some().cmp(&one.is_some()),
            }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then(one.id.cmp(&other.id))
    }
}

/// A value as a table sorts it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is what it is called")]
pub enum SortValue {
    /// Folded, by code point, which is the order of UTF-8.
    Text(String),
    Status(Status),
    Activity(ActivityLevel),
    Boolean(bool),
    Number(f64),
    Time(NaiveTime),
    Date(NaiveDate),
    Instant(DateTime<Utc>),
}

impl SortValue {
    /// What a contact shows in a field; `None` where that is absent, or a set.
    pub fn of(subject: &Subject, field: &FilterField) -> Option<SortValue> {
        Some(match field {
            FilterField::Text(field) => SortValue::Text(fold(subject.text(field)?)),
            FilterField::Phone(field) => SortValue::Text(fold(subject.phone(field)?)),
            FilterField::Code(field) => SortValue::Text(fold(subject.code(field)?)),
            FilterField::ConversationStatus => SortValue::Status(Status::of(subject.conversation_status, false)),
            FilterField::Status => SortValue::Status(subject.status),
            FilterField::Activity => SortValue::Activity(subject.activity),
            FilterField::Boolean(field) => SortValue::Boolean(subject.boolean(field)?),
            FilterField::Number(key) => SortValue::Number(subject.number(key)?),
            FilterField::Time(key) => SortValue::Time(subject.time(key)?),
            FilterField::Date(key) => SortValue::Date(subject.date(key)?),
            FilterField::Instant(field) => SortValue::Instant(subject.instant(field)?),
            FilterField::Set(_) => return None,
        })
    }

    /// How two values of one field lie, ascending.
    pub fn compare(&self, other: &SortValue) -> Ordering {
        match (self, other) {
            (SortValue::Text(one), SortValue::Text(other)) => one.cmp(other),
            (SortValue::Status(one), SortValue::Status(other)) => one.cmp(other),
            (SortValue::Activity(one), SortValue::Activity(other)) => one.cmp(other),
            (SortValue::Boolean(one), SortValue::Boolean(other)) => one.cmp(other),
            (SortValue::Number(one), SortValue::Number(other)) => one.total_cmp(other),
            (SortValue::Time(one), SortValue::Time(other)) => one.cmp(other),
            (SortValue::Date(one), SortValue::Date(other)) => one.cmp(other),
            (SortValue::Instant(one), SortValue::Instant(other)) => one.cmp(other),
            _ => Ordering::Equal,
        }
    }
}

fn read_keys(keys: &[Json], definitions: &Definitions, problems: &mut Problems) -> Option<Vec<SortKey>> {
    let mut seen = BTreeSet::<Arc<str>>::new();
    let read = keys.iter().enumerate().map(|(index, json)| {
        let place = Place::WHOLE.item(index);
        let key = read_key(json, &place, definitions, problems);
        if key.as_ref().is_some_and(|key| !seen.insert(key.by.name().into())) {
            problems.add(&place.member("by"), "duplicate_field", "sort by each field once");
        }
        key
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

fn read_key(json: &Json, place: &Place<'_>, definitions: &Definitions, problems: &mut Problems) -> Option<SortKey> {
    let Json::Object(members) = json else {
        return wrong_type(place, "an object with by and order", problems);
    };
    for name in members.keys().filter(|name| !matches!(name.as_str(), "by" | "order")) {
        problems.add(&place.member(name), "unknown_member", "leave it out; a sort key has by and order");
    }
    let by = read_by(members.get("by"), &place.member("by"), definitions, problems);
    let direction = match members.get("order") {
        None => Some(Direction::Ascending),
        Some(Json::String(order)) if order == "asc" => Some(Direction::Ascending),
        Some(Json::String(order)) if order == "desc" => Some(Direction::Descending),
        Some(_) => {
            problems.add(&place.member("order"), "unknown_option", "write asc or desc");
            None
        }
    };
    Some(SortKey { by: by?, direction: direction? })
}

fn read_by(
    by: Option<&Json>,
    place: &Place<'_>,
    definitions: &Definitions,
    problems: &mut Problems,
) -> Option<FilterField> {
    let Some(Json::String(name)) = by else {
        return wrong_type(place, "the name of a field", problems);
    };
    match FilterField::in_use(name, definitions) {
        Ok(field) if field.kind() == Kind::Set => {
            problems.add(place, "not_sortable", "sort by a field of single values; this one is a set");
            None
        }
        Ok(field) => Some(field),
        Err(no_field) => {
            no_field.tell(place, problems);
            None
        }
    }
}

fn wrong_type<T>(place: &Place<'_>, wanted: &str, problems: &mut Problems) -> Option<T> {
    problems.add(place, "wrong_type", format!("give {wanted}"));
    None
}
