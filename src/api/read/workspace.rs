//! The settings of a workspace: all of them at once, those left out as they are from the start.

use std::sync::Arc;

use dossier_domain::event::WorkspaceConfigured;
use dossier_domain::problem::Place;
use dossier_domain::values::Invalid;
use dossier_domain::values::workspace::{parse_region, parse_time_zone};

use super::Reader;
use super::json::Json;
use super::members::Members;
use crate::app::ask::Ask;

/// Days of activity: at least one, at most ten years.
const ACTIVE_DAYS: std::ops::RangeInclusive<u64> = 1..=3650;

/// The body of PUT on a workspace.
pub(super) fn configure(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let time_zone = members.optional(reader, "time_zone", |reader, place, json| {
        reader.parsed(place, &json, |text| parse_time_zone(text).map(|zone| Arc::from(zone.name())))
    });
    let day = members.optional(reader, "billing_anchor_day", anchor_day);
    let region = members.optional(reader, "default_region", |reader, place, json| {
        reader.parsed(place, &json, parse_region).map(Arc::from)
    });
    let active_days = members.optional(reader, "active_days", active_days);
    Some(Ask::Configure(WorkspaceConfigured {
        time_zone: time_zone.unwrap_or_else(|| "UTC".into()),
        billing_anchor_day: day.unwrap_or(1),
        default_region: region,
        active_days: active_days.unwrap_or(30),
    }))
}

fn anchor_day(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<u8> {
    let day = reader.whole(place, &json)?;
    let valid = u8::try_from(day).ok().filter(|day| (1..=31).contains(day));
    if valid.is_none() {
        reader.errors.invalid(place, Invalid::AnchorDay);
    }
    valid
}

fn active_days(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<u16> {
    let days = reader.whole(place, &json)?;
    let valid = ACTIVE_DAYS.contains(&days).then(|| u16::try_from(days).ok()).flatten();
    if valid.is_none() {
        reader.errors.add(place, "out_of_range", "give a number of days from 1 to 3650");
    }
    valid
}
