//! What a filter sees of a composed contact.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::{Absorbed, ActivityLevel, Shown, ShownIdentity, ShownValue, Status, View};
use dossier_domain::field::{Field, Origin, Value};
use dossier_domain::fields::{Definition, Definitions, FieldType, Typed};
use dossier_domain::filter::{InstantField, Setting, Subject};
use dossier_domain::ids::{ContactId, IdentityId, MergeId};
use dossier_domain::state::{Block, Conversation, ConversationStatus, Counts};
use dossier_domain::values::time::parse_time;
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    parse_time(text).unwrap()
}

fn custom(key: &str) -> Field {
    Field::Custom(key.into())
}

fn identity(number: u128, channel: &str, external_id: Option<&str>) -> ShownIdentity {
    ShownIdentity {
        identity: IdentityId(Uuid::from_u128(number)),
        channel: channel.into(),
        external_id: external_id.map(Arc::from),
        connected_at: at("2026-01-01T00:00:00Z"),
        last_in: None,
        last_out: None,
        last: None,
        holder: ContactId(Uuid::from_u128(1)),
    }
}

fn view(fields: &[(Field, Value)]) -> View {
    let id = ContactId(Uuid::from_u128(1));
    let shown = |value: &Value| ShownValue { value: value.clone(), origin: Origin::Manual, from: id };
    View {
        id,
        workspace: "default".into(),
        shown: Shown {
            fields: fields.iter().map(|(field, value)| (field.clone(), shown(value))).collect(),
            tags: BTreeMap::from([("vip".into(), "VIP".into())]),
        },
        derived_country: Some("MY".into()),
        other_emails: vec!["old@example.com".into()],
        other_phones: vec!["+442079460018".into()],
        identities: vec![
            identity(1, "sms", Some("+60123456789")),
            identity(2, "sms", None),
            identity(3, "telegram", Some("ada")),
        ],
        source: Some("telegram".into()),
        conversation: Conversation {
            status: ConversationStatus::Snoozed,
            opened_at: Some(at("2026-03-01T00:00:00Z")),
            ..Conversation::default()
        },
        assignee: Some("user:1".into()),
        blocked: None,
        created_at: at("2026-01-01T00:00:00Z"),
        first_seen: at("2025-12-31T00:00:00Z"),
        last_in: Some(at("2026-03-02T00:00:00Z")),
        last_out: Some(at("2026-03-03T00:00:00Z")),
        last_interaction: Some((at("2026-03-04T00:00:00Z"), "sms".into())),
        counts: Counts::default(),
        absorbed: Vec::new(),
        revision: 0,
        position: 0,
    }
}

fn seen(view: &View, fields: &Definitions) -> Subject {
    Subject::new(view, Setting { fields, active_days: 30 }, at("2026-03-31T00:00:00Z"))
}

#[test]
fn a_filter_sees_what_the_contact_shows() {
    let names = [(Field::FirstName, Value::from("Ada")), (Field::Phone, Value::from("+60123456789"))];
    let subject = seen(&view(&names), &Definitions::default());
    assert_eq!((&*subject.display_name, subject.last_name.as_deref()), ("Ada", None));
    assert_eq!(subject.country.as_deref(), Some("MY"), "derived from the phone");
    assert_eq!((subject.source.as_deref(), subject.last_channel.as_deref()), (Some("telegram"), Some("sms")));
    assert_eq!((subject.status, subject.activity), (Status::Snoozed, ActivityLevel::Active));
    assert_eq!((subject.blocked, subject.has_absorbed), (false, false));
    assert!(subject.tags.contains_key("vip") && !subject.tags.contains_key("VIP"));
    assert_eq!(subject.channels.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["sms", "telegram"]);
    assert_eq!(subject.handles, ["+60123456789".into(), "ada".into()]);
    assert_eq!(subject.instant(&InstantField::LastMessage), Some(at("2026-03-03T00:00:00Z")));
    assert_eq!(subject.instant(&InstantField::FirstSeen), Some(at("2025-12-31T00:00:00Z")));
}

#[test]
fn a_country_that_was_set_is_not_derived() {
    let subject = seen(&view(&[(Field::Country, Value::from("SG"))]), &Definitions::default());
    assert_eq!(subject.country.as_deref(), Some("SG"));
}

#[test]
fn a_block_and_a_merge_show() {
    let mut view = view(&[]);
    view.blocked = Some(Block { reason: None, since: at("2026-03-30T00:00:00Z") });
    view.absorbed = vec![Absorbed {
        contact: ContactId(Uuid::from_u128(2)),
        merge: MergeId(Uuid::from_u128(3)),
        merged_at: at("2026-02-01T00:00:00Z"),
        primary: view.id,
    }];
    let subject = seen(&view, &Definitions::default());
    assert_eq!((subject.status, subject.activity), (Status::Blocked, ActivityLevel::Blocked));
    assert_eq!(subject.conversation_status, ConversationStatus::Snoozed);
    assert!(subject.blocked && subject.has_absorbed);
}

#[test]
fn custom_fields_are_seen_by_their_types_and_only_while_they_are_in_use() {
    let plain = |key: &str, kind: FieldType| Definition { key: key.into(), kind, options: Vec::new(), retired: false };
    let definitions: Definitions = [
        plain("score", FieldType::Number),
        plain("renewal", FieldType::Date),
        plain("topics", FieldType::MultiList),
        plain("typo", FieldType::Number),
        Definition { retired: true, ..plain("old", FieldType::Text) },
    ]
    .into_iter()
    .collect();
    let view = view(&[
        (custom("score"), Value::Number(7.0)),
        (custom("renewal"), Value::from("2026-03-01")),
        (custom("topics"), Value::List(vec!["News".into()])),
        (custom("typo"), Value::from("seven")),
        (custom("old"), Value::from("gone")),
        (custom("undefined"), Value::from("gone")),
    ]);
    let subject = seen(&view, &definitions);
    assert_eq!(subject.number("score"), Some(7.0));
    assert_eq!(subject.date("renewal").map(|day| day.to_string()).as_deref(), Some("2026-03-01"));
    assert_eq!(subject.custom.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["renewal", "score"]);
    assert_eq!(subject.custom_sets.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["topics"]);
    assert!(matches!(subject.custom["score"], Typed::Number(_)));
}
