//! What flips with time alone: the edges of relative conditions, by the field whose values they pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use dossier_domain::billing::calendar::first_instant;
use dossier_domain::filter::{Condition, InstantField, Relation, Span, SpanUnit, Timed};
use roaring::RoaringBitmap;

use super::edge::Edge;
use super::plan::Plan;
use crate::index::Index;

/// An edge that passes the values of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    field: Field,
    edge: Edge,
}

#[derive(Clone, Debug, PartialEq)]
enum Field {
    Instant(InstantField),
    /// Days of a custom field lie to now as their first instants in a zone do.
    Date(Arc<str>, Tz),
}

impl Clock {
    /// The clocks of all plans, each once, with the places of the plans that look at it.
    pub(super) fn of_all(plans: &[Plan], active_days: u16) -> Vec<(Clock, Vec<usize>)> {
        let mut clocks: Vec<(Clock, Vec<usize>)> = Vec::new();
        for (place, plan) in plans.iter().enumerate() {
            for clock in plan.filter.conditions().into_iter().flat_map(|condition| Clock::of(condition, active_days)) {
                match clocks.iter_mut().find(|(known, _)| *known == clock) {
                    Some((_, places)) if places.last() == Some(&place) => {}
                    Some((_, places)) => places.push(place),
                    None => clocks.push((clock, vec![place])),
                }
            }
        }
        clocks
    }

    fn of(condition: &Condition, active_days: u16) -> Vec<Clock> {
        let (field, edges) = match condition {
            Condition::Instant { field, test: Timed::Relative(relation, span, zone) } => {
                (Field::Instant(field.clone()), edges(*relation, *span, *zone))
            }
            Condition::Date { key, test: Timed::Relative(relation, span, zone) } => {
                (Field::Date(key.clone(), *zone), edges(*relation, *span, *zone))
            }
            // Its days are of 24 hours, so that it does not depend on a zone.
            Condition::Activity(_) => {
                let span = Span { amount: u32::from(active_days) * 24, unit: SpanUnit::Hour };
                (Field::Instant(InstantField::LastInteraction), vec![Edge::Ago(span, Tz::UTC)])
            }
            _ => return Vec::new(),
        };
        edges.into_iter().map(|edge| Clock { field: field.clone(), edge }).collect()
    }

    /// Tells every contact for whom it flips after `then` and up to `now`, with the instant.
    pub(super) fn strike(
        &self,
        index: &Index,
        then: DateTime<Utc>,
        now: DateTime<Utc>,
        mut tell: impl FnMut(DateTime<Utc>, u32),
    ) {
        let (after, up_to) = self.edge.reach(then, now);
        for ordinal in self.between(index, after, up_to) {
            let flips = self.value(index, ordinal).map(|value| self.edge.flips(value, then, now));
            let distinct: BTreeSet<DateTime<Utc>> = flips.into_iter().flatten().collect();
            distinct.into_iter().for_each(|at| tell(at, ordinal));
        }
    }

    /// Those whose values lie after one instant and not after another; of days also their neighbours.
    fn between(&self, index: &Index, after: DateTime<Utc>, up_to: DateTime<Utc>) -> RoaringBitmap {
        match &self.field {
            Field::Instant(field) => index.instants_between(field, after, up_to),
            Field::Date(key, zone) => {
                let day = |at: DateTime<Utc>| at.with_timezone(zone).date_naive();
                let first = day(after.max(earliest())).pred_opt().and_then(|day| day.pred_opt());
                let last = day(up_to.min(latest())).succ_opt();
                match (first, last) {
                    (Some(first), Some(last)) => index.dates_between(key, first, last),
                    _ => RoaringBitmap::new(),
                }
            }
        }
    }

    fn value(&self, index: &Index, ordinal: u32) -> Option<DateTime<Utc>> {
        match &self.field {
            Field::Instant(field) => index.instant(field, ordinal),
            Field::Date(key, zone) => index.date(key, ordinal).map(|day| first_instant(*zone, day)),
        }
    }
}

/// A year before all that contacts have.
fn earliest() -> DateTime<Utc> {
    DateTime::from_timestamp(-62_135_596_800, 0).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A year after all that contacts have.
fn latest() -> DateTime<Utc> {
    DateTime::from_timestamp(600_000_000_000, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn edges(relation: Relation, span: Span, zone: Tz) -> Vec<Edge> {
    match relation {
        Relation::WithinLast => vec![Edge::Now, Edge::Ago(span, zone)],
        Relation::OlderThan => vec![Edge::Ago(span, zone)],
        Relation::WithinNext => vec![Edge::Now, Edge::Ahead(span, zone)],
    }
}
