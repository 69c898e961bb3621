//! Billing cycles (rule 28): from the first instant of an anchor day to that of the next, in the workspace's zone.
//!
//! A cycle never knows whether the settings changed under it: the one that runs keeps its end, and the next ends at the
//! first anchor instant more than 48 hours after that. Unchanged settings have anchors at least 27 days apart, so the
//! same words give them their ordinary months.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::values::Invalid;
use crate::values::workspace::parse_time_zone;

/// A cycle after a change of settings is longer than this.
const SHORTEST: TimeDelta = TimeDelta::hours(48);

/// Where a workspace's cycles start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whose local days count.
    #[serde(with = "zone_name")]
    pub zone: Tz,
    /// 1-31; in a shorter month its last day.
    pub anchor_day: u8,
}

impl Default for Settings {
    /// What a workspace has that was never configured: UTC and the first of the month.
    fn default() -> Self {
        Settings { zone: Tz::UTC, anchor_day: 1 }
    }
}

impl Settings {
    /// Settings as they are written in events and over HTTP.
    ///
    /// # Errors
    /// An unknown IANA name, or a day outside 1-31.
    pub fn new(zone: &str, anchor_day: u8) -> Result<Self, Invalid> {
        if !(1..=31).contains(&anchor_day) {
            return Err(Invalid::AnchorDay);
        }
        Ok(Settings { zone: parse_time_zone(zone)?, anchor_day })
    }

    /// The anchor instants of the months around an instant's own: at least one at or before it and one more than
    /// 48 hours after it, ascending.
    fn anchors_around(self, instant: DateTime<Utc>) -> impl DoubleEndedIterator<Item = DateTime<Utc>> {
        let month = instant.with_timezone(&self.zone).date_naive().with_day(1);
        (-1i32..=2).filter_map(move |offset| {
            let months = Months::new(offset.unsigned_abs());
            let month = if offset < 0 { month?.checked_sub_months(months) } else { month?.checked_add_months(months) };
            Some(first_instant(self.zone, anchor_date(month?, self.anchor_day)))
        })
    }
}

/// A billing cycle: half-open, so that each instant is in exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// The local date of its start, `YYYY-MM-DD`.
    pub name: Arc<str>,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant of the next.
    pub end: DateTime<Utc>,
    /// Whose local dates it is counted in.
    #[serde(with = "zone_name")]
    pub zone: Tz,
}

impl Cycle {
    fn new(start: DateTime<Utc>, end: DateTime<Utc>, zone: Tz) -> Self {
        let name = start.with_timezone(&zone).date_naive().to_string().into();
        Cycle { name, start, end, zone }
    }

    /// The cycle that holds an instant (of the years 1900 to 9999), where these settings always stood.
    pub fn holding(settings: Settings, instant: DateTime<Utc>) -> Self {
        let start = settings.anchors_around(instant).rfind(|anchor| *anchor <= instant);
        let end = settings.anchors_around(instant).find(|anchor| *anchor > instant);
        Cycle::new(start.unwrap_or(instant), end.unwrap_or(DateTime::<Utc>::MAX_UTC), settings.zone)
    }

    /// The cycle after this one, where these settings stand when it begins.
    #[must_use]
    pub fn next(&self, settings: Settings) -> Self {
        let earliest = self.end.checked_add_signed(SHORTEST).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let end = settings.anchors_around(self.end).find(|anchor| *anchor > earliest);
        Cycle::new(self.end, end.unwrap_or(DateTime::<Utc>::MAX_UTC), settings.zone)
    }

    /// Whether an instant lies in it.
    pub fn holds(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// The anchor day in the month that begins at `month`: clamped to the month's last day.
fn anchor_date(month: NaiveDate, anchor_day: u8) -> NaiveDate {
    (1..=u32::from(anchor_day)).rev().find_map(|day| month.with_day(day)).unwrap_or(month)
}

/// The first instant of a local day: its midnight; the earlier of two; where there is none, what follows the gap.
pub fn first_instant(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    instant_of(zone, day.and_time(NaiveTime::MIN))
}

/// The instant of a local time: the earlier where there are two; where there is none, the first after the gap.
pub fn instant_of(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local).earliest() {
        Some(instant) => instant.with_timezone(&Utc),
        None => after_gap(zone, local),
    }
}

/// The first instant whose local time is past one that does not exist. Zones jump at whole seconds.
fn after_gap(zone: Tz, missing: NaiveDateTime) -> DateTime<Utc> {
    // No zone is a day from UTC, and none ever skipped more than a day.
    let (mut before, mut after) = (missing.and_utc() - TimeDelta::days(2), missing.and_utc() + TimeDelta::days(2));
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if zone.from_utc_datetime(&middle.naive_utc()).naive_local() < missing {
            before = middle
        } else {
            after = middle
        }
    }
    after
}

/// Zones are stored by their IANA names.
mod zone_name {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        name.parse().map_err(|_| D::Error::custom("not the name of a time zone"))
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
