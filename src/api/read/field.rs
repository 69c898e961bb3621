//! Custom fields: defining, changing and retiring them.

use std::sync::Arc;

use dossier_domain::event::{FieldEdit, FieldNamed};
use dossier_domain::fields::{FieldType, OPTION_LIMIT, parse_key, read_options};
use dossier_domain::problem::Place;
use dossier_domain::values::text::{TextRule, parse_needed_text};
use dossier_domain::workspace::NewField;

use super::json::Json;
use super::members::Members;
use super::{Dialect, Reader, text};
use crate::app::ask::Ask;

/// `define_field`
pub(super) fn define(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    // On a line, `key` is the idempotency key.
    let own = if reader.dialect == Dialect::Line { "field" } else { "key" };
    let key = members.required(reader, own, key);
    let name = members.required(reader, "name", text::needed(TextRule::NAME));
    let types = FieldType::ALL.map(|kind| (kind.name(), kind));
    let kind = members.required(reader, "type", |reader, place, json| reader.named(place, &json, &types));
    let options = options_of(reader, members, kind);
    let order = members.optional(reader, "order", order);
    Some(Ask::DefineField(NewField { key: key?, kind: kind?, name: name?, options: options?, order }))
}

/// The options of a new field, once it is known of which type.
fn options_of(reader: &mut Reader<'_>, members: &mut Members<'_>, kind: Option<FieldType>) -> Option<Vec<Arc<str>>> {
    let is_given = members.has("options") && !members.is_null("options");
    let given = members.optional(reader, "options", options);
    if is_given && given.is_none() {
        return None;
    }
    let above = members.place();
    Some(read_options(kind?, &given.unwrap_or_default(), &above.member("options"), &mut reader.errors))
}

/// `change_field`: what is left out stays, and nothing can be cleared.
pub(super) fn change(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let key = members.required(reader, "field", key);
    let above = members.place();
    if members.take("type").is_some() {
        let message = "leave the type as it is; retire this field and define another one";
        reader.errors.add(&above.member("type"), "immutable", message);
    }
    let name = members.given(reader, "name", text::needed(TextRule::NAME));
    let options = members.given(reader, "options", options);
    let order = members.given(reader, "order", order);
    Some(Ask::ChangeField(FieldEdit { key: key?, name, options, order }))
}

/// `retire_field`
pub(super) fn retire(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    Some(Ask::RetireField(FieldNamed { key: members.required(reader, "field", key)? }))
}

fn key(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Arc<str>> {
    reader.parsed(place, &json, parse_key)
}

/// The options, each as a text; whether they fit the field is for its type to say.
fn options(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Vec<Arc<str>>> {
    let items = reader.list(place, json, OPTION_LIMIT)?;
    let read = |(index, item): (usize, &Json<'_>)| {
        reader.parsed(&place.item(index), item, |text| parse_needed_text(text, TextRule::NAME))
    };
    let texts: Vec<Option<Arc<str>>> = items.iter().enumerate().map(read).collect();
    texts.into_iter().collect()
}

fn order(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<u32> {
    let order = u32::try_from(reader.whole(place, &json)?).ok();
    if order.is_none() {
        reader.errors.add(place, "out_of_range", "give a number from 0 to 4294967295");
    }
    order
}
