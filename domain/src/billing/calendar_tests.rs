//! Cycles through gaps, folds, short months and changes of settings.

use chrono::SecondsFormat;
use proptest::prelude::*;

use super::*;

fn settings(zone: &str, anchor_day: u8) -> Settings {
    Settings::new(zone, anchor_day).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Name, start and end.
fn written(cycle: &Cycle) -> (String, String, String) {
    let instant = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    (cycle.name.to_string(), instant(cycle.start), instant(cycle.end))
}

#[track_caller]
fn assert_cycle(cycle: &Cycle, name: &str, start: &str, end: &str) {
    assert_eq!(written(cycle), (name.into(), start.into(), end.into()));
}

#[test]
fn a_cycle_is_named_by_the_local_date_of_its_start() {
    let cycle = Cycle::holding(settings("Asia/Kuala_Lumpur", 1), at("2026-02-28T16:00:00Z"));
    assert_cycle(&cycle, "2026-03-01", "2026-02-28T16:00:00Z", "2026-03-31T16:00:00Z");
}

#[test]
fn a_cycle_is_half_open() {
    let settings = settings("UTC", 15);
    let cycle = Cycle::holding(settings, at("2026-03-15T00:00:00Z"));
    assert_cycle(&cycle, "2026-03-15", "2026-03-15T00:00:00Z", "2026-04-15T00:00:00Z");
    assert!(cycle.holds(cycle.start) && !cycle.holds(cycle.end));
    assert_eq!(&*Cycle::holding(settings, at("2026-03-14T23:59:59.999999Z")).name, "2026-02-15");
}

#[test]
fn an_anchor_beyond_the_month_is_its_last_day() {
    for (anchor_day, names) in [
        (31, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]),
        (30, ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30", "2024-05-30"]),
        (29, ["2024-01-29", "2024-02-29", "2024-03-29", "2024-04-29", "2024-05-29"]),
        (28, ["2024-01-28", "2024-02-28", "2024-03-28", "2024-04-28", "2024-05-28"]),
    ] {
        let settings = settings("UTC", anchor_day);
        let mut cycle = Cycle::holding(settings, at("2024-02-10T00:00:00Z"));
        for name in names {
            assert_eq!(&*cycle.name, name);
            cycle = cycle.next(settings);
        }
    }
}

#[test]
fn only_leap_years_have_a_29th_of_february() {
    for (year, name) in [(2023, "2023-02-28"), (2024, "2024-02-29"), (2000, "2000-02-29"), (2100, "2100-02-28")] {
        let cycle = Cycle::holding(settings("UTC", 31), at(&format!("{year}-03-01T00:00:00Z")));
        assert_eq!(&*cycle.name, name);
    }
}

#[test]
fn a_midnight_that_does_not_exist_is_the_first_instant_after_the_gap() {
    for (zone, date, instant) in [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00:00Z"),
        ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z"),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00Z"),
    ] {
        assert_eq!(first_instant(zone.parse().unwrap(), day(date)), at(instant), "{zone}");
    }
}

#[test]
fn a_doubled_midnight_is_the_earlier() {
    for (zone, date, instant) in [
        ("America/Havana", "2023-11-05", "2023-11-05T04:00:00Z"),
        ("America/St_Johns", "2006-10-29", "2006-10-29T02:30:00Z"),
        ("Atlantic/Azores", "2023-10-29", "2023-10-29T00:00:00Z"),
    ] {
        assert_eq!(first_instant(zone.parse().unwrap(), day(date)), at(instant), "{zone}");
    }
}

#[test]
fn a_cycle_anchored_in_a_gap_starts_where_the_gap_ends() {
    let settings = settings("America/Sao_Paulo", 4);
    let cycle = Cycle::holding(settings, at("2018-11-04T03:00:00Z"));
    assert_cycle(&cycle, "2018-11-04", "2018-11-04T03:00:00Z", "2018-12-04T02:00:00Z");
    assert_eq!(Cycle::holding(settings, at("2018-11-04T02:59:59Z")).end, cycle.start);
}

#[test]
fn a_cycle_anchored_on_a_day_that_never_was_starts_on_the_next() {
    let cycle = Cycle::holding(settings("Pacific/Apia", 30), at("2012-01-10T00:00:00Z"));
    assert_cycle(&cycle, "2011-12-31", "2011-12-30T10:00:00Z", "2012-01-29T10:00:00Z");
}

#[test]
fn a_change_leaves_the_running_cycle_its_end() {
    let before = settings("UTC", 1);
    let running = Cycle::holding(before, at("2026-03-10T00:00:00Z"));
    let next = running.next(settings("UTC", 15));
    assert_cycle(&next, "2026-04-01", "2026-04-01T00:00:00Z", "2026-04-15T00:00:00Z");
    assert_cycle(&next.next(settings("UTC", 15)), "2026-04-15", "2026-04-15T00:00:00Z", "2026-05-15T00:00:00Z");
}

#[test]
fn an_anchor_within_48_hours_of_a_change_is_passed_over() {
    let running = Cycle::holding(settings("UTC", 1), at("2026-03-10T00:00:00Z"));
    assert_eq!(running.next(settings("UTC", 2)).end, at("2026-05-02T00:00:00Z"));
    assert_eq!(running.next(settings("UTC", 3)).end, at("2026-05-03T00:00:00Z"), "exactly 48 hours is not more");
    assert_eq!(running.next(settings("UTC", 4)).end, at("2026-04-04T00:00:00Z"));
    assert_eq!(running.next(settings("UTC", 31)).end, at("2026-04-30T00:00:00Z"));
}

#[test]
fn a_change_of_zone_moves_the_midnight_that_counts() {
    let running = Cycle::holding(settings("UTC", 1), at("2026-03-10T00:00:00Z"));
    let east = running.next(settings("Asia/Kuala_Lumpur", 1));
    assert_cycle(&east, "2026-04-01", "2026-04-01T00:00:00Z", "2026-04-30T16:00:00Z");
    let west = running.next(settings("America/Los_Angeles", 1));
    assert_cycle(&west, "2026-03-31", "2026-04-01T00:00:00Z", "2026-05-01T07:00:00Z");
}

#[test]
fn settings_out_of_range_are_refused() {
    assert_eq!(Settings::new("UTC", 0), Err(Invalid::AnchorDay));
    assert_eq!(Settings::new("UTC", 32), Err(Invalid::AnchorDay));
    assert_eq!(Settings::new("Mars/Olympus", 1), Err(Invalid::TimeZone));
}

#[test]
fn settings_and_cycles_are_stored_by_the_name_of_their_zone() {
    let settings = settings("Africa/Cairo", 31);
    let cycle = Cycle::holding(settings, at("2026-03-10T00:00:00Z"));
    let stored = serde_json::to_string(&(settings, &cycle)).unwrap();
    assert!(stored.contains("\"zone\":\"Africa/Cairo\""));
    assert_eq!(serde_json::from_str::<(Settings, Cycle)>(&stored).unwrap(), (settings, cycle));
}

/// The first instant of a local day by the dumbest way: look at every half minute of the days around.
fn scanned_first_instant(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let from = midnight.and_utc() - TimeDelta::days(1);
    let instants = (0..3 * 24 * 120).map(|step| from + TimeDelta::seconds(30 * step));
    let mut local = instants.map(|instant| (instant, instant.with_timezone(&zone).naive_local()));
    local.find(|(_, local)| *local >= midnight).unwrap().0
}

fn any_zone() -> impl Strategy<Value = Tz> {
    prop_oneof![
        prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec()),
        prop::sample::select(vec![
            Tz::America__Sao_Paulo,
            Tz::Africa__Cairo,
            Tz::Asia__Kuala_Lumpur,
            Tz::Pacific__Apia,
            Tz::America__Havana,
            Tz::America__St_Johns,
            Tz::UTC,
        ]),
    ]
}

prop_compose! {
    fn any_settings()(zone in any_zone(), anchor_day in prop_oneof![1u8..=31, 28u8..=31]) -> Settings {
        Settings { zone, anchor_day }
    }
}

prop_compose! {
    /// Between 1975 and 2037, when zones stand at whole half minutes from UTC and rules are known.
    fn any_instant()(micros in 157_766_400_000_000i64..2_114_380_800_000_000) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }
}

proptest! {
    #[test]
    fn the_first_instant_of_a_day_is_the_one_a_scan_finds(zone in any_zone(), instant in any_instant()) {
        let day = instant.date_naive();
        prop_assert_eq!(first_instant(zone, day), scanned_first_instant(zone, day));
    }

    #[test]
    fn cycles_tile_time(settings in any_settings(), instant in any_instant()) {
        let mut cycle = Cycle::holding(settings, instant);
        prop_assert!(cycle.holds(instant));
        for _ in 0..14 {
            let next = cycle.next(settings);
            prop_assert_eq!(next.start, cycle.end);
            prop_assert!(next.end > next.start);
            prop_assert_eq!(&Cycle::holding(settings, next.start), &next);
            prop_assert_eq!(&Cycle::holding(settings, next.end - TimeDelta::microseconds(1)), &next);
            prop_assert!(next.name > cycle.name);
            cycle = next;
        }
    }

    #[test]
    fn cycles_tile_time_through_any_changes(
        first in any_settings(),
        changes in prop::collection::vec(any_settings(), 1..8),
        instant in any_instant(),
    ) {
        let mut cycle = Cycle::holding(first, instant);
        for settings in changes {
            let next = cycle.next(settings);
            prop_assert_eq!(next.start, cycle.end);
            prop_assert!(next.end - next.start > SHORTEST);
            prop_assert!(next.end - next.start < TimeDelta::days(34));
            let local = next.end.with_timezone(&settings.zone);
            prop_assert_eq!(first_instant(settings.zone, local.date_naive()), next.end);
            prop_assert!(next.name != cycle.name);
            cycle = next;
        }
    }

    #[test]
    fn any_instant_has_a_cycle(settings in any_settings(), seconds in -2_208_988_800i64..253_402_300_800) {
        let instant = DateTime::from_timestamp(seconds, 0).unwrap();
        let cycle = Cycle::holding(settings, instant);
        prop_assert!(cycle.holds(instant));
        prop_assert_eq!(cycle.next(settings).start, cycle.end);
    }
}
