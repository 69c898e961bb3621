//! Time in filters (rule 37): days in a zone, instants, and spans that step a zone's calendar.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::billing::calendar::{first_instant, instant_of};

/// A day in a zone: from its first instant to, and without, that of the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Day {
    /// Which.
    pub date: NaiveDate,
    /// Whose local day.
    pub zone: Tz,
}

impl Day {
    /// Its first instant.
    pub fn start(self) -> DateTime<Utc> {
        first_instant(self.zone, self.date)
    }

    /// The first instant of the next day.
    pub fn end(self) -> DateTime<Utc> {
        self.date.succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |next| first_instant(self.zone, next))
    }
}

/// What an instant is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// A whole day.
    Day(Day),
    /// An instant.
    Instant(DateTime<Utc>),
}

impl Moment {
    /// Where an instant lies: `Less` before it, `Equal` within it, `Greater` after it.
    pub fn locate(self, instant: DateTime<Utc>) -> Ordering {
        match self {
            Moment::Instant(at) => instant.cmp(&at),
            Moment::Day(day) if instant < day.start() => Ordering::Less,
            Moment::Day(day) if instant >= day.end() => Ordering::Greater,
            Moment::Day(_) => Ordering::Equal,
        }
    }

    /// Whether it lies wholly after the other, so that nothing is between them.
    pub fn is_after(self, other: Moment) -> bool {
        match (self, other) {
            (Moment::Day(one), Moment::Day(other)) => one.date > other.date,
            (Moment::Day(one), Moment::Instant(other)) => one.start() > other,
            (Moment::Instant(one), other) => other.locate(one) == Ordering::Greater,
        }
    }
}

/// A unit of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the unit of its name")]
pub enum SpanUnit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl SpanUnit {
    /// Every one of them.
    pub const ALL: [SpanUnit; 6] =
        [SpanUnit::Minute, SpanUnit::Hour, SpanUnit::Day, SpanUnit::Week, SpanUnit::Month, SpanUnit::Year];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            SpanUnit::Minute => "minute",
            SpanUnit::Hour => "hour",
            SpanUnit::Day => "day",
            SpanUnit::Week => "week",
            SpanUnit::Month => "month",
            SpanUnit::Year => "year",
        }
    }
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// How many, at least one.
    pub amount: u32,
    /// Of what.
    pub unit: SpanUnit,
}

/// Which way a span goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Back,
    Forth,
}

impl Span {
    /// The most of any unit.
    pub const AMOUNT_MAX: u32 = 1_000_000;

    /// The instant so long before another, by the calendar of the zone.
    pub fn before(self, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        self.step(now, zone, Way::Back).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// The instant so long after another, by the calendar of the zone.
    pub fn after(self, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        self.step(now, zone, Way::Forth).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Minutes and hours are exact; the rest steps the local date and keeps the local time. `None` beyond all calendars.
    fn step(self, now: DateTime<Utc>, zone: Tz, way: Way) -> Option<DateTime<Utc>> {
        let amount = self.amount;
        match self.unit {
            SpanUnit::Minute => exact(now, TimeDelta::try_minutes(amount.into())?, way),
            SpanUnit::Hour => exact(now, TimeDelta::try_hours(amount.into())?, way),
            SpanUnit::Day => local(now, zone, |now| days(now, amount.into(), way)),
            SpanUnit::Week => local(now, zone, |now| days(now, u64::from(amount) * 7, way)),
            SpanUnit::Month => local(now, zone, |now| months(now, amount, way)),
            SpanUnit::Year => local(now, zone, |now| months(now, amount.checked_mul(12)?, way)),
        }
    }
}

fn exact(now: DateTime<Utc>, delta: TimeDelta, way: Way) -> Option<DateTime<Utc>> {
    if way == Way::Back { now.checked_sub_signed(delta) } else { now.checked_add_signed(delta) }
}

fn days(now: NaiveDateTime, amount: u64, way: Way) -> Option<NaiveDateTime> {
    let days = Days::new(amount);
    if way == Way::Back { now.checked_sub_days(days) } else { now.checked_add_days(days) }
}

/// Clamped to the last day of the month.
fn months(now: NaiveDateTime, amount: u32, way: Way) -> Option<NaiveDateTime> {
    let months = Months::new(amount);
    if way == Way::Back { now.checked_sub_months(months) } else { now.checked_add_months(months) }
}

/// One step of the local clock, back to an instant.
fn local(
    now: DateTime<Utc>,
    zone: Tz,
    step: impl FnOnce(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<DateTime<Utc>> {
    let stepped = step(now.with_timezone(&zone).naive_local())?;
    // Far beyond every year that a contact can have, zones have no rules and chrono has an end.
    (1..=20_000).contains(&stepped.year()).then(|| instant_of(zone, stepped))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::time::{parse_day, parse_time, written};

    fn at(text: &str) -> DateTime<Utc> {
        parse_time(text).unwrap()
    }

    fn day(text: &str, zone: Tz) -> Day {
        Day { date: parse_day(text).unwrap(), zone }
    }

    fn before(now: &str, amount: u32, unit: SpanUnit, zone: Tz) -> String {
        written(Span { amount, unit }.before(at(now), zone))
    }

    #[test]
    fn a_day_without_a_midnight_begins_after_the_gap() {
        let shortened = day("2018-11-04", Tz::America__Sao_Paulo);
        assert_eq!(written(shortened.start()), "2018-11-04T03:00:00Z");
        assert_eq!(written(shortened.end()), "2018-11-05T02:00:00Z");
    }

    #[test]
    fn a_day_that_a_zone_skipped_holds_no_instant() {
        let skipped = day("2011-12-30", Tz::Pacific__Apia);
        assert_eq!(skipped.start(), skipped.end());
        assert_eq!(Moment::Day(skipped).locate(skipped.start()), Ordering::Greater);
    }

    #[test]
    fn a_day_of_a_month_that_lacks_it_is_the_last() {
        assert_eq!(before("2026-03-31T12:00:00Z", 1, SpanUnit::Month, Tz::UTC), "2026-02-28T12:00:00Z");
        assert_eq!(before("2024-02-29T12:00:00Z", 1, SpanUnit::Year, Tz::UTC), "2023-02-28T12:00:00Z");
    }

    #[test]
    fn days_keep_the_local_time_and_hours_do_not() {
        let zone = Tz::Europe__Berlin;
        assert_eq!(before("2026-03-30T10:00:00Z", 1, SpanUnit::Day, zone), "2026-03-29T10:00:00Z");
        assert_eq!(before("2026-03-29T10:00:00Z", 1, SpanUnit::Day, zone), "2026-03-28T11:00:00Z");
        assert_eq!(before("2026-03-29T10:00:00Z", 24, SpanUnit::Hour, zone), "2026-03-28T10:00:00Z");
        assert_eq!(before("2026-04-05T10:00:00Z", 1, SpanUnit::Week, zone), "2026-03-29T10:00:00Z");
    }

    #[test]
    fn a_missing_local_time_is_what_follows_and_of_a_doubled_one_the_earlier() {
        let zone = Tz::Europe__Berlin;
        assert_eq!(before("2026-03-30T00:30:00Z", 1, SpanUnit::Day, zone), "2026-03-29T01:00:00Z", "02:30 is missing");
        assert_eq!(before("2026-10-26T01:30:00Z", 1, SpanUnit::Day, zone), "2026-10-25T00:30:00Z", "02:30 is doubled");
    }

    #[test]
    fn a_span_beyond_all_calendars_has_no_end() {
        let now = at("2026-03-01T00:00:00Z");
        for unit in [SpanUnit::Week, SpanUnit::Month, SpanUnit::Year] {
            let span = Span { amount: Span::AMOUNT_MAX, unit };
            assert_eq!(span.before(now, Tz::UTC), DateTime::<Utc>::MIN_UTC);
            assert_eq!(span.after(now, Tz::UTC), DateTime::<Utc>::MAX_UTC);
        }
    }

    #[test]
    fn a_moment_is_after_another_when_nothing_lies_between() {
        let (one, next) = (day("2026-03-01", Tz::Asia__Tokyo), day("2026-03-02", Tz::Asia__Tokyo));
        let inside = Moment::Instant(at("2026-03-01T10:00:00+09:00"));
        assert!(Moment::Day(next).is_after(Moment::Day(one)) && !Moment::Day(one).is_after(Moment::Day(one)));
        assert!(Moment::Day(next).is_after(inside) && !Moment::Day(one).is_after(inside));
        assert!(Moment::Instant(one.end()).is_after(Moment::Day(one)) && !inside.is_after(Moment::Day(one)));
    }
}
