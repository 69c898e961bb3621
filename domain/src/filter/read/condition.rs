//! One condition: a field, an operator that the field takes, and what the operator needs.

use chrono_tz::Tz;
use serde_json::{Map, Value as Json};

use super::operand::{Operand, Read};
use super::{Reader, Source};
use crate::filter::field::FilterField;
use crate::filter::op::{Kind, Op};
use crate::filter::tree::Condition;
use crate::problem::Place;
use crate::values::workspace::parse_time_zone;

impl Reader<'_> {
    pub(super) fn condition(&mut self, members: &Map<String, Json>, place: &Place<'_>) -> Option<Condition> {
        self.count()?;
        if !members.contains_key("field") && !members.contains_key("op") {
            let message = "give all, any or not, or a condition with field, op and value";
            return self.refuse(place, "not_a_filter", message);
        }
        self.only(members, place, &["field", "op", "value", "zone"]);
        let field = self.field(members.get("field"), &place.member("field"));
        let op = self.op(members.get("op"), field.as_ref(), &place.member("op"));
        let zone = self.zone(members.get("zone"), field.as_ref(), &place.member("zone"));
        let (field, op, zone) = (field?, op?, zone?);
        let place = place.member("value");
        let value = members.get("value").filter(|value| **value != Json::Null);
        match value {
            Some(_) if op.is_bare() => {
                return self.refuse(&place, "unexpected_value", format!("leave it out; {} takes no value", op.name()));
            }
            None if !op.is_bare() => {
                let message = "give a value; is_unset finds contacts without one";
                return self.refuse(&place, "missing_value", message);
            }
            _ => {}
        }
        self.test(field, &Operand { op, value: value.unwrap_or(&Json::Null), place, zone })
    }

    fn field(&mut self, json: Option<&Json>, place: &Place<'_>) -> Option<FilterField> {
        let Some(Json::String(name)) = json else {
            return self.refuse(place, "wrong_type", "give the name of a field");
        };
        let found = match self.vocabulary.source {
            Source::Given => FilterField::in_use(name, self.vocabulary.fields),
            Source::Stored => FilterField::named(name, self.vocabulary.fields),
        };
        found.map_err(|no_field| no_field.tell(place, &mut self.problems)).ok()
    }

    /// An operator that the field takes; where there is no such field, any operator.
    fn op(&mut self, json: Option<&Json>, field: Option<&FilterField>, place: &Place<'_>) -> Option<Op> {
        let named = json.and_then(Json::as_str).and_then(Op::named);
        let Some(field) = field else {
            return named
                .or_else(|| self.refuse(place, "unknown_operator", "give the name of an operator, such as eq"));
        };
        let kind = field.kind();
        match named {
            Some(op) if kind.takes(op) => Some(op),
            _ => {
                let code = if named.is_some() { "wrong_operator" } else { "unknown_operator" };
                let taken = kind.operators().map(Op::name).collect::<Vec<_>>().join(", ");
                self.refuse(place, code, format!("ask this field by one of {taken}"))
            }
        }
    }

    fn zone(&mut self, json: Option<&Json>, field: Option<&FilterField>, place: &Place<'_>) -> Option<Tz> {
        let is_timed = field.is_none_or(|field| matches!(field.kind(), Kind::Date | Kind::Instant));
        match json {
            None | Some(Json::Null) => Some(self.vocabulary.zone),
            Some(_) if !is_timed => {
                self.refuse(place, "unknown_member", "leave it out; only days and instants have a zone")
            }
            Some(Json::String(name)) => self.problems.take(place, parse_time_zone(name)),
            Some(_) => self.refuse(place, "wrong_type", "give the IANA name of a time zone, such as Asia/Kuala_Lumpur"),
        }
    }

    /// What is asked of the field, which takes the operator.
    fn test(&mut self, field: FilterField, operand: &Operand<'_>) -> Option<Condition> {
        Some(match field {
            FilterField::Text(field) => {
                let test =
                    self.textual(operand, &|reader, one| reader.text_of(field.form(), one), &Reader::text_part)?;
                Condition::Text { field, test }
            }
            FilterField::Phone(field) => {
                Condition::Phone { field, test: self.textual(operand, &Reader::phone, &Reader::phone_digits)? }
            }
            FilterField::Code(field) => {
                let test = self.choice(operand, &|reader, one| reader.code_of(&field, one))?;
                Condition::Code { field, test }
            }
            FilterField::ConversationStatus => Condition::ConversationStatus(self.choice(operand, &Reader::word)?),
            FilterField::Status => Condition::Status(self.choice(operand, &Reader::word)?),
            FilterField::Activity => Condition::Activity(self.choice(operand, &Reader::word)?),
            FilterField::Boolean(field) => Condition::Boolean { field, test: self.truth(operand)? },
            FilterField::Number(key) => {
                Condition::Number { key, test: self.ordered(operand, &Reader::number, &|from, to| from > to)? }
            }
            FilterField::Time(key) => {
                Condition::Time { key, test: self.ordered(operand, &Reader::time_of_day, &|from, to| from > to)? }
            }
            FilterField::Date(key) => {
                let test = self.timed(operand, &Reader::date, &Reader::date, &|from, to| from > to)?;
                Condition::Date { key, test }
            }
            FilterField::Instant(field) => {
                let zone = operand.zone;
                let moment: Read<'_, '_, _> = &|reader, one| reader.moment(zone, one);
                let test =
                    self.timed(operand, moment, &|reader, one| reader.day(zone, one), &|from, to| from.is_after(*to))?;
                Condition::Instant { field, test }
            }
            FilterField::Set(field) => {
                let test = self.set(operand, &|reader, one| reader.member_of(&field, one))?;
                Condition::Set { field, test }
            }
        })
    }
}
