//! Where a condition flips with time alone (rule 37): a time of now on one side, a value of the contact on the other.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use dossier_domain::billing::calendar::first_instant;
use dossier_domain::filter::{Span, SpanUnit};

/// A side of a relative condition: it flips where the time that it makes of now passes the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Edge {
    /// Now itself.
    Now,
    /// So long before now.
    Ago(Span, Tz),
    /// So long after now.
    Ahead(Span, Tz),
}

/// The resolution of time.
const STEP: TimeDelta = TimeDelta::microseconds(1);
/// Clocks that go back and months that end early move a threshold by less.
const SLACK: TimeDelta = TimeDelta::days(7);

impl Edge {
    fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Edge::Now => now,
            Edge::Ago(span, zone) => span.before(now, zone),
            Edge::Ahead(span, zone) => span.after(now, zone),
        }
    }

    fn has_passed(self, now: DateTime<Utc>, value: DateTime<Utc>) -> bool {
        self.at(now) >= value
    }

    /// The zone whose calendar it steps, if it is not exact.
    fn calendar(self) -> Option<Tz> {
        match self {
            Edge::Ago(span, zone) | Edge::Ahead(span, zone) => {
                (!matches!(span.unit, SpanUnit::Minute | SpanUnit::Hour)).then_some(zone)
            }
            Edge::Now => None,
        }
    }

    /// After which value and up to which one it may flip in a time.
    pub(super) fn reach(self, then: DateTime<Utc>, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let (from, to) = (self.at(then), self.at(now));
        match self.calendar() {
            Some(zone) if now - then > TimeDelta::days(1) || !cuts(zone, then, now).is_empty() => (
                from.checked_sub_signed(SLACK).unwrap_or(DateTime::<Utc>::MIN_UTC),
                to.checked_add_signed(SLACK).unwrap_or(DateTime::<Utc>::MAX_UTC),
            ),
            _ => (from, to),
        }
    }

    /// The instants after `then` and up to `now` at which it flips for a value, in order. Mostly one; more where clocks go
    /// back, or a shorter month is stepped to, and the threshold passes the value twice.
    pub(super) fn flips(self, value: DateTime<Utc>, then: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let middle = match self {
            Edge::Now => value,
            Edge::Ago(span, zone) => span.after(value, zone),
            Edge::Ahead(span, zone) => span.before(value, zone),
        };
        let Some(zone) = self.calendar() else {
            return if then < middle && middle <= now { vec![middle] } else { Vec::new() };
        };
        let from = middle.checked_sub_signed(SLACK).unwrap_or(DateTime::<Utc>::MIN_UTC).max(then);
        let to = middle.checked_add_signed(SLACK).unwrap_or(DateTime::<Utc>::MAX_UTC).min(now);
        if from >= to {
            return Vec::new();
        }
        let mut starts = vec![from + STEP];
        starts.extend(cuts(zone, from + STEP, to));
        let (mut flips, mut before) = (Vec::new(), self.has_passed(from, value));
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).map_or(to, |next| *next - STEP);
            if self.has_passed(*start, value) != before {
                flips.push(*start);
                before = !before;
            }
            if self.has_passed(end, value) != before {
                flips.push(self.first_other(*start, end, before, value));
                before = !before;
            }
        }
        flips
    }

    /// The first instant between two, at the latter of which it stands other than at the former, where it does.
    fn first_other(
        self,
        mut same: DateTime<Utc>,
        mut other: DateTime<Utc>,
        before: bool,
        value: DateTime<Utc>,
    ) -> DateTime<Utc> {
        while other - same > STEP {
            let half = (other - same).num_microseconds().unwrap_or(i64::MAX) / 2;
            let middle = same + TimeDelta::microseconds(half);
            if self.has_passed(middle, value) == before { same = middle } else { other = middle }
        }
        other
    }
}

/// The instants after one and up to another where local time jumps, or a local day begins: between them, whatever steps
/// the calendar only grows.
fn cuts(zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local() - at.naive_utc();
    let mut cuts = Vec::new();
    let mut at = from;
    while at < to {
        let next = to.min(at + TimeDelta::hours(6));
        if offset(at) != offset(next) {
            let (mut same, mut other) = (at, next);
            while other - same > STEP {
                let half = (other - same).num_microseconds().unwrap_or(i64::MAX) / 2;
                let middle = same + TimeDelta::microseconds(half);
                if offset(middle) == offset(at) { same = middle } else { other = middle }
            }
            cuts.push(other);
        }
        at = next;
    }
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let (mut day, last) = (local(from), local(to));
    while day <= last {
        cuts.push(first_instant(zone, day));
        let Some(next) = day.succ_opt() else { break };
        day = next;
    }
    cuts.retain(|cut| from < *cut && *cut <= to);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use dossier_domain::values::time::parse_time;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const ZONES: [Tz; 5] =
        [Tz::UTC, Tz::Europe__Berlin, Tz::America__Sao_Paulo, Tz::Pacific__Apia, Tz::Australia__Lord_Howe];

    fn edges() -> impl Strategy<Value = Edge> {
        let span = (1..14_u32, select(SpanUnit::ALL.to_vec())).prop_map(|(amount, unit)| Span { amount, unit });
        (span, select(ZONES.to_vec()), 0..5_u8).prop_map(|(span, zone, which)| match which {
            0 => Edge::Now,
            1 | 2 => Edge::Ago(span, zone),
            _ => Edge::Ahead(span, zone),
        })
    }

    fn now() -> impl Strategy<Value = DateTime<Utc>> {
        let base = select(vec![
            "2026-03-29T01:00:00Z",
            "2026-10-25T01:00:00Z",
            "2018-11-04T03:00:00Z",
            "2011-12-30T10:00:00Z",
            "2026-04-04T15:00:00Z",
            "2024-02-29T12:00:00Z",
            "2026-03-31T00:00:00Z",
            "2026-12-31T23:00:00Z",
        ]);
        (base, -60 * 96..60 * 96_i64)
            .prop_map(|(base, minutes)| parse_time(base).unwrap() + TimeDelta::minutes(minutes))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

        /// Held against a look at every quarter of an hour, and at the instants before and at each flip.
        #[test]
        fn it_flips_where_it_says_and_nowhere_else(edge in edges(), then in now(), quarters in 1..400_i64, off in -9..9_i64) {
            let now = then + TimeDelta::minutes(15 * quarters);
            let value = edge.at(then + TimeDelta::minutes(7 * quarters)) + TimeDelta::minutes(off * 45);
            let flips = edge.flips(value, then, now);
            let (from, to) = edge.reach(then, now);
            prop_assert!(flips.is_empty() || (from < value && value <= to), "{flips:?}");
            for flip in &flips {
                prop_assert!(then < *flip && *flip <= now);
                prop_assert_ne!(edge.has_passed(*flip - STEP, value), edge.has_passed(*flip, value));
            }
            let mut passed = edge.has_passed(then, value);
            let mut flips = flips.into_iter().peekable();
            for quarter in 1..=quarters {
                let at = then + TimeDelta::minutes(15 * quarter);
                while flips.next_if(|flip| *flip <= at).is_some() {
                    passed = !passed;
                }
                prop_assert_eq!(edge.has_passed(at, value), passed, "at {}", at);
            }
        }
    }
}
