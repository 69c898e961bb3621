//! Single values: texts of every sort, times, ids, numbers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::problem::Place;
use dossier_domain::values::channel::{parse_channel, parse_external_id};
use dossier_domain::values::reference::{Reference, parse_reference};
use dossier_domain::values::tag::{Tag, parse_tag};
use dossier_domain::values::text::{TextRule, parse_needed_text, parse_text};
use dossier_domain::values::time::parse_time;
use dossier_domain::values::{Invalid, reference};
use uuid::Uuid;

use super::Reader;
use super::json::Json;

impl Reader<'_> {
    /// A text that a parser takes.
    pub(super) fn parsed<T>(
        &mut self,
        place: &Place<'_>,
        json: &Json<'_>,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        let Json::Text(text) = json else { return self.wrong_type(place, "a text") };
        match parse(text) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.errors.invalid(place, invalid);
                None
            }
        }
    }

    /// One of a closed list of names.
    pub(super) fn named<T: Copy>(&mut self, place: &Place<'_>, json: &Json<'_>, names: &[(&str, T)]) -> Option<T> {
        let Json::Text(text) = json else { return self.wrong_type(place, "a text") };
        let found = names.iter().find(|(name, _)| name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            self.errors.add(place, "unknown_value", format!("write one of {}", names.join(", ")));
        }
        found
    }

    /// A whole number that is not negative.
    pub(super) fn whole(&mut self, place: &Place<'_>, json: &Json<'_>) -> Option<u64> {
        match json {
            Json::Whole(number) => Some(*number),
            _ => self.wrong_type(place, "a whole number that is not negative"),
        }
    }

    /// The items of a list, if they are not too many.
    pub(super) fn list<'a>(&mut self, place: &Place<'_>, json: Json<'a>, most: usize) -> Option<Vec<Json<'a>>> {
        match json {
            Json::List(items) if items.len() <= most => Some(items),
            Json::List(_) => {
                self.errors.add(place, "too_many", format!("give at most {most} of them"));
                None
            }
            _ => self.wrong_type(place, "a list"),
        }
    }
}

/// A channel name.
pub(super) fn channel(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Arc<str>> {
    reader.parsed(place, &json, parse_channel)
}

/// A handle on a channel, or a channel's id of a message: the same rule.
pub(super) fn external_id(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Arc<str>> {
    reader.parsed(place, &json, parse_external_id)
}

/// A reference to a contact.
pub(super) fn reference(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Reference> {
    let region = reader.region;
    reader.parsed(place, &json, |text| parse_reference(text, region))
}

/// A tag.
pub(super) fn tag(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Tag> {
    reader.parsed(place, &json, parse_tag)
}

/// A point in time.
pub(super) fn time(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<DateTime<Utc>> {
    reader.parsed(place, &json, parse_time)
}

/// The id of a merge.
pub(super) fn merge_id(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<MergeId> {
    uuid(reader, place, json).map(MergeId)
}

/// A UUID, with hyphens or without.
pub(super) fn uuid(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Uuid> {
    let Json::Text(text) = &json else { return reader.wrong_type(place, "a UUID") };
    match reference::parse_contact_id(text) {
        Ok(ContactId(id)) => Some(id),
        Err(_) => {
            reader.errors.add(place, "invalid_uuid", "write a UUID");
            None
        }
    }
}

/// Free text by its rule; nothing left of it is noted.
pub(super) fn needed(rule: TextRule) -> impl FnOnce(&mut Reader<'_>, &Place<'_>, Json<'_>) -> Option<Arc<str>> {
    move |reader, place, json| reader.parsed(place, &json, |text| parse_needed_text(text, rule))
}

/// Free text by its rule; nothing left of it is none.
pub(super) fn free(rule: TextRule) -> impl FnOnce(&mut Reader<'_>, &Place<'_>, Json<'_>) -> Option<Arc<str>> {
    move |reader, place, json| reader.parsed(place, &json, |text| parse_text(text, rule)).flatten()
}
