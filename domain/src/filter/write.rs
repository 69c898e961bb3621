//! A filter as JSON: the form in which it came, with every value in its one form and the zone written in, so that a
//! stored filter goes on to mean the same whatever becomes of the workspace's settings.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::op::Op;
use super::time::{Day, Moment, Span};
use super::tree::{Choice, Condition, Filter, Folded, Node, Ordered, Part, Relation, SetTest, Textual, Timed, Truth};
use super::word::Word;
use crate::values::time::written;

impl Filter {
    /// The filter as JSON. [`read`](super::read) makes the same filter of it.
    pub fn to_json(&self) -> Json {
        self.root().to_json()
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl Node {
    fn to_json(&self) -> Json {
        let list = |nodes: &[Node]| nodes.iter().map(Node::to_json).collect::<Vec<_>>();
        match self {
            Node::All(nodes) => json!({"all": list(nodes)}),
            Node::Any(nodes) => json!({"any": list(nodes)}),
            Node::Not(node) => json!({"not": node.to_json()}),
            Node::Condition(condition) => condition.to_json(),
        }
    }
}

impl Condition {
    /// The operator of the test.
    pub fn op(&self) -> Op {
        self.operation().op
    }

    fn to_json(&self) -> Json {
        let operation = self.operation();
        let mut members = serde_json::Map::new();
        members.insert("field".into(), self.field().name().into());
        members.insert("op".into(), operation.op.name().into());
        members.extend(operation.value.map(|value| ("value".into(), value)));
        members.extend(operation.zone.map(|zone| ("zone".into(), zone.name().into())));
        Json::Object(members)
    }

    fn operation(&self) -> Operation {
        match self {
            Condition::Text { test, .. } => textual(test),
            Condition::Phone { test, .. } => textual(test),
            Condition::Code { test, .. } => choice(test),
            Condition::ConversationStatus(test) => choice(test),
            Condition::Status(test) => choice(test),
            Condition::Activity(test) => choice(test),
            Condition::Boolean { test, .. } => Operation::bare(truth(*test)),
            Condition::Number { test, .. } => ordered(test),
            Condition::Time { test, .. } => ordered(test),
            Condition::Date { test, .. } => timed(test),
            Condition::Instant { test, .. } => timed(test),
            Condition::Set { test, .. } => set(test),
        }
    }
}

/// A test as its condition writes it.
struct Operation {
    op: Op,
    value: Option<Json>,
    zone: Option<Tz>,
}

impl Operation {
    fn bare(op: Op) -> Self {
        Operation { op, value: None, zone: None }
    }

    fn one<V: Written>(op: Op, value: &V) -> Self {
        Operation { op, value: Some(value.to_json()), zone: value.zone() }
    }

    fn many<V: Written>(op: Op, values: &[V]) -> Self {
        let zone = values.iter().find_map(Written::zone);
        Operation { op, value: Some(values.iter().map(Written::to_json).collect()), zone }
    }
}

fn choice<V: Written>(test: &Choice<V>) -> Operation {
    match test {
        Choice::Eq(value) => Operation::one(Op::Eq, value),
        Choice::Ne(value) => Operation::one(Op::Ne, value),
        Choice::In(values) => Operation::many(Op::In, values),
        Choice::Nin(values) => Operation::many(Op::Nin, values),
        Choice::IsSet => Operation::bare(Op::IsSet),
        Choice::IsUnset => Operation::bare(Op::IsUnset),
    }
}

fn textual<V: Written, P: Written>(test: &Textual<V, P>) -> Operation {
    match test {
        Textual::Whole(test) => choice(test),
        Textual::Part(Part::Contains, part) => Operation::one(Op::Contains, part),
        Textual::Part(Part::NotContains, part) => Operation::one(Op::NotContains, part),
        Textual::Part(Part::StartsWith, part) => Operation::one(Op::StartsWith, part),
        Textual::Part(Part::EndsWith, part) => Operation::one(Op::EndsWith, part),
    }
}

fn ordered<V: Written>(test: &Ordered<V>) -> Operation {
    match test {
        Ordered::Choice(test) => choice(test),
        Ordered::Lt(value) => Operation::one(Op::Lt, value),
        Ordered::Le(value) => Operation::one(Op::Le, value),
        Ordered::Gt(value) => Operation::one(Op::Gt, value),
        Ordered::Ge(value) => Operation::one(Op::Ge, value),
        Ordered::Between(from, to) => {
            let value = Some(json!([from.to_json(), to.to_json()]));
            Operation { op: Op::Between, value, zone: from.zone().or(to.zone()) }
        }
    }
}

fn timed<V: Written, D: Written>(test: &Timed<V, D>) -> Operation {
    match test {
        Timed::Ordered(test) => ordered(test),
        Timed::On(day) => Operation::one(Op::On, day),
        Timed::Before(value) => Operation::one(Op::Before, value),
        Timed::After(value) => Operation::one(Op::After, value),
        Timed::Relative(relation, span, zone) => {
            let op = match relation {
                Relation::WithinLast => Op::WithinLast,
                Relation::OlderThan => Op::OlderThan,
                Relation::WithinNext => Op::WithinNext,
            };
            Operation { op, value: Some(span.to_json()), zone: Some(*zone) }
        }
    }
}

fn set(test: &SetTest) -> Operation {
    match test {
        SetTest::AnyOf(values) => Operation::many(Op::AnyOf, values),
        SetTest::AllOf(values) => Operation::many(Op::AllOf, values),
        SetTest::NoneOf(values) => Operation::many(Op::NoneOf, values),
        SetTest::Exactly(values) => Operation::many(Op::Exactly, values),
        SetTest::IsSet => Operation::bare(Op::IsSet),
        SetTest::IsUnset => Operation::bare(Op::IsUnset),
    }
}

fn truth(test: Truth) -> Op {
    match test {
        Truth::IsTrue => Op::IsTrue,
        Truth::IsFalse => Op::IsFalse,
        Truth::IsSet => Op::IsSet,
        Truth::IsUnset => Op::IsUnset,
    }
}

/// A value as JSON, and the zone that it depends on.
trait Written {
    fn to_json(&self) -> Json;

    fn zone(&self) -> Option<Tz> {
        None
    }
}

impl Written for Arc<str> {
    fn to_json(&self) -> Json {
        Json::from(&**self)
    }
}

impl Written for Folded {
    fn to_json(&self) -> Json {
        Json::from(&**self.given())
    }
}

impl Written for f64 {
    /// A whole number is written without a point, as people write it.
    fn to_json(&self) -> Json {
        #[allow(clippy::cast_possible_truncation, reason = "numbers of filters that are whole are at most 2^53")]
        if self.fract() == 0.0 { Json::from(*self as i64) } else { Json::from(*self) }
    }
}

impl Written for NaiveTime {
    fn to_json(&self) -> Json {
        self.to_string().into()
    }
}

impl Written for NaiveDate {
    fn to_json(&self) -> Json {
        self.to_string().into()
    }
}

impl Written for Day {
    fn to_json(&self) -> Json {
        self.date.to_json()
    }

    fn zone(&self) -> Option<Tz> {
        Some(self.zone)
    }
}

impl Written for Moment {
    fn to_json(&self) -> Json {
        match self {
            Moment::Day(day) => day.to_json(),
            Moment::Instant(instant) => written(*instant).into(),
        }
    }

    fn zone(&self) -> Option<Tz> {
        match self {
            Moment::Day(day) => day.zone(),
            Moment::Instant(_) => None,
        }
    }
}

impl Written for Span {
    fn to_json(&self) -> Json {
        json!({"amount": self.amount, "unit": self.unit.name()})
    }
}

impl<W: Word> Written for W {
    fn to_json(&self) -> Json {
        self.word().into()
    }
}
