//! The filter as a tree, typed so that an operator only stands where its field takes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::field::{BooleanField, CodeField, FilterField, InstantField, PhoneField, SetField, TextField};
use super::time::{Day, Moment, Span};
use crate::compose::{ActivityLevel, Status};
use crate::state::ConversationStatus;
use crate::values::text::fold;

/// A filter that was read: within the limits, every value in its one form.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(pub(super) Node);

impl Filter {
    /// The most conditions; an empty `all` counts as one, so that nothing is unbounded.
    pub const CONDITIONS_MAX: usize = 250;
    /// The greatest depth: a lone condition has depth 1, and each node adds one.
    pub const DEPTH_MAX: usize = 8;

    /// Every live contact: `{"all": []}`.
    pub fn everyone() -> Self {
        Filter(Node::All(Vec::new()))
    }

    /// Where the tree begins.
    pub fn root(&self) -> &Node {
        &self.0
    }

    /// Its conditions, from left to right.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut found = Vec::new();
        self.0.collect(&mut found);
        found
    }

    /// The segments it asks about.
    pub fn segments(&self) -> SegmentsNamed {
        let mut named = SegmentsNamed::default();
        for condition in self.conditions() {
            if let Condition::Set { field: SetField::Segment, test } = condition {
                named.every |= matches!(test, SetTest::Exactly(_) | SetTest::IsSet | SetTest::IsUnset);
                named.ids.extend(test.values().iter().cloned());
            }
        }
        named
    }
}

/// The segments that a filter asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentsNamed {
    /// By id.
    pub ids: BTreeSet<Arc<str>>,
    /// Whether the answer depends on every segment there is: whoever is in no segment, or in these and no other.
    pub every: bool,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Each of these; of none, always.
    All(Vec<Node>),
    /// At least one of these.
    Any(Vec<Node>),
    /// The exact complement.
    Not(Box<Node>),
    /// A condition.
    Condition(Condition),
}

impl Node {
    /// Recursion is safe: no tree is deeper than [`Filter::DEPTH_MAX`].
    fn collect<'n>(&'n self, found: &mut Vec<&'n Condition>) {
        match self {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| node.collect(found)),
            Node::Not(node) => node.collect(found),
            Node::Condition(condition) => found.push(condition),
        }
    }
}

/// One question about one field.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "field and test are what they are called")]
pub enum Condition {
    /// Of text, compared folded.
    Text { field: TextField, test: Textual<Folded, Folded> },
    /// Of a phone number: whole ones are E.164, parts are digits.
    Phone { field: PhoneField, test: Textual<Arc<str>, Arc<str>> },
    /// Of a code or an id.
    Code { field: CodeField, test: Choice<Arc<str>> },
    /// Of `conversation_status`.
    ConversationStatus(Choice<ConversationStatus>),
    /// Of `status`.
    Status(Choice<Status>),
    /// Of `activity`.
    Activity(Choice<ActivityLevel>),
    /// Of true and false.
    Boolean { field: BooleanField, test: Truth },
    /// Of a custom number, by its key.
    Number { key: Arc<str>, test: Ordered<f64> },
    /// Of a custom time of day, by its key.
    Time { key: Arc<str>, test: Ordered<NaiveTime> },
    /// Of a custom day, by its key.
    Date { key: Arc<str>, test: Timed<NaiveDate, NaiveDate> },
    /// Of an instant.
    Instant { field: InstantField, test: Timed<Moment, Day> },
    /// Of a set.
    Set { field: SetField, test: SetTest },
}

impl Condition {
    /// The field it is about; a custom one by its key.
    pub fn field(&self) -> FilterField {
        match self {
            Condition::Text { field, .. } => FilterField::Text(field.clone()),
            Condition::Phone { field, .. } => FilterField::Phone(field.clone()),
            Condition::Code { field, .. } => FilterField::Code(field.clone()),
            Condition::ConversationStatus(_) => FilterField::ConversationStatus,
            Condition::Status(_) => FilterField::Status,
            Condition::Activity(_) => FilterField::Activity,
            Condition::Boolean { field, .. } => FilterField::Boolean(field.clone()),
            Condition::Number { key, .. } => FilterField::Number(key.clone()),
            Condition::Time { key, .. } => FilterField::Time(key.clone()),
            Condition::Date { key, .. } => FilterField::Date(key.clone()),
            Condition::Instant { field, .. } => FilterField::Instant(field.clone()),
            Condition::Set { field, .. } => FilterField::Set(field.clone()),
        }
    }
}

/// Text to compare with: as it was given, and folded. Two that fold alike are equal.
#[derive(Clone, Debug)]
pub struct Folded {
    given: Arc<str>,
    folded: Arc<str>,
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Folded {
    /// A text to compare with.
    pub fn new(given: Arc<str>) -> Self {
        Folded { folded: fold(&given).into(), given }
    }

    /// As it was given, for showing and storing.
    pub fn given(&self) -> &Arc<str> {
        &self.given
    }

    /// Folded, for comparing.
    pub fn folded(&self) -> &Arc<str> {
        &self.folded
    }
}

/// What can be asked of every single value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Choice<V> {
    Eq(V),
    Ne(V),
    In(Vec<V>),
    Nin(Vec<V>),
    IsSet,
    IsUnset,
}

/// What can be asked of text.
#[derive(Clone, Debug, PartialEq)]
pub enum Textual<V, P> {
    /// Of the whole value.
    Whole(Choice<V>),
    /// Of a part of it.
    Part(Part, P),
}

/// How a part lies in the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Part {
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
}

/// What can be asked of values that have an order.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Ordered<V> {
    Choice(Choice<V>),
    Lt(V),
    Le(V),
    Gt(V),
    Ge(V),
    Between(V, V),
}

/// What can be asked of days and instants.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Timed<V, D> {
    Ordered(Ordered<V>),
    On(D),
    Before(V),
    After(V),
    Relative(Relation, Span, Tz),
}

/// How a time lies to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Relation {
    WithinLast,
    OlderThan,
    WithinNext,
}

/// What can be asked of a set.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum SetTest {
    AnyOf(Vec<Arc<str>>),
    AllOf(Vec<Arc<str>>),
    NoneOf(Vec<Arc<str>>),
    Exactly(Vec<Arc<str>>),
    IsSet,
    IsUnset,
}

impl SetTest {
    /// The values it names, each once.
    pub fn values(&self) -> &[Arc<str>] {
        match self {
            SetTest::AnyOf(values) | SetTest::AllOf(values) | SetTest::NoneOf(values) | SetTest::Exactly(values) => {
                values
            }
            SetTest::IsSet | SetTest::IsUnset => &[],
        }
    }
}

/// What can be asked of true and false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Truth {
    IsTrue,
    IsFalse,
    IsSet,
    IsUnset,
}
