//! Profile values: the standard fields, and `custom`. Custom values are taken by their JSON type alone; the definitions
//! of fields, which give them types of their own, come later.

use std::collections::HashSet;
use std::sync::Arc;

use dossier_domain::field::{Field, Value};
use dossier_domain::values::profile::parse_field;
use dossier_domain::values::text::{TextRule, parse_needed_text};

use super::Reader;
use super::json::Json;
use super::members::Members;
use super::place::Place;

/// The most custom fields in one body.
const CUSTOM_MAX: usize = 500;
/// The most texts in one custom value.
const LIST_MAX: usize = 500;
/// The longest key of a custom field.
const KEY_MAX: usize = 64;
/// Beyond it, not every whole number is a double of its own.
const EXACT_MAX: u64 = 1 << 53;

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
        Some(key) => is_key(key).then(|| Field::Custom(key.into())),
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
        } else if !is_key(&key) {
            reader.errors.add(&at, "invalid_field_key", "write the key of a custom field as 1 to 64 of a-z, 0-9 and _");
        } else if let Some(value) = custom_value(reader, &at, json) {
            values.push((Field::Custom(Arc::from(&*key)), value));
        }
    }
}

fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(plain)
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

/// A finite double; -0 is 0, and a whole number that no double holds is refused rather than rounded (rule 37).
fn number(reader: &mut Reader<'_>, place: &Place<'_>, json: &Json<'_>) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "whole numbers are at most 2^53 here")]
    let number = match json {
        Json::Whole(number) if *number <= EXACT_MAX => *number as f64,
        Json::Negative(number) if number.unsigned_abs() <= EXACT_MAX => *number as f64,
        Json::Number(number) if number.fract() != 0.0 || number.abs() <= EXACT_MAX as f64 => *number,
        _ => {
            reader.errors.add(place, "number_too_large", "write whole numbers beyond 2^53 as text");
            return None;
        }
    };
    Some(if number == 0.0 { 0.0 } else { number })
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
