//! Segments: defining, changing and removing them. Filters are taken as they are: what they name is looked up when the
//! command is carried out, for the lines before it may define it.

use std::sync::Arc;

use dossier_domain::problem::Place;
use dossier_domain::values::text::TextRule;
use dossier_domain::workspace::SegmentChange;
use serde_json::Value;

use super::json::Json;
use super::members::Members;
use super::search::plain;
use super::{Reader, text};
use crate::app::ask::Ask;

/// `define_segment`
pub(super) fn define(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let name = members.required(reader, "name", text::needed(TextRule::NAME));
    let filter = members.required(reader, "filter", filter);
    Some(Ask::DefineSegment { name: name?, filter: filter? })
}

/// `change_segment`: what is left out stays, and nothing can be cleared.
pub(super) fn change(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let segment = named(reader, members);
    let name = members.given(reader, "name", text::needed(TextRule::NAME));
    let filter = members.given(reader, "filter", filter);
    Some(Ask::ChangeSegment(SegmentChange { segment: segment?, name, filter }))
}

/// `remove_segment`
pub(super) fn remove(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    Some(Ask::RemoveSegment(named(reader, members)?))
}

/// A segment by its id or its name.
fn named(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Arc<str>> {
    members.required(reader, "segment", text::needed(TextRule::NAME))
}

fn filter(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Value> {
    Some(plain(json, place, &mut reader.errors))
}
