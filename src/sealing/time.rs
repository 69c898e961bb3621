//! Times as they stand in stored metadata: RFC 3339 in UTC, microseconds at most.

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use dossier_domain::written;
use serde::{Deserializer, Serializer};

use super::text;

/// Writes a time, cut to microseconds.
pub(super) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.trunc_subsecs(6).to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Reads a time in any form of RFC 3339, the stored one fast.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    text::parse(deserializer, "a time", |text| match written::time(text.as_bytes()) {
        Some(time) => Some(time),
        None => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
    })
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
            prop_assert_eq!(written::time(text.trim_matches('"').as_bytes()), Some(read.0), "the fast way reads what is written");
            prop_assert_eq!(DateTime::parse_from_rfc3339(text.trim_matches('"')).unwrap().to_utc(), read.0);
        }
    }
}
