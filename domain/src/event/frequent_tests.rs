use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::Value as Json;
use uuid::Uuid;

use super::*;

/// The parts of an event as they are written.
fn parts(event: &Event) -> (Vec<u8>, Option<Vec<u8>>) {
    (event.public_json().unwrap(), event.personal_json().unwrap())
}

fn again(event: &Event, (public, personal): &(Vec<u8>, Option<Vec<u8>>)) -> Option<Event> {
    read(event.name(), public, personal.as_deref())
}

/// The same JSON with other white space and another order of members.
fn in_another_form(json: &[u8]) -> Vec<u8> {
    fn turned(json: Json) -> String {
        match json {
            Json::Object(members) => {
                let members: Vec<_> = members.into_iter().rev().collect();
                let members =
                    members.into_iter().map(|(name, value)| format!("{} :\n{}", Json::from(name), turned(value)));
                format!("{{ {} }}", members.collect::<Vec<_>>().join(" , "))
            }
            Json::Array(values) => format!("[ {} ]", values.into_iter().map(turned).collect::<Vec<_>>().join(" ,")),
            other => other.to_string(),
        }
    }
    turned(serde_json::from_slice(json).unwrap()).into_bytes()
}

fn words() -> impl Strategy<Value = Arc<str>> {
    prop_oneof!["[a-z0-9_-]{1,12}", ".{0,24}", "[ -~\n\u{e4}\u{1f600}]{0,80}"].prop_map(Arc::from)
}

fn uuids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn holders() -> impl Strategy<Value = Option<ContactId>> {
    prop::option::of(uuids().prop_map(ContactId))
}

fn times() -> impl Strategy<Value = DateTime<Utc>> {
    let nanos = prop_oneof![Just(0), (0..1_000_u32).prop_map(|milli| milli * 1_000_000), 0..1_000_000_000_u32];
    (0..253_402_300_800_i64, nanos).prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

fn personal<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Personal<T>> {
    prop::option::of(value).prop_map(Personal::from)
}

fn kinds() -> impl Strategy<Value = InteractionKind> {
    prop::sample::select(vec![InteractionKind::Message, InteractionKind::Reaction, InteractionKind::Call])
}

fn senders() -> impl Strategy<Value = Sender> {
    prop::sample::select(vec![Sender::User, Sender::Workflow, Sender::Api, Sender::Ai, Sender::Broadcast])
}

fn messages() -> impl Strategy<Value = Event> {
    let content = prop::option::of(words().prop_map(|text| Content::Text { text }));
    let said = personal((words(), words(), content).prop_map(|(external_id, message_id, content)| MessageText {
        external_id,
        message_id,
        content,
    }));
    let common = (uuids(), words(), times(), kinds(), holders(), said);
    (common, prop::option::of((senders(), any::<[u8; 16]>()))).prop_map(|(common, sent)| {
        let (identity, channel, at, kind, holder, personal) = common;
        let identity = IdentityId(identity);
        match sent {
            None => MessageReceived { identity, channel, at, kind, holder, personal }.into(),
            Some((sender, message)) => {
                let message = crate::ids::Mark(message);
                MessageSent { identity, channel, at, kind, sender, message, holder, personal }.into()
            }
        }
    })
}

fn changes() -> impl Strategy<Value = FieldChange> {
    let fields = prop_oneof![
        prop::sample::select(Field::STANDARD.to_vec()),
        "[a-z]{1,8}".prop_map(|key| Field::Custom(Arc::from(key)))
    ];
    let values = prop::option::of(prop_oneof![
        4 => words().prop_map(Value::Text),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => prop::num::f64::NORMAL.prop_map(Value::Number),
        1 => prop::collection::vec(words(), 0..3).prop_map(Value::List),
    ]);
    let origins = vec![Origin::Manual, Origin::Channel, Origin::Derived, Origin::Import, Origin::Api];
    (fields, values, prop::sample::select(origins)).prop_map(|(field, value, origin)| FieldChange {
        field,
        value,
        origin,
    })
}

fn others() -> impl Strategy<Value = Event> {
    let named = || personal(words().prop_map(|external_id| IdentityNamed { external_id }));
    let edit = personal(prop::collection::vec(changes(), 0..4).prop_map(|changes| ProfileEdit { changes }));
    let tag = personal((words(), words()).prop_map(|(key, name)| TagNamed { key, name }));
    prop_oneof![
        Just(ContactCreated {}.into()),
        Just(ConversationOpened {}.into()),
        tag.prop_map(|personal| TagAdded { personal }.into()),
        (holders(), edit).prop_map(|(holder, personal)| ProfileEdited { holder, personal }.into()),
        (uuids(), words(), named()).prop_map(|(contact, channel, personal)| {
            IdentityClaimed { contact: ContactId(contact), channel, personal }.into()
        }),
        (uuids(), any::<u64>(), words(), named()).prop_map(|(identity, epoch, channel, personal)| {
            IdentityConnected { identity: IdentityId(identity), epoch, channel, personal }.into()
        }),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![messages(), others()]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_here(event in events()) {
        prop_assert_eq!(again(&event, &parts(&event)), Some(event));
    }

    #[test]
    fn another_form_is_read_all_the_same(event in events()) {
        let (public, personal) = parts(&event);
        let (public, personal) = (in_another_form(&public), personal.as_deref().map(in_another_form));
        prop_assert_eq!(Event::read(event.name(), &public, personal.as_deref()).unwrap(), event);
    }

    /// Whatever the fast way makes of bytes that nobody wrote, serde makes of them too.
    #[test]
    fn damaged_parts_are_read_as_serde_reads_them(
        event in messages(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let (mut public, _) = parts(&event);
        let place = place.index(public.len());
        match cut {
            true => public.truncate(place),
            false => public[place] = byte,
        }
        let read = read(event.name(), &public, None);
        let expected = match &event {
            Event::MessageReceived(_) => serde_json::from_slice::<MessageReceived>(&public).ok().map(Event::from),
            _ => serde_json::from_slice::<MessageSent>(&public).ok().map(Event::from),
        };
        prop_assert_eq!(read, expected);
    }
}

/// Escapes aside, serde is not needed: else nothing would be gained, and nobody would see it.
#[test]
fn the_usual_message_needs_no_serde() {
    let said = MessageText {
        external_id: "+60123456789".into(),
        message_id: "m-1".into(),
        content: Some(Content::Text { text: "Gr\u{fc}\u{df}e, 5 o'clock?".into() }),
    };
    let event = MessageReceived {
        identity: IdentityId(Uuid::from_u128(1)),
        channel: "sms".into(),
        at: "2026-03-01T10:00:00.123456Z".parse().unwrap(),
        kind: InteractionKind::Message,
        holder: Some(ContactId(Uuid::from_u128(2))),
        personal: Personal::Open(said.clone()),
    };
    let (public, personal) = parts(&event.clone().into());
    let erased = MessageReceived { personal: Personal::Erased, ..event };
    assert_eq!(Cursor::whole(&public, received), Some(erased));
    assert_eq!(Cursor::whole(&personal.unwrap(), text), Some(said));
}
