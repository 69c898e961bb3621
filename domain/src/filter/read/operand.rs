//! What an operator needs: one value, several, a pair, a span, or none.

use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::Value as Json;

use super::Reader;
use crate::filter::op::Op;
use crate::filter::time::{Span, SpanUnit};
use crate::filter::tree::{Choice, Ordered, Part, Relation, SetTest, Textual, Timed, Truth};
use crate::problem::Place;

/// The most values of one condition. The rules give no limit; a longer list is a segment.
const VALUES_MAX: usize = 1_000;

/// The right-hand side of a condition.
pub(super) struct Operand<'c> {
    pub(super) op: Op,
    /// Null where the operator takes none.
    pub(super) value: &'c Json,
    pub(super) place: Place<'c>,
    pub(super) zone: Tz,
}

/// One value, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct One<'c> {
    pub(super) json: &'c Json,
    pub(super) place: &'c Place<'c>,
}

/// How one value is read.
pub(super) type Read<'f, 'w, V> = &'f dyn Fn(&mut Reader<'w>, One<'_>) -> Option<V>;

/// Whether one value is after another.
pub(super) type IsAfter<'f, V> = &'f dyn Fn(&V, &V) -> bool;

impl<'w> Reader<'w> {
    pub(super) fn choice<V: PartialEq>(&mut self, operand: &Operand<'_>, read: Read<'_, 'w, V>) -> Option<Choice<V>> {
        Some(match operand.op {
            Op::Eq => Choice::Eq(self.one(operand, read)?),
            Op::Ne => Choice::Ne(self.one(operand, read)?),
            Op::In => Choice::In(self.some(operand, read)?),
            Op::Nin => Choice::Nin(self.some(operand, read)?),
            Op::IsSet => Choice::IsSet,
            Op::IsUnset => Choice::IsUnset,
            _ => return self.wrong_operator(operand),
        })
    }

    pub(super) fn textual<V: PartialEq, P>(
        &mut self,
        operand: &Operand<'_>,
        read: Read<'_, 'w, V>,
        read_part: Read<'_, 'w, P>,
    ) -> Option<Textual<V, P>> {
        let part = match operand.op {
            Op::Contains => Part::Contains,
            Op::NotContains => Part::NotContains,
            Op::StartsWith => Part::StartsWith,
            Op::EndsWith => Part::EndsWith,
            _ => return self.choice(operand, read).map(Textual::Whole),
        };
        self.one(operand, read_part).map(|read| Textual::Part(part, read))
    }

    pub(super) fn ordered<V: PartialEq>(
        &mut self,
        operand: &Operand<'_>,
        read: Read<'_, 'w, V>,
        is_after: IsAfter<'_, V>,
    ) -> Option<Ordered<V>> {
        Some(match operand.op {
            Op::Lt => Ordered::Lt(self.one(operand, read)?),
            Op::Le => Ordered::Le(self.one(operand, read)?),
            Op::Gt => Ordered::Gt(self.one(operand, read)?),
            Op::Ge => Ordered::Ge(self.one(operand, read)?),
            Op::Between => {
                let (from, to) = self.pair(operand, read, is_after)?;
                Ordered::Between(from, to)
            }
            _ => Ordered::Choice(self.choice(operand, read)?),
        })
    }

    pub(super) fn timed<V: PartialEq, D>(
        &mut self,
        operand: &Operand<'_>,
        read: Read<'_, 'w, V>,
        read_day: Read<'_, 'w, D>,
        is_after: IsAfter<'_, V>,
    ) -> Option<Timed<V, D>> {
        let relation = match operand.op {
            Op::WithinLast => Relation::WithinLast,
            Op::OlderThan => Relation::OlderThan,
            Op::WithinNext => Relation::WithinNext,
            Op::On => return self.one(operand, read_day).map(Timed::On),
            Op::Before => return self.one(operand, read).map(Timed::Before),
            Op::After => return self.one(operand, read).map(Timed::After),
            _ => return self.ordered(operand, read, is_after).map(Timed::Ordered),
        };
        Some(Timed::Relative(relation, self.span(operand)?, operand.zone))
    }

    pub(super) fn set(&mut self, operand: &Operand<'_>, read: Read<'_, 'w, Arc<str>>) -> Option<SetTest> {
        Some(match operand.op {
            Op::AnyOf => SetTest::AnyOf(self.some(operand, read)?),
            Op::AllOf => SetTest::AllOf(self.some(operand, read)?),
            Op::NoneOf => SetTest::NoneOf(self.some(operand, read)?),
            Op::Exactly => SetTest::Exactly(self.values(operand, read)?),
            Op::IsSet => SetTest::IsSet,
            Op::IsUnset => SetTest::IsUnset,
            _ => return self.wrong_operator(operand),
        })
    }

    pub(super) fn truth(&mut self, operand: &Operand<'_>) -> Option<Truth> {
        Some(match operand.op {
            Op::IsTrue => Truth::IsTrue,
            Op::IsFalse => Truth::IsFalse,
            Op::IsSet => Truth::IsSet,
            Op::IsUnset => Truth::IsUnset,
            _ => return self.wrong_operator(operand),
        })
    }

    /// The table of operators has more than is read here.
    fn wrong_operator<T>(&mut self, operand: &Operand<'_>) -> Option<T> {
        self.refuse(&operand.place, "wrong_operator", "ask this field by another operator")
    }

    fn one<V>(&mut self, operand: &Operand<'_>, read: Read<'_, 'w, V>) -> Option<V> {
        read(self, One { json: operand.value, place: &operand.place })
    }

    /// At least one value.
    fn some<V: PartialEq>(&mut self, operand: &Operand<'_>, read: Read<'_, 'w, V>) -> Option<Vec<V>> {
        if operand.value.as_array().is_some_and(Vec::is_empty) {
            return self.refuse(&operand.place, "empty", "give at least one value");
        }
        self.values(operand, read)
    }

    /// Values, each once.
    fn values<V: PartialEq>(&mut self, operand: &Operand<'_>, read: Read<'_, 'w, V>) -> Option<Vec<V>> {
        let Json::Array(items) = operand.value else {
            return self.refuse(&operand.place, "wrong_type", "give a list of values");
        };
        if items.len() > VALUES_MAX {
            return self.refuse(&operand.place, "too_many", format!("give at most {VALUES_MAX} values"));
        }
        let (mut values, mut all_read) = (Vec::<V>::new(), true);
        for (index, json) in items.iter().enumerate() {
            let value = read(self, One { json, place: &operand.place.item(index) });
            all_read &= value.is_some();
            values.extend(value.filter(|value| !values.contains(value)));
        }
        all_read.then_some(values)
    }

    /// Two values, the first not after the second.
    fn pair<V>(&mut self, operand: &Operand<'_>, read: Read<'_, 'w, V>, is_after: IsAfter<'_, V>) -> Option<(V, V)> {
        let Some([from, to]) = operand.value.as_array().map(Vec::as_slice) else {
            return self.refuse(&operand.place, "wrong_type", "give a list of two values, the lower one first");
        };
        let from = read(self, One { json: from, place: &operand.place.item(0) });
        let to = read(self, One { json: to, place: &operand.place.item(1) });
        let (from, to) = (from?, to?);
        if is_after(&from, &to) {
            return self.refuse(&operand.place, "inverted", "give the lower value first");
        }
        Some((from, to))
    }

    fn span(&mut self, operand: &Operand<'_>) -> Option<Span> {
        let (json, place) = (operand.value, &operand.place);
        let Json::Object(members) = json else {
            return self.refuse(place, "wrong_type", "give an object with amount and unit, such as 3 and day");
        };
        self.only(members, place, &["amount", "unit"]);
        let amount = members.get("amount").and_then(Json::as_u64).and_then(|amount| u32::try_from(amount).ok());
        let amount = amount.filter(|amount| (1..=Span::AMOUNT_MAX).contains(amount));
        let unit = members.get("unit").and_then(Json::as_str);
        let unit = SpanUnit::ALL.into_iter().find(|known| Some(known.name()) == unit);
        if amount.is_none() {
            let message = format!("give a whole number from 1 to {}", Span::AMOUNT_MAX);
            self.problems.add(&place.member("amount"), "out_of_range", message);
        }
        if unit.is_none() {
            let units = SpanUnit::ALL.map(SpanUnit::name).join(", ");
            self.problems.add(&place.member("unit"), "unknown_option", format!("give one of {units}"));
        }
        Some(Span { amount: amount?, unit: unit? })
    }
}
