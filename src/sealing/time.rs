//! Times as they stand in stored metadata: RFC 3339 in UTC, microseconds at most.

use chrono::{DateTime, NaiveDate, SecondsFormat, SubsecRound, Utc};
use serde::{Deserializer, Serializer};

use super::text;

/// Writes a time, cut to microseconds.
pub(super) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.trunc_subsecs(6).to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Reads a time in any form of RFC 3339, the stored one fast.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    text::parse(deserializer, "a time", |text| match stored(text.as_bytes()) {
        Some(time) => Some(time),
        None => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
    })
}

/// `2024-02-29T12:34:56Z`, with up to nine digits of a second. `None`: in another form, or no time at all.
fn stored(text: &[u8]) -> Option<DateTime<Utc>> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, rest @ .., b'Z'] = text
    else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*n1, *n2])?, number(&[*s1, *s2])?);
    let time = date.and_hms_nano_opt(hour, minute, second, nanoseconds(rest)?)?;
    Some(time.and_utc())
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u32::from(digit))
    })
}

/// Nothing, or a point and the digits after it.
fn nanoseconds(text: &[u8]) -> Option<u32> {
    match text {
        [] => Some(0),
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let missing = 9 - u32::try_from(digits.len()).ok()?;
            Some(number(digits)? * 10_u32.pow(missing))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(serde::Serialize, Deserialize)]
    #[serde(transparent)]
    struct Stored(#[serde(with = "super")] DateTime<Utc>);

    fn read(text: &str) -> Option<DateTime<Utc>> {
        serde_json::from_value::<Stored>(text.into()).ok().map(|time| time.0)
    }

    #[test]
    fn times_in_other_forms_are_read_too() {
        let noon = read("2024-02-29T12:00:00Z").unwrap();
        assert_eq!(read("2024-02-29T14:00:00+02:00"), Some(noon));
        assert_eq!(read("2024-02-29t12:00:00.000z"), Some(noon));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "Z", "2024-02-30T12:00:00Z", "2024-02-29T25:00:00Z", "2024-02-29T12:00:00.Z", "2024-0a-29T12:00:00Z"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_found_again_to_the_microsecond(seconds in -62_167_219_200_i64..253_402_300_800, nanos in 0_u32..1_000_000_000) {
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            let text = serde_json::to_string(&Stored(time)).unwrap();
            let read: Stored = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.0, time.trunc_subsecs(6));
            prop_assert_eq!(stored(text.trim_matches('"').as_bytes()), Some(read.0), "the fast way reads what is written");
            prop_assert_eq!(DateTime::parse_from_rfc3339(text.trim_matches('"')).unwrap().to_utc(), read.0);
        }
    }
}
