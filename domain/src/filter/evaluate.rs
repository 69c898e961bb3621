//! The reference evaluator: what a filter means (rules 36 and 37). Straightforward on purpose: every engine is held
//! against it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::field::{SetField, TextField};
use super::subject::Subject;
use super::time::{Day, Moment};
use super::tree::{Choice, Condition, Filter, Node, Ordered, Part, Relation, SetTest, Textual, Timed, Truth};
use crate::billing::calendar::first_instant;
use crate::values::text::fold;

/// A set of which a filter asks what is in it, such as the segments that a contact is a member of.
pub trait Membership {
    /// Whether this is in it.
    fn contains(&self, value: &str) -> bool;
    /// How many are in it.
    fn count(&self) -> usize;
}

impl Membership for BTreeSet<Arc<str>> {
    fn contains(&self, value: &str) -> bool {
        BTreeSet::contains(self, value)
    }

    fn count(&self) -> usize {
        self.len()
    }
}

/// Tags, with their spelling, by key.
impl Membership for BTreeMap<Arc<str>, Arc<str>> {
    fn contains(&self, value: &str) -> bool {
        self.contains_key(value)
    }

    fn count(&self) -> usize {
        self.len()
    }
}

/// Whether a contact matches a filter. `segments` are those that it is a member of.
pub fn matches(filter: &Filter, subject: &Subject, now: DateTime<Utc>, segments: &dyn Membership) -> bool {
    Evaluation { subject, now, segments }.node(filter.root())
}

struct Evaluation<'e> {
    subject: &'e Subject,
    now: DateTime<Utc>,
    segments: &'e dyn Membership,
}

impl Evaluation<'_> {
    fn node(&self, node: &Node) -> bool {
        match node {
            Node::All(nodes) => nodes.iter().all(|node| self.node(node)),
            Node::Any(nodes) => nodes.iter().any(|node| self.node(node)),
            Node::Not(node) => !self.node(node),
            Node::Condition(condition) => self.condition(condition),
        }
    }

    fn condition(&self, condition: &Condition) -> bool {
        let subject = self.subject;
        match condition {
            Condition::Text { field, test } => match test {
                Textual::Whole(test) => {
                    choice(subject.text(field).map(fold), test, |shown, value| *shown == **value.folded())
                }
                Textual::Part(how, part) => self.text_part(field, *how, part.folded()),
            },
            Condition::Phone { field, test } => match test {
                Textual::Whole(test) => choice(subject.phone(field), test, is_text),
                Textual::Part(how, digits) => {
                    let shown = subject.phone(field).map(|phone| phone.trim_start_matches('+'));
                    shown.is_some_and(|shown| part(shown, *how, digits))
                }
            },
            Condition::Code { field, test } => choice(subject.code(field), test, is_text),
            Condition::ConversationStatus(test) => choice(Some(subject.conversation_status), test, PartialEq::eq),
            Condition::Status(test) => choice(Some(subject.status), test, PartialEq::eq),
            Condition::Activity(test) => choice(Some(subject.activity), test, PartialEq::eq),
            Condition::Boolean { field, test } => truth(subject.boolean(field), *test),
            Condition::Number { key, test } => ordered(subject.number(key), test, f64::total_cmp),
            Condition::Time { key, test } => ordered(subject.time(key), test, Ord::cmp),
            Condition::Date { key, test } => self.date(subject.date(key), test),
            Condition::Instant { field, test } => self.instant(subject.instant(field), test),
            Condition::Set { field: SetField::Segment, test } => set(self.segments, test),
            Condition::Set { field, test } => set(subject.set(field), test),
        }
    }

    fn text_part(&self, field: &TextField, how: Part, folded: &str) -> bool {
        self.subject.text(field).is_some_and(|shown| part(&fold(shown), how, folded))
    }

    /// A day is compared with days; to now it lies as its first instant in the condition's zone does.
    fn date(&self, shown: Option<NaiveDate>, test: &Timed<NaiveDate, NaiveDate>) -> bool {
        match (test, shown) {
            (Timed::Ordered(test), shown) => ordered(shown, test, Ord::cmp),
            (_, None) => false,
            (Timed::On(day), Some(shown)) => shown == *day,
            (Timed::Before(day), Some(shown)) => shown < *day,
            (Timed::After(day), Some(shown)) => shown > *day,
            (Timed::Relative(relation, span, zone), Some(shown)) => {
                let (from, until) = (span.before(self.now, *zone), span.after(self.now, *zone));
                relative(first_instant(*zone, shown), *relation, from, self.now, until)
            }
        }
    }

    fn instant(&self, shown: Option<DateTime<Utc>>, test: &Timed<Moment, Day>) -> bool {
        match (test, shown) {
            (Timed::Ordered(test), shown) => ordered(shown, test, |shown, moment| moment.locate(*shown)),
            (_, None) => false,
            (Timed::On(day), Some(shown)) => Moment::Day(*day).locate(shown) == Ordering::Equal,
            (Timed::Before(moment), Some(shown)) => moment.locate(shown) == Ordering::Less,
            (Timed::After(moment), Some(shown)) => moment.locate(shown) == Ordering::Greater,
            (Timed::Relative(relation, span, zone), Some(shown)) => {
                let (from, until) = (span.before(self.now, *zone), span.after(self.now, *zone));
                relative(shown, *relation, from, self.now, until)
            }
        }
    }
}

/// An absent value fulfils nothing but `is_unset`, however negative the question.
fn choice<T, V>(shown: Option<T>, test: &Choice<V>, same: impl Fn(&T, &V) -> bool) -> bool {
    let Some(shown) = shown else { return matches!(test, Choice::IsUnset) };
    match test {
        Choice::Eq(value) => same(&shown, value),
        Choice::Ne(value) => !same(&shown, value),
        Choice::In(values) => values.iter().any(|value| same(&shown, value)),
        Choice::Nin(values) => !values.iter().any(|value| same(&shown, value)),
        Choice::IsSet => true,
        Choice::IsUnset => false,
    }
}

fn is_text(shown: &&str, value: &Arc<str>) -> bool {
    **shown == **value
}

/// `locate` says where the value shown lies: before the value asked for, at (within) it, or after it.
fn ordered<T, V>(shown: Option<T>, test: &Ordered<V>, locate: impl Fn(&T, &V) -> Ordering) -> bool {
    if let Ordered::Choice(test) = test {
        return choice(shown, test, |shown, value| locate(shown, value) == Ordering::Equal);
    }
    let Some(shown) = shown else { return false };
    match test {
        Ordered::Choice(_) => false,
        Ordered::Lt(value) => locate(&shown, value) == Ordering::Less,
        Ordered::Le(value) => locate(&shown, value) != Ordering::Greater,
        Ordered::Gt(value) => locate(&shown, value) == Ordering::Greater,
        Ordered::Ge(value) => locate(&shown, value) != Ordering::Less,
        Ordered::Between(from, to) => locate(&shown, from) != Ordering::Less && locate(&shown, to) != Ordering::Greater,
    }
}

fn part(shown: &str, how: Part, part: &str) -> bool {
    match how {
        Part::Contains => shown.contains(part),
        Part::NotContains => !shown.contains(part),
        Part::StartsWith => shown.starts_with(part),
        Part::EndsWith => shown.ends_with(part),
    }
}

/// Half-open towards the past, so that a contact that is no longer within the last three days is older than three days.
fn relative(
    shown: DateTime<Utc>,
    relation: Relation,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> bool {
    match relation {
        Relation::WithinLast => from < shown && shown <= now,
        Relation::OlderThan => shown <= from,
        Relation::WithinNext => now < shown && shown <= until,
    }
}

/// A set is never absent; the values named are each there once.
fn set(shown: &dyn Membership, test: &SetTest) -> bool {
    match test {
        SetTest::AnyOf(values) => values.iter().any(|value| shown.contains(value)),
        SetTest::AllOf(values) => values.iter().all(|value| shown.contains(value)),
        SetTest::NoneOf(values) => !values.iter().any(|value| shown.contains(value)),
        SetTest::Exactly(values) => shown.count() == values.len() && values.iter().all(|value| shown.contains(value)),
        SetTest::IsSet => shown.count() > 0,
        SetTest::IsUnset => shown.count() == 0,
    }
}

fn truth(shown: Option<bool>, test: Truth) -> bool {
    match test {
        Truth::IsTrue => shown == Some(true),
        Truth::IsFalse => shown == Some(false),
        Truth::IsSet => shown.is_some(),
        Truth::IsUnset => shown.is_none(),
    }
}
