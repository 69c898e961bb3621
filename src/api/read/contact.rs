//! Commands on a contact: creating, editing, tags, channel identities, deleting.

use std::collections::HashSet;

use dossier_domain::field::Field;
use dossier_domain::problem::Place;
use dossier_domain::values::tag::Tag;

use super::json::Json;
use super::members::Members;
use super::profile::{self, Values};
use super::{Reader, text};
use crate::app::ask::{Ask, CreateContact, Edit, Handle, IfExists};

/// The most tags of a new contact (rule 8).
const TAGS_MAX: usize = 500;
/// The most identities of a new contact: each is a claim of its own.
const CHANNELS_MAX: usize = 100;

/// `create_contact`
pub(super) fn create(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let values = profile::given(reader, members);
    let tags = members.optional(reader, "tags", tags).unwrap_or_default();
    let channels = members.optional(reader, "channels", channels).unwrap_or_default();
    let if_exists = members.optional(reader, "if_exists", |reader, place, json| reader.named(place, &json, &IF_EXISTS));
    if reader.errors.is_empty() && channels.is_empty() && !names_somebody(&values) {
        let message = "give at least one of first_name, last_name, email, phone and channels";
        reader.errors.add(&members.place(), "nothing_to_know_it_by", message);
    }
    let values = reader.values(values);
    Some(Ask::Create(CreateContact { values, tags, channels, if_exists: if_exists.unwrap_or(IfExists::Create) }))
}

const IF_EXISTS: [(&str, IfExists); 3] =
    [("fail", IfExists::Fail), ("update", IfExists::Update), ("fill_empty", IfExists::FillEmpty)];

/// Rule 4, identities aside.
fn names_somebody(values: &Values) -> bool {
    let naming = [Field::FirstName, Field::LastName, Field::Email, Field::Phone];
    values.iter().any(|(field, value)| value.is_some() && naming.contains(field))
}

/// Tags, each once: two that fold alike are one.
fn tags(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Vec<Tag>> {
    let items = reader.list(place, json, TAGS_MAX)?;
    let read = |(index, item)| text::tag(reader, &place.item(index), item);
    let tags: Vec<Tag> = items.into_iter().enumerate().filter_map(read).collect();
    let mut seen = HashSet::new();
    Some(tags.into_iter().filter(|tag| seen.insert(tag.key.clone())).collect())
}

/// Identities, each once.
fn channels(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Vec<Handle>> {
    let items = reader.list(place, json, CHANNELS_MAX)?;
    let read = |(index, item)| {
        let mut members = Members::of(reader, place.item(index), item)?;
        let handle = handle(reader, &mut members);
        members.finish(reader);
        handle
    };
    let handles: Vec<Handle> = items.into_iter().enumerate().filter_map(read).collect();
    let mut seen = HashSet::new();
    Some(handles.into_iter().filter(|handle| seen.insert(handle.clone())).collect())
}

/// The members `channel` and `external_id`.
pub(super) fn handle(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Handle> {
    let channel = members.required(reader, "channel", text::channel);
    let external_id = members.required(reader, "external_id", text::external_id);
    Some(Handle { channel: channel?, external_id: external_id? })
}

/// `update_contact`: a JSON merge patch (RFC 7396) over the profile.
pub(super) fn update(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let values = profile::edits(reader, members);
    let values = reader.values(values);
    Some(Ask::Edit(contact?, Edit::Profile(values)))
}

/// `add_tag`
pub(super) fn add_tag(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let tag = members.required(reader, "tag", text::tag);
    Some(Ask::Edit(contact?, Edit::AddTag(tag?)))
}

/// `remove_tag`
pub(super) fn remove_tag(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let tag = members.required(reader, "tag", text::tag);
    Some(Ask::Edit(contact?, Edit::RemoveTag(tag?)))
}

/// `claim_channel`
pub(super) fn claim(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let handle = handle(reader, members);
    Some(Ask::Claim(contact?, handle?))
}

/// `release_channel`
pub(super) fn release(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let handle = handle(reader, members);
    Some(Ask::Release(contact?, handle?))
}

/// `delete_contact`
pub(super) fn delete(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    Some(Ask::Delete(members.required(reader, "contact", text::reference)?))
}
