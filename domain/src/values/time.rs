//! Times from outside: RFC 3339, kept in UTC to the microsecond, and `at` held against now (rule 12); days, and times
//! of day.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

use super::invalid::Invalid;

/// How far ahead of now the clock of a sender may be.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// The instant in UTC, truncated to the microsecond; a leap second is the first instant after it.
///
/// # Errors
/// Not RFC 3339 with an offset, or outside the years 1900 to 9999.
pub fn parse_time(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let parsed = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| Invalid::Time)?;
    let time = DateTime::from_timestamp_micros(parsed.timestamp_micros()).ok_or(Invalid::TimeRange)?;
    if (1900..=9999).contains(&time.year()) { Ok(time) } else { Err(Invalid::TimeRange) }
}

/// The instant as it is written everywhere: RFC 3339 in UTC, no more decimals than it has.
pub fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A day of the calendar, `YYYY-MM-DD`, of the years 1900 to 9999. It is written as it is read.
///
/// # Errors
/// Any other form, or a day that no calendar has.
pub fn parse_day(text: &str) -> Result<NaiveDate, Invalid> {
    let text = text.trim();
    if !has_shape(text, "0000-00-00") {
        return Err(Invalid::Day);
    }
    let day: NaiveDate = text.parse().map_err(|_| Invalid::Day)?;
    if (1900..=9999).contains(&day.year()) { Ok(day) } else { Err(Invalid::TimeRange) }
}

/// A time of day, `HH:MM` or `HH:MM:SS`. It is written with its seconds.
///
/// # Errors
/// Any other form, or a time that no clock shows; a leap second is one of them.
pub fn parse_time_of_day(text: &str) -> Result<NaiveTime, Invalid> {
    let text = text.trim();
    let format = match text {
        _ if has_shape(text, "00:00") => "%H:%M",
        _ if has_shape(text, "00:00:00") && !text.ends_with(":60") => "%H:%M:%S",
        _ => return Err(Invalid::TimeOfDay),
    };
    NaiveTime::parse_from_str(text, format).map_err(|_| Invalid::TimeOfDay)
}

/// Whether a text has an ASCII digit wherever the shape has `0`, and the shape's own character everywhere else.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(c, s): (u8, u8)| if s == b'0' { c.is_ascii_digit() } else { c == s };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// When an interaction happened: what was given, but never ahead of `now`; up to 5 minutes ahead is taken as now.
///
/// # Errors
/// More than 5 minutes ahead.
pub fn settle_at(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Invalid> {
    if at <= now {
        Ok(at)
    } else if at - now <= CLOCK_SKEW {
        Ok(now)
    } else {
        Err(Invalid::TimeAhead)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        parse_time(text).unwrap()
    }

    #[test]
    fn a_day_and_a_time_of_day_have_one_form_each() {
        assert_eq!(parse_day(" 2024-02-29 ").map(|day| day.to_string()).as_deref(), Ok("2024-02-29"));
        for bad in ["", "2026-3-1", "+2026-03-01", "2026-02-30", "2026-13-01", "20260301", "2026-03-01T00:00:00Z"] {
            assert_eq!(parse_day(bad), Err(Invalid::Day), "{bad}");
        }
        assert_eq!(parse_day("1899-12-31"), Err(Invalid::TimeRange));
        for (typed, kept) in [("09:30", "09:30:00"), (" 23:59:59", "23:59:59"), ("00:00", "00:00:00")] {
            assert_eq!(parse_time_of_day(typed).map(|time| time.to_string()).as_deref(), Ok(kept));
        }
        for bad in ["", "9:30", "24:00", "12:60", "23:59:60", "09:30 pm", "09:30:00.5", "٠٩:٣٠"] {
            assert_eq!(parse_time_of_day(bad), Err(Invalid::TimeOfDay), "{bad}");
        }
    }

    #[test]
    fn a_time_is_kept_in_utc_to_the_microsecond() {
        assert_eq!(written(at(" 2026-03-01T09:30:00.1234567+08:00")), "2026-03-01T01:30:00.123456Z");
        assert_eq!(written(at("1969-12-31T23:59:59.9999999Z")), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_leap_second_is_the_first_instant_after_it() {
        assert_eq!(written(at("2016-12-31T23:59:60Z")), "2017-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_without_an_offset_or_out_of_reach_is_refused() {
        for bad in ["", "2026-03-01", "2026-03-01T09:30:00", "now", "2026-02-30T00:00:00Z", "1700000000"] {
            assert_eq!(parse_time(bad), Err(Invalid::Time), "{bad}");
        }
        for bad in ["1899-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00"] {
            assert_eq!(parse_time(bad), Err(Invalid::TimeRange), "{bad}");
        }
        assert!(parse_time("1900-01-01T00:00:00Z").is_ok() && parse_time("9999-12-31T23:59:59Z").is_ok());
    }

    #[test]
    fn a_little_ahead_is_now_and_more_is_refused() {
        let now = at("2026-03-01T12:00:00Z");
        assert_eq!(settle_at(at("2020-01-01T00:00:00Z"), now), Ok(at("2020-01-01T00:00:00Z")));
        assert_eq!(settle_at(at("2026-03-01T12:05:00Z"), now), Ok(now));
        assert_eq!(settle_at(at("2026-03-01T12:05:00.000001Z"), now), Err(Invalid::TimeAhead));
    }

    proptest! {
        #[test]
        fn a_time_never_panics_and_stays(
            text in prop_oneof![any::<String>(), "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,12})?(Z|[+-][01][0-9]:[0-5][0-9])"]
        ) {
            if let Ok(once) = parse_time(&text) {
                prop_assert_eq!(parse_time(&written(once)), Ok(once));
            }
        }

        #[test]
        fn a_day_and_a_time_of_day_never_panic_and_stay(
            text in prop_oneof![any::<String>(), "[0-9]{4}-[01][0-9]-[0-3][0-9]", "[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?"]
        ) {
            if let Ok(once) = parse_day(&text) {
                prop_assert_eq!(parse_day(&once.to_string()), Ok(once));
            }
            if let Ok(once) = parse_time_of_day(&text) {
                prop_assert_eq!(parse_time_of_day(&once.to_string()), Ok(once));
            }
        }
    }
}
