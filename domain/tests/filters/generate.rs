//! Filters and contacts, made at random from a few values that meet each other often.

use dossier_domain::filter::{CodeField, FilterField, InstantField, Kind, Op, SetField, SpanUnit, TextField, TextForm};
use dossier_domain::values::time::parse_time;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::support::{Setting, one_field_of_each_type};

const NAMES: [&str; 6] = ["Ada", "ADA", "adèle", "Straße", "STRASSE 5%", "a_a"];
const PARTS: [&str; 6] = ["a", "DA", "è", "ss", "%", " "];
const EMAILS: [&str; 3] = ["ada@example.com", "Ada@Example.COM", "eve@other.example"];
const URLS: [&str; 2] = ["https://ada.example/", "https://eve.example/Notes"];
const PHONES: [&str; 3] = ["+60123456789", "+442079460018", "+14155552671"];
const DIGITS: [&str; 3] = ["6012", "+44", "267-1"];
const COUNTRIES: [&str; 3] = ["MY", "GB", "US"];
const LANGUAGES: [&str; 3] = ["en", "en-US", "ms-MY"];
const CHANNELS: [&str; 3] = ["sms", "telegram", "whatsapp"];
const ASSIGNEES: [&str; 3] = ["user:1", "user:A", "user:a"];
const OPTIONS: [&str; 3] = ["Gold", "Silver", "Bronze"];
const TAGS: [&str; 4] = ["VIP", "vip", "Lead", "Straße"];
const SEGMENTS: [&str; 3] = ["seg-a", "seg-b", "seg-c"];
const STATUSES: [&str; 4] = ["none", "open", "snoozed", "closed"];
const NUMBERS: [f64; 6] = [-3.0, -0.0, 0.5, 9.0, 10.0, 1e9];
const TIMES_OF_DAY: [&str; 4] = ["00:00", "09:00:30", "10:00", "17:30:00"];
const DAYS: [&str; 5] = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25", "2026-10-26"];
const INSTANTS: [&str; 7] = [
    "2026-03-28T22:59:59.999999Z",
    "2026-03-29T00:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-03-29T12:00:00Z",
    "2026-03-30T00:30:00+02:00",
    "2026-10-25T00:30:00Z",
    "2026-10-25T22:30:00Z",
];
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"];

/// Now, of every filter and contact that is made here.
pub(crate) const NOW: &str = "2026-03-30T00:30:00Z";

/// Where they are read and evaluated.
pub(crate) fn setting() -> Setting {
    Setting {
        fields: one_field_of_each_type(),
        zone: chrono_tz::Tz::Europe__Berlin,
        now: parse_time(NOW).unwrap(),
        region: Some("MY".into()),
    }
}

/// Values of a field, ascending where they have an order.
fn values(field: &FilterField) -> Vec<Json> {
    let texts: &[&str] = match field {
        FilterField::Text(field) => match field.form() {
            TextForm::Plain => &NAMES,
            TextForm::Email => &EMAILS,
            TextForm::Url => &URLS,
        },
        FilterField::Phone(_) => &PHONES,
        FilterField::Code(CodeField::Country) => &COUNTRIES,
        FilterField::Code(CodeField::Language) => &LANGUAGES,
        FilterField::Code(CodeField::Source | CodeField::LastChannel) | FilterField::Set(SetField::Channels) => {
            &CHANNELS
        }
        FilterField::Code(CodeField::Assignee) => &ASSIGNEES,
        FilterField::Code(CodeField::Custom(_)) | FilterField::Set(SetField::Custom(_)) => &OPTIONS,
        FilterField::Set(SetField::Tags) => &TAGS,
        FilterField::Set(SetField::Segment) => &SEGMENTS,
        FilterField::ConversationStatus => &STATUSES,
        FilterField::Status => &["none", "open", "blocked"],
        FilterField::Activity => &["active", "inactive", "blocked"],
        FilterField::Number(_) => return NUMBERS.map(Json::from).to_vec(),
        FilterField::Boolean(_) => return vec![json!(false), json!(true)],
        FilterField::Time(_) => &TIMES_OF_DAY,
        FilterField::Date(_) => &DAYS,
        FilterField::Instant(_) => &INSTANTS,
    };
    texts.iter().map(|text| json!(text)).collect()
}

/// Parts of values of a field.
fn parts(field: &FilterField) -> Vec<Json> {
    let texts: &[&str] = if matches!(field, FilterField::Phone(_)) { &DIGITS } else { &PARTS };
    texts.iter().map(|text| json!(text)).collect()
}

/// One right value for an operator, whether the field takes that or not; `None` for one that takes no value.
pub(crate) fn value_of(field: &FilterField, op: Op) -> Option<Json> {
    let values = values(field);
    Some(match op {
        Op::In | Op::Nin | Op::AnyOf | Op::AllOf | Op::NoneOf | Op::Exactly => Json::from(values),
        Op::Between => json!([values[0], values[values.len() - 1]]),
        Op::On => json!(DAYS[0]),
        Op::WithinLast | Op::OlderThan | Op::WithinNext => json!({"amount": 1, "unit": "day"}),
        Op::Contains | Op::NotContains | Op::StartsWith | Op::EndsWith => parts(field)[0].clone(),
        Op::IsSet | Op::IsUnset | Op::IsTrue | Op::IsFalse => return None,
        _ => values[0].clone(),
    })
}

/// Any value for an operator that the field takes; null for one that takes no value.
fn some_value(field: &FilterField, op: Op) -> BoxedStrategy<Json> {
    let mut values = values(field);
    if matches!(field, FilterField::Instant(_)) && op != Op::Between {
        values.extend(DAYS.map(Json::from));
    }
    let count = values.len();
    match op {
        Op::In | Op::Nin | Op::AnyOf | Op::AllOf | Op::NoneOf => {
            subsequence(values, 1..=count).prop_map(Json::from).boxed()
        }
        Op::Exactly => subsequence(values, 0..=2).prop_map(Json::from).boxed(),
        Op::Between => (subsequence(values.clone(), 2), any::<bool>())
            .prop_map(|(pair, twice)| if twice { json!([pair[0], pair[0]]) } else { Json::from(pair) })
            .boxed(),
        Op::On => select(DAYS.to_vec()).prop_map(Json::from).boxed(),
        Op::WithinLast | Op::OlderThan | Op::WithinNext => (1..40u32, select(SpanUnit::ALL.to_vec()))
            .prop_map(|(amount, unit)| json!({"amount": amount, "unit": unit.name()}))
            .boxed(),
        Op::Contains | Op::NotContains | Op::StartsWith | Op::EndsWith => select(parts(field)).boxed(),
        Op::IsSet | Op::IsUnset | Op::IsTrue | Op::IsFalse => Just(Json::Null).boxed(),
        _ => select(values).boxed(),
    }
}

/// Every field: the standard ones, and a custom one of each type.
pub(crate) fn fields() -> Vec<FilterField> {
    let standard = FilterField::STANDARD.into_iter().map(|(_, field)| field);
    standard.chain(one_field_of_each_type().iter().map(FilterField::custom)).collect()
}

pub(crate) fn condition() -> impl Strategy<Value = Json> {
    let field_and_op = select(fields()).prop_flat_map(|field| {
        let operators: Vec<Op> = field.kind().operators().collect();
        (Just(field), select(operators))
    });
    field_and_op.prop_flat_map(|(field, op)| {
        let zones = matches!(field, FilterField::Date(_) | FilterField::Instant(_));
        let zone = select(ZONES.to_vec()).prop_map(move |zone| if zones { json!(zone) } else { Json::Null });
        (some_value(&field, op), zone).prop_map(
            move |(value, zone)| json!({"field": field.name(), "op": op.name(), "value": value, "zone": zone}),
        )
    })
}

pub(crate) fn filter() -> impl Strategy<Value = Json> {
    condition().prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|nodes| json!({"all": nodes})),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|nodes| json!({"any": nodes})),
            inner.prop_map(|node| json!({"not": node})),
        ]
    })
}

/// A value for a field, or null.
fn shown(field: &FilterField) -> BoxedStrategy<Json> {
    let values = values(field);
    match field {
        FilterField::Set(_) => subsequence(values, 0..=2).prop_map(Json::from).boxed(),
        _ => prop_oneof![1 => Just(Json::Null), 2 => select(values)].boxed(),
    }
}

/// A contact as plain members.
pub(crate) fn contact() -> impl Strategy<Value = Json> {
    let derived = |field: &FilterField| {
        matches!(field, FilterField::Status | FilterField::Activity | FilterField::Text(TextField::DisplayName))
            || matches!(field, FilterField::Instant(InstantField::LastMessage))
    };
    let members = fields().into_iter().filter(|field| !derived(field));
    let members: Vec<_> = members.map(|field| shown(&field).prop_map(move |json| (field.name(), json))).collect();
    (any::<u8>(), members).prop_map(|(id, members)| {
        let (mut contact, mut custom) = (Map::new(), Map::new());
        for (name, json) in members.into_iter().filter(|(_, json)| !json.is_null()) {
            match name.strip_prefix("custom.") {
                Some(key) => custom.insert(key.to_owned(), json),
                None => contact.insert(if name == "segment" { "segments".into() } else { name.into_owned() }, json),
            };
        }
        contact.insert("id".into(), json!(Uuid::from_u128(id.into())));
        contact.insert("custom".into(), Json::Object(custom));
        Json::Object(contact)
    })
}

/// A sort.
pub(crate) fn sort() -> impl Strategy<Value = Json> {
    let names: Vec<_> =
        fields().into_iter().filter(|field| field.kind() != Kind::Set).map(|field| field.name()).collect();
    let key = (select(names), select(vec!["asc", "desc"]));
    prop::collection::vec(key, 1..=3).prop_map(|mut keys| {
        keys.dedup_by(|one, other| one.0 == other.0);
        if keys.len() == 3 && keys[0].0 == keys[2].0 {
            keys.pop();
        }
        keys.into_iter().map(|(by, order)| json!({"by": by, "order": order})).collect()
    })
}
