//! A filter as bitmaps: what is cheap comes first and narrows what is left for the rest.

use std::ops::Range;
use std::sync::Arc;

use dossier_domain::compose::ActivityLevel;
use dossier_domain::filter::{
    BooleanField, Condition, Folded, InstantField, Node, Part, PhoneField, SetField, SetTest, TextField, Textual, Truth,
};
use roaring::RoaringBitmap;

use super::Index;
use super::ask::Ask;
use super::column::{Cell, Column};
use super::custom::CustomField;
use super::keys::{Wanted, number_key, point, time_key};
use super::order::active_since;
use super::texts::TextColumn;
use super::values::choice;

/// One filter over one index.
pub(super) struct Evaluation<'e> {
    pub(super) index: &'e Index,
    pub(super) ask: &'e Ask<'e>,
}

/// What a node costs, roughly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    /// Bitmaps that are there.
    Bitmaps,
    /// A column is read, in which so many have a value: few are left where few have one.
    Column(u64),
    /// Texts are read.
    Texts,
}

impl Evaluation<'_> {
    /// Those of `within` that a node lets pass. Recursion is safe: no filter is deep.
    pub(super) fn node(&self, node: &Node, within: &RoaringBitmap) -> RoaringBitmap {
        if within.is_empty() {
            return RoaringBitmap::new();
        }
        match node {
            Node::All(nodes) => {
                self.cheapest_first(nodes).into_iter().fold(within.clone(), |found, node| self.node(node, &found))
            }
            Node::Any(nodes) => {
                let mut found = RoaringBitmap::new();
                for node in self.cheapest_first(nodes) {
                    found |= self.node(node, &(within - &found));
                }
                found
            }
            Node::Not(node) => within - self.node(node, within),
            Node::Condition(condition) => self.condition(condition, within),
        }
    }

    fn cheapest_first<'n>(&self, nodes: &'n [Node]) -> Vec<&'n Node> {
        let mut sorted: Vec<&Node> = nodes.iter().collect();
        sorted.sort_by_cached_key(|node| self.cost(node));
        sorted
    }

    fn cost(&self, node: &Node) -> Cost {
        match node {
            Node::All(nodes) | Node::Any(nodes) => {
                nodes.iter().map(|node| self.cost(node)).max().unwrap_or(Cost::Bitmaps)
            }
            Node::Not(node) => self.cost(node),
            Node::Condition(condition) => match condition {
                Condition::Text { .. } | Condition::Phone { .. } => Cost::Texts,
                Condition::Number { key, .. } | Condition::Time { key, .. } | Condition::Date { key, .. } => {
                    Cost::Column(self.index.custom_column(key).map_or(0, |column| column.present().len()))
                }
                Condition::Instant { field, .. } => {
                    let line = self.index.instants_of(field);
                    Cost::Column(line.map_or(u64::MAX, |line| line.column().present().len()))
                }
                Condition::Activity(_) => Cost::Column(u64::MAX),
                _ => Cost::Bitmaps,
            },
        }
    }

    fn condition(&self, condition: &Condition, within: &RoaringBitmap) -> RoaringBitmap {
        let index = self.index;
        match condition {
            Condition::Text { field, test } => self.text(field, test, within),
            Condition::Phone { field, test } => self.phone(field, test, within),
            Condition::Code { field, test } => match index.code(field) {
                Some(codes) => codes.matching(test, within),
                None => choice(test, within, &RoaringBitmap::new(), |_, _| RoaringBitmap::new()),
            },
            Condition::ConversationStatus(test) => index.standing.with_conversation(test, within),
            Condition::Status(test) => index.standing.with_status(test, within),
            Condition::Activity(test) => choice(test, within, within, |level, within| self.active(*level, within)),
            Condition::Boolean { field, test } => self.boolean(field, *test, within),
            Condition::Number { key, test } => {
                let wanted = Wanted::ordered(test, |number| point(number_key(*number)));
                column(index.custom_column(key), &wanted, within)
            }
            Condition::Time { key, test } => {
                let wanted = Wanted::ordered(test, |time| point(time_key(*time)));
                column(index.custom_column(key), &wanted, within)
            }
            Condition::Date { key, test } => {
                column(index.custom_column(key), &Wanted::of_days(test, self.ask.now), within)
            }
            Condition::Instant { field, test } => self.instant(field, &Wanted::of_instants(test, self.ask.now), within),
            Condition::Set { field: SetField::Segment, test } => self.segments(test, within),
            Condition::Set { field, test } => match index.set(field) {
                Some(sets) => sets.matching(test, within),
                None => super::values::Sets::default().matching(test, within),
            },
        }
    }

    fn text(&self, field: &TextField, test: &Textual<Folded, Folded>, within: &RoaringBitmap) -> RoaringBitmap {
        let nobody = TextColumn::default();
        let column = self.index.text(field).unwrap_or(&nobody);
        column.matching(&self.index.texts, test, |value| value.folded(), within)
    }

    fn phone(&self, field: &PhoneField, test: &Textual<Arc<str>, Arc<str>>, within: &RoaringBitmap) -> RoaringBitmap {
        let nobody = TextColumn::default();
        let column = self.index.phone(field).unwrap_or(&nobody);
        match test {
            // Its digits begin after the plus.
            Textual::Part(Part::StartsWith, digits) => {
                let begins = Textual::Part(Part::StartsWith, Arc::from(format!("+{digits}")));
                column.matching(&self.index.texts, &begins, |text| text, within)
            }
            _ => column.matching(&self.index.texts, test, |text| text, within),
        }
    }

    fn active(&self, level: ActivityLevel, within: &RoaringBitmap) -> RoaringBitmap {
        let blocked = self.index.standing.blocked();
        if level == ActivityLevel::Blocked {
            return within & blocked;
        }
        let others = within - blocked;
        let since = active_since(self.index.active_days, self.ask.now);
        let last = self.index.instants_of(&InstantField::LastInteraction);
        let active = last.map_or_else(RoaringBitmap::new, |line| {
            line.column().scan(&others, |key| (since..u64::ABSENT).contains(key))
        });
        if level == ActivityLevel::Active { active } else { others - active }
    }

    fn boolean(&self, field: &BooleanField, test: Truth, within: &RoaringBitmap) -> RoaringBitmap {
        match field {
            BooleanField::Blocked => self.index.standing.with_block(test, within),
            BooleanField::HasAbsorbed => self.index.standing.has_absorbed().matching(test, within),
            BooleanField::Custom(key) => match self.index.custom.get(key) {
                Some(CustomField::Boolean(yes)) => yes.matching(test, within),
                _ => super::values::Booleans::default().matching(test, within),
            },
        }
    }

    fn instant(&self, field: &InstantField, wanted: &Wanted, within: &RoaringBitmap) -> RoaringBitmap {
        if *field == InstantField::LastMessage {
            return self.last_message(wanted, within);
        }
        column(self.index.instants_of(field).map(|line| line.column()), wanted, within)
    }

    /// The later of two columns.
    fn last_message(&self, wanted: &Wanted, within: &RoaringBitmap) -> RoaringBitmap {
        let [last_in, last_out] = self.index.last_messages();
        let Wanted::In(ranges) = wanted else { return within - (last_in.present() | last_out.present()) };
        // The later lies in a range where one of them does, and none lies behind it.
        let lie = |range: &Range<u64>, within: &RoaringBitmap| {
            in_range(last_in, range, within) | in_range(last_out, range, within)
        };
        ranges.iter().fold(RoaringBitmap::new(), |found, range| {
            let there = lie(range, within);
            let behind = lie(&(range.end..u64::ABSENT), &there);
            found | (there - behind)
        })
    }

    fn segments(&self, test: &SetTest, within: &RoaringBitmap) -> RoaringBitmap {
        let segments = self.ask.segments;
        let members = |id: &Arc<str>| segments.members(id).map_or_else(RoaringBitmap::new, |members| members & within);
        let any = |ids: &[Arc<str>]| ids.iter().fold(RoaringBitmap::new(), |found, id| found | members(id));
        let all = |ids: &[Arc<str>]| ids.iter().fold(within.clone(), |found, id| found & members(id));
        let others = |ids: &[Arc<str>]| {
            let others = segments.every().into_iter().filter(|(id, _)| !ids.iter().any(|own| **own == **id));
            others.fold(RoaringBitmap::new(), |found, (_, members)| found | (members & within))
        };
        match test {
            SetTest::AnyOf(ids) => any(ids),
            SetTest::AllOf(ids) => all(ids),
            SetTest::NoneOf(ids) => within - any(ids),
            SetTest::Exactly(ids) => all(ids) - others(ids),
            SetTest::IsSet => others(&[]),
            SetTest::IsUnset => within - others(&[]),
        }
    }
}

/// The later of two keys, either of which may be absent.
pub(super) fn later(one: u64, other: u64) -> u64 {
    match (one, other) {
        (u64::ABSENT, other) => other,
        (one, u64::ABSENT) => one,
        (one, other) => one.max(other),
    }
}

/// Those whose key is wanted; a column that is not there has no values.
fn column(column: Option<&Column<u64>>, wanted: &Wanted, within: &RoaringBitmap) -> RoaringBitmap {
    match (column, wanted) {
        (None, Wanted::Unset) => within.clone(),
        (None, Wanted::In(_)) => RoaringBitmap::new(),
        (Some(column), Wanted::Unset) => within - column.present(),
        (Some(column), Wanted::In(ranges)) => match ranges.as_slice() {
            [] => RoaringBitmap::new(),
            [range] => in_range(column, range, within),
            _ => column.scan(within, |key| {
                let after = ranges.partition_point(|range| range.end <= *key);
                ranges.get(after).is_some_and(|range| range.start <= *key)
            }),
        },
    }
}

fn in_range(column: &Column<u64>, range: &Range<u64>, within: &RoaringBitmap) -> RoaringBitmap {
    let (start, length) = (range.start, range.end - range.start);
    column.scan(within, |key| key.wrapping_sub(start) < length)
}
