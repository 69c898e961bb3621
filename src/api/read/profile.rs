//! Profile values: the standard fields, and `custom`. Custom values are taken by their JSON type alone, and blank text or
//! an empty list is no value of any field. What the definitions of fields say to them is said when the command is
//! carried out: the lines before it may define them, and a retry asks the same whatever became of them.

use std::collections::HashSet;
use std::sync::Arc;

use dossier_domain::field::{Field, Value};
use dossier_domain::fields::parse_key;
use dossier_domain::problem::Place;
use dossier_domain::values::number::parse_number;
use dossier_domain::values::profile::parse_field;
use dossier_domain::values::text::{TextRule, parse_needed_text};

use super::Reader;
use super::json::Json;
use super::members::Members;

/// The most custom fields in one body.
const CUSTOM_MAX: usize = 500;
/// The most texts in one custom value.
const LIST_MAX: usize = 500;

/// Fields with their values; `None` clears.
pub(super) type Values = Vec<(Field, Option<Value>)>;

/// Reads the profile members of an object: what is absent stays out, what is null or trimmed to nothing clears.
pub(super) fn edits(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Values {
    let above = members.place();
    let mut values = Values::new();
    for (name, field) in STANDARD {
        let Some(json) = members.take(name) else { continue };
        if let Some(value) = standard(reader, &above.member(name), &field, &json) {
            values.push((field, value));
        }
    }
    match members.take("custom") {
        None => {}
        Some(json) => custom(reader, &above.member("custom"), json, &mut values),
    }
    values
}

/// The same where nothing can be cleared: a null is as good as absent.
pub(super) fn given(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Values {
    if members.is_null("custom") {
        members.take("custom");
    }
    let mut values = edits(reader, members);
    values.retain(|(_, value)| value.is_some());
    values
}

/// The value of any field, as a merge gives it.
pub(super) fn value_of(
    reader: &mut Reader<'_>,
    place: &Place<'_>,
    field: &Field,
    json: Json<'_>,
) -> Option<Option<Value>> {
    match field {
        Field::Custom(_) => custom_value(reader, place, json),
        _ => standard(reader, place, field, &json),
    }
}

/// A field by its name in a body.
pub(super) fn field_named(name: &str) -> Option<Field> {
    match name.strip_prefix("custom.") {
        Some(key) => parse_key(key).ok().map(Field::Custom),
        None => STANDARD.into_iter().find(|(own, _)| *own == name).map(|(_, field)| field),
    }
}

const STANDARD: [(&str, Field); 8] = [
    ("first_name", Field::FirstName),
    ("last_name", Field::LastName),
    ("email", Field::Email),
    ("phone", Field::Phone),
    ("country", Field::Country),
    ("language", Field::Language),
    ("company", Field::Company),
    ("avatar_url", Field::AvatarUrl),
];

fn standard(reader: &mut Reader<'_>, place: &Place<'_>, field: &Field, json: &Json<'_>) -> Option<Option<Value>> {
    if *json == Json::Null {
        return Some(None);
    }
    let region = reader.region;
    let text = reader.parsed(place, json, |text| parse_field(field, text, region))?;
    Some(text.map(Value::Text))
}

fn custom(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>, values: &mut Values) {
    // A null would clear fields that the caller may not know of, so each is to be named.
    let Some(mut members) = Members::of(reader, *place, json) else { return };
    let rest = members.rest();
    if rest.len() > CUSTOM_MAX {
        reader.errors.add(place, "too_many", format!("give at most {CUSTOM_MAX} custom fields"));
        return;
    }
    let mut seen = HashSet::with_capacity(rest.len());
    for (key, json) in rest {
        let at = place.member(&key);
        if !seen.insert(key.clone()) {
            reader.errors.add(&at, "duplicate_member", "give this member once");
        } else if let Some(key) = reader.errors.take(&at, parse_key(&key))
            && let Some(value) = custom_value(reader, &at, json)
        {
            values.push((Field::Custom(key), value));
        }
    }
}

fn custom_value(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Option<Value>> {
    Some(match json {
        Json::Null => None,
        Json::Boolean(yes) => Some(Value::Boolean(yes)),
        Json::Whole(_) | Json::Negative(_) | Json::Number(_) => Some(Value::Number(number(reader, place, &json)?)),
        Json::Text(_) => {
            let field = Field::Custom("".into());
            reader.parsed(place, &json, |text| parse_field(&field, text, None))?.map(Value::Text)
        }
        Json::List(_) => texts(reader, place, json)?,
        Json::Object(_) => return reader.wrong_type(place, "a text, a number, true, false, a list of texts or null"),
    })
}

/// A finite double (rule 37).
fn number(reader: &mut Reader<'_>, place: &Place<'_>, json: &Json<'_>) -> Option<f64> {
    let number = match json {
        Json::Whole(number) => serde_json::Number::from(*number),
        Json::Negative(number) => serde_json::Number::from(*number),
        Json::Number(number) => serde_json::Number::from_f64(*number)?,
        _ => return reader.wrong_type(place, "a number"),
    };
    reader.errors.take(place, parse_number(&number))
}

/// Several texts; an empty list is no value.
fn texts(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<Option<Value>> {
    let items = reader.list(place, json, LIST_MAX)?;
    let read = |(index, item): (usize, &Json<'_>)| {
        reader.parsed(&place.item(index), item, |text| parse_needed_text(text, TextRule::COMMENT))
    };
    let texts: Vec<Option<Arc<str>>> = items.iter().enumerate().map(read).collect();
    let texts: Vec<Arc<str>> = texts.into_iter().collect::<Option<_>>()?;
    Some((!texts.is_empty()).then_some(Value::List(texts)))
}
