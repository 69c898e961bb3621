//! Values of columns as numbers that lie as the values do, and what a filter asks of them as ranges of such numbers.

use std::ops::Range;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use dossier_domain::billing::calendar::first_instant;
use dossier_domain::filter::{Choice, Day, Moment, Ordered, Relation, Timed};

use super::column::Cell;

const SIGN: u64 = 1 << 63;

/// The key of an instant. Contacts show whole microseconds; of what lies between two it is the earlier.
pub(super) fn instant_key(instant: DateTime<Utc>) -> u64 {
    (instant.timestamp_micros() as u64) ^ SIGN
}

pub(super) fn day_key(day: NaiveDate) -> u64 {
    (i64::from(day.num_days_from_ce()) as u64) ^ SIGN
}

/// The day of a key.
pub(super) fn day_of(key: u64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from((key ^ SIGN) as i64).ok()?)
}

/// The instant of a key.
pub(super) fn instant_of(key: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros((key ^ SIGN) as i64)
}

pub(super) fn number_key(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The number of a key.
pub(super) fn number_of(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

pub(super) fn time_key(time: NaiveTime) -> u64 {
    u64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + u64::from(time.nanosecond())
}

/// The time of day of a key.
pub(super) fn time_of(key: u64) -> Option<NaiveTime> {
    let seconds = u32::try_from(key / 1_000_000_000).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, (key % 1_000_000_000) as u32)
}

/// Text by its first eight bytes.
pub(super) fn text_key(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = text.len().min(8);
    first[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(first)
}

/// The same of what follows after so many times eight bytes.
pub(super) fn deep_text_key(text: &[u8], depth: usize) -> u64 {
    text_key(text.get(8 * depth..).unwrap_or_default())
}

/// Whether a text has no more than its key, so that equal keys are equal texts. No text has the character 0.
pub(super) fn is_whole(key: u64) -> bool {
    key & 0xff == 0
}

/// What is asked of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No value.
    Unset,
    /// A key in one of these ranges, which are in order and do not touch.
    In(Vec<Range<u64>>),
}

impl Wanted {
    fn of(mut ranges: Vec<Range<u64>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<u64>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        Wanted::In(joined)
    }

    fn one(range: Range<u64>) -> Self {
        Wanted::of(vec![range])
    }

    /// Every value but these.
    fn others(self) -> Self {
        let Wanted::In(ranges) = self else { return self };
        let starts = [0].into_iter().chain(ranges.iter().map(|range| range.end));
        let ends = ranges.iter().map(|range| range.start).chain([u64::ABSENT]);
        Wanted::of(starts.zip(ends).map(|(start, end)| start..end).collect())
    }

    fn choice<V>(test: &Choice<V>, keys: impl Fn(&V) -> Range<u64>) -> Self {
        let any = |values: &[V]| Wanted::of(values.iter().map(&keys).collect());
        match test {
            Choice::Eq(value) => Wanted::one(keys(value)),
            Choice::Ne(value) => Wanted::one(keys(value)).others(),
            Choice::In(values) => any(values),
            Choice::Nin(values) => any(values).others(),
            Choice::IsSet => Wanted::one(0..u64::ABSENT),
            Choice::IsUnset => Wanted::Unset,
        }
    }

    /// `keys` are those that lie at a value: what is less lies before it, what is not within and not less after it.
    pub(super) fn ordered<V>(test: &Ordered<V>, keys: impl Fn(&V) -> Range<u64>) -> Self {
        let after = |value: &V| keys(value).start.max(keys(value).end);
        match test {
            Ordered::Choice(test) => Wanted::choice(test, keys),
            Ordered::Lt(value) => Wanted::one(0..keys(value).start),
            Ordered::Le(value) => Wanted::one(0..after(value)),
            Ordered::Gt(value) => Wanted::one(after(value)..u64::ABSENT),
            Ordered::Ge(value) => Wanted::one(keys(value).start..u64::ABSENT),
            Ordered::Between(from, to) => Wanted::one(keys(from).start..after(to)),
        }
    }

    pub(super) fn of_instants(test: &Timed<Moment, Day>, now: DateTime<Utc>) -> Self {
        match test {
            Timed::Ordered(test) => Wanted::ordered(test, moment),
            Timed::On(day) => Wanted::one(moment(&Moment::Day(*day))),
            Timed::Before(at) => Wanted::ordered(&Ordered::Lt(*at), moment),
            Timed::After(at) => Wanted::ordered(&Ordered::Gt(*at), moment),
            Timed::Relative(relation, span, zone) => {
                relative(*relation, [span.before(now, *zone), now, span.after(now, *zone)].map(first_after))
            }
        }
    }

    pub(super) fn of_days(test: &Timed<NaiveDate, NaiveDate>, now: DateTime<Utc>) -> Self {
        match test {
            Timed::Ordered(test) => Wanted::ordered(test, |day| point(day_key(*day))),
            Timed::On(day) => Wanted::one(point(day_key(*day))),
            Timed::Before(day) => Wanted::one(0..day_key(*day)),
            Timed::After(day) => Wanted::one(day_key(*day) + 1..u64::ABSENT),
            Timed::Relative(relation, span, zone) => {
                let times = [span.before(now, *zone), now, span.after(now, *zone)];
                relative(*relation, times.map(|time| first_day_after(time, *zone)))
            }
        }
    }
}

/// The keys of one exact value.
pub(super) fn point(key: u64) -> Range<u64> {
    key..key + 1
}

/// The first key after an instant.
pub(super) fn first_after(instant: DateTime<Utc>) -> u64 {
    instant_key(instant) + 1
}

/// The first key not before an instant.
fn not_before(instant: DateTime<Utc>) -> u64 {
    instant_key(instant) + u64::from(!instant.timestamp_subsec_nanos().is_multiple_of(1_000))
}

fn moment(moment: &Moment) -> Range<u64> {
    match moment {
        Moment::Instant(at) => not_before(*at)..first_after(*at),
        Moment::Day(day) => not_before(day.start())..not_before(day.end()),
    }
}

/// `firsts` are the first keys after the past, now and the future.
fn relative(relation: Relation, [past, now, future]: [u64; 3]) -> Wanted {
    Wanted::one(match relation {
        Relation::WithinLast => past..now,
        Relation::OlderThan => 0..past,
        Relation::WithinNext => now..future,
    })
}

/// The key of the first day that begins after an instant; days have the years of the calendar, instants may have others.
fn first_day_after(instant: DateTime<Utc>, zone: Tz) -> u64 {
    if !(1..=9999).contains(&instant.year()) {
        return if instant.year() < 1 { 0 } else { u64::ABSENT };
    }
    // No local day begins two days before or after its name says so in UTC, save one that a zone skipped.
    let near = (-3..=3).filter_map(|days| instant.date_naive().checked_add_signed(TimeDelta::days(days)));
    let mut near = near.filter(|day| first_instant(zone, *day) > instant);
    near.next().map_or(u64::ABSENT, day_key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_lie_as_numbers_do(one in any::<f64>(), other in any::<f64>()) {
            prop_assert_eq!(number_key(one).cmp(&number_key(other)), one.total_cmp(&other));
            prop_assert_eq!(number_of(number_key(one)).to_bits(), one.to_bits());
        }

        #[test]
        fn keys_lie_as_texts_do_as_far_as_they_tell(one in "[a-cé]{0,12}", other in "[a-cé]{0,12}") {
            let by_key = text_key(one.as_bytes()).cmp(&text_key(other.as_bytes()));
            prop_assert!(by_key.is_eq() || by_key == one.cmp(&other));
        }

        #[test]
        fn every_value_but_these_is_every_other(points in prop::collection::vec(0..20_u64, 0..6), key in 0..20_u64) {
            let wanted = Wanted::of(points.iter().map(|key| point(*key)).collect());
            let Wanted::In(others) = wanted.others() else { panic!("they are ranges") };
            prop_assert_eq!(others.iter().any(|range| range.contains(&key)), !points.contains(&key));
            prop_assert!(others.iter().all(|range| !range.contains(&u64::ABSENT)));
        }
    }
}
