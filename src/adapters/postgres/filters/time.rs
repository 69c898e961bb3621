//! Days, instants and spans (rule 37): reckoned here into bounds that the server compares with.
//!
//! Instants are whole microseconds in the tables; a bound that lies between two is cut to the earlier one, which changes
//! no answer: `shown <= bound` and `shown > bound` say the same of both.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use dossier_domain::billing::calendar::first_instant;
use dossier_domain::filter::{Choice, Day, InstantField, Moment, Ordered, Relation, Timed};
use tokio_postgres::types::{Timestamp, Type};

use super::Compiler;
use super::place::Of;
use super::sql::{Sql, Values, sql};

/// The years of which instants are written as text; no contact shows others.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;
/// What is before and after every text of an instant or a day.
const BEFORE_ALL: &str = "";
const AFTER_ALL: &str = "~";

/// A column of instants.
pub(super) enum Line {
    /// Of the server's own type.
    Instant(Sql),
    /// The same, beside a column of their hours, which has an index.
    Hourly(Sql, &'static str),
    /// Of texts that lie as the instants do.
    Text(Sql),
}

impl Line {
    pub(super) fn column(&self) -> &Sql {
        match self {
            Line::Instant(column) | Line::Hourly(column, _) | Line::Text(column) => column,
        }
    }

    pub(super) fn of(&self) -> Of {
        match self {
            Line::Instant(_) | Line::Hourly(..) => Of::Instant,
            Line::Text(_) => Of::Text,
        }
    }

    fn bind(&self, instant: DateTime<Utc>, values: &mut Values) -> Sql {
        match self {
            Line::Instant(_) | Line::Hourly(..) => values.bind(timestamp(instant), Type::TIMESTAMPTZ),
            Line::Text(_) => values.bind(fixed(instant), Type::TEXT),
        }
    }

    fn bind_all(&self, instants: &[DateTime<Utc>], values: &mut Values) -> Sql {
        match self {
            Line::Instant(_) | Line::Hourly(..) => {
                let all: Vec<_> = instants.iter().map(|instant| timestamp(*instant)).collect();
                values.bind(all, Type::TIMESTAMPTZ_ARRAY)
            }
            Line::Text(_) => {
                let all: Vec<String> = instants.iter().map(|instant| fixed(*instant)).collect();
                values.bind(all, Type::TEXT_ARRAY)
            }
        }
    }
}

/// An instant as the server has it, which knows fewer years than we do.
pub(super) fn timestamp(instant: DateTime<Utc>) -> Timestamp<DateTime<Utc>> {
    match DateTime::from_timestamp_micros(instant.timestamp_micros()) {
        Some(cut) if YEARS.contains(&cut.year()) => Timestamp::Value(cut),
        _ if instant.year() > *YEARS.end() => Timestamp::PosInfinity,
        _ => Timestamp::NegInfinity,
    }
}

/// The hour of an instant, in UTC.
fn hour(instant: DateTime<Utc>) -> Timestamp<NaiveDateTime> {
    const SECONDS: i64 = 3_600;
    match timestamp(instant) {
        Timestamp::Value(at) => {
            let begun = at.timestamp().div_euclid(SECONDS) * SECONDS;
            DateTime::from_timestamp(begun, 0).map_or(Timestamp::NegInfinity, |at| Timestamp::Value(at.naive_utc()))
        }
        Timestamp::PosInfinity => Timestamp::PosInfinity,
        Timestamp::NegInfinity => Timestamp::NegInfinity,
    }
}

/// An instant as text: of one length, so that texts lie as instants do.
pub(in crate::adapters::postgres) fn fixed(instant: DateTime<Utc>) -> String {
    match instant.year() {
        year if YEARS.contains(&year) => instant.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        year if year > *YEARS.end() => AFTER_ALL.to_owned(),
        _ => BEFORE_ALL.to_owned(),
    }
}

/// A day as text likewise.
pub(in crate::adapters::postgres) fn day(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

/// From one instant up to, and without, another.
type Stretch = (DateTime<Utc>, DateTime<Utc>);

/// The instants that lie at a moment.
fn stretch(moment: &Moment) -> Stretch {
    match moment {
        Moment::Instant(at) => (*at, *at + TimeDelta::microseconds(1)),
        Moment::Day(day) => (day.start(), day.end()),
    }
}

impl Compiler<'_> {
    pub(super) fn timed(&mut self, field: &InstantField, test: &Timed<Moment, Day>) -> Sql {
        let line = self.instant(field);
        match test {
            Timed::Ordered(Ordered::Choice(test)) => self.moments(&line, test),
            Timed::Ordered(Ordered::Lt(at)) | Timed::Before(at) => self.bounded(&line, None, Some(stretch(at).0)),
            Timed::Ordered(Ordered::Le(at)) => self.bounded(&line, None, Some(stretch(at).1)),
            Timed::Ordered(Ordered::Gt(at)) | Timed::After(at) => self.bounded(&line, Some(stretch(at).1), None),
            Timed::Ordered(Ordered::Ge(at)) => self.bounded(&line, Some(stretch(at).0), None),
            Timed::Ordered(Ordered::Between(from, to)) => {
                self.bounded(&line, Some(stretch(from).0), Some(stretch(to).1))
            }
            Timed::On(day) => self.bounded(&line, Some(day.start()), Some(day.end())),
            Timed::Relative(relation, span, zone) => {
                let times = [span.before(self.now, *zone), self.now, span.after(self.now, *zone)];
                let [past, now, future] = times;
                let bound = times.map(|time| line.bind(time, &mut self.values));
                let condition = relative(line.column(), *relation, &bound);
                match relation {
                    Relation::WithinLast => self.in_hours(&line, condition, Some(past), Some(now)),
                    Relation::OlderThan => self.in_hours(&line, condition, None, Some(past)),
                    Relation::WithinNext => self.in_hours(&line, condition, Some(now), Some(future)),
                }
            }
        }
    }

    /// Whoever lies between two instants lies between their hours, both included: an index may tell who may match at all.
    fn in_hours(
        &mut self,
        line: &Line,
        condition: Sql,
        from: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Sql {
        let Line::Hourly(_, hours) = line else { return condition };
        let mut bound = |beyond: &'static str, instant| {
            sql![" and ", *hours, beyond, self.values.bind(hour(instant), Type::TIMESTAMP)]
        };
        let from = from.map(|from| bound(" >= ", from));
        let until = until.map(|until| bound(" <= ", until));
        sql!["(", condition, Sql::of(from.into_iter().chain(until)), ")"]
    }

    /// At or after the first, and before the second.
    fn bounded(&mut self, line: &Line, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Sql {
        let first = from.map(|from| sql![line.column(), " >= ", line.bind(from, &mut self.values)]);
        let end = until.map(|until| sql![line.column(), " < ", line.bind(until, &mut self.values)]);
        let condition = sql!["(", Sql::joined(first.into_iter().chain(end), " and "), ")"];
        self.in_hours(line, condition, from, until)
    }

    fn moments(&mut self, line: &Line, test: &Choice<Moment>) -> Sql {
        let column = line.column();
        match test {
            Choice::Eq(at) => {
                let (from, until) = stretch(at);
                self.bounded(line, Some(from), Some(until))
            }
            Choice::Ne(at) => {
                let (from, until) = stretch(at);
                sql!["(", self.bounded(line, None, Some(from)), " or ", self.bounded(line, Some(until), None), ")"]
            }
            Choice::In(all) => self.in_one(line, all),
            Choice::Nin(all) => sql!["(", column, " is not null and not ", self.in_one(line, all), ")"],
            Choice::IsSet => sql!["(", column, " is not null)"],
            Choice::IsUnset => sql!["(", column, " is null)"],
        }
    }

    fn in_one(&mut self, line: &Line, moments: &[Moment]) -> Sql {
        let (from, until): (Vec<_>, Vec<_>) = moments.iter().map(stretch).unzip();
        let [from, until] = [from, until].map(|bounds| line.bind_all(&bounds, &mut self.values));
        let column = line.column();
        let within = sql![column, " >= asked.start and ", column, " < asked.finish"];
        sql!["exists (select from unnest(", from, ", ", until, ") as asked (start, finish) where ", within, ")"]
    }

    /// A day lies to now as its first instant in the condition's zone does.
    pub(super) fn date(&mut self, key: &Arc<str>, test: &Timed<NaiveDate, NaiveDate>) -> Sql {
        let column = self.custom_text(key, " ->> 'date') collate \"C\"");
        match test {
            Timed::Ordered(test) => self.ordered(&column, test),
            Timed::On(day) => self.choice(&column, &Choice::Eq(*day)),
            Timed::Before(day) => self.ordered(&column, &Ordered::Lt(*day)),
            Timed::After(day) => self.ordered(&column, &Ordered::Gt(*day)),
            Timed::Relative(relation, span, zone) => {
                let times = [span.before(self.now, *zone), self.now, span.after(self.now, *zone)];
                let days = times.map(|time| self.values.bind(begun(time, *zone), Type::TEXT));
                relative(&column, *relation, &days)
            }
        }
    }
}

/// How a value lies to the past, now and the future.
fn relative(column: &Sql, relation: Relation, [past, now, future]: &[Sql; 3]) -> Sql {
    match relation {
        Relation::WithinLast => sql!["(", column, " > ", past, " and ", column, " <= ", now, ")"],
        Relation::OlderThan => sql!["(", column, " <= ", past, ")"],
        Relation::WithinNext => sql!["(", column, " > ", now, " and ", column, " <= ", future, ")"],
    }
}

/// The last day that had begun in a zone by an instant.
fn begun(instant: DateTime<Utc>, zone: Tz) -> String {
    if !YEARS.contains(&instant.year()) {
        return if instant.year() < *YEARS.start() { BEFORE_ALL } else { AFTER_ALL }.to_owned();
    }
    // No local day begins two days before or after its name says so in UTC, save one that a zone skipped.
    let near = (-3..=3).rev().filter_map(|days| instant.date_naive().checked_add_signed(TimeDelta::days(days)));
    let mut near = near.filter(|day| YEARS.contains(&day.year()) && first_instant(zone, *day) <= instant);
    near.next().map_or_else(|| BEFORE_ALL.to_owned(), day)
}
