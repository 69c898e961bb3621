//! Every example goes through the one codec: sealed, stored, opened, and erased.

use std::sync::Arc;

use dossier::adapters::memory::MemoryKeyring;
use dossier::ports::Keyring;
use dossier::sealing::{Codec, schemas::SCHEMAS};
use dossier_domain::ids::Stream;
use dossier_domain::meta::{Actor, ActorKind};
use serde_json::Value;
use uuid::Uuid;

use crate::examples::{Example, all, now};

struct Sealed {
    keyring: Arc<MemoryKeyring>,
    codec: Codec,
    recorded: dossier::ports::Recorded,
}

async fn sealed(example: &Example) -> Sealed {
    let keyring = Arc::new(MemoryKeyring::default());
    let codec = Codec::new(keyring.clone());
    let meta = example.meta();
    let id = Uuid::from_u128(1);
    let event = codec.seal(&example.stream(), id, &example.event(), &meta).await.unwrap();
    let mut recorded = example.recorded(1, 0, Vec::new());
    recorded.event = event;
    Sealed { keyring, codec, recorded }
}

fn in_order(example: impl Fn(&Example)) {
    all().iter().for_each(example);
}

#[test]
fn what_is_stored_is_what_the_schema_of_the_store_says() {
    let schema = SCHEMAS.iter().find(|schema| schema.name == "stored").unwrap();
    let schema: Value = serde_json::from_str(schema.text).unwrap();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    in_order(|example| {
        let stored = now(sealed(example)).recorded.event;
        let data: Value = serde_json::from_slice(&stored.data).unwrap();
        assert!(validator.is_valid(&data), "{}: {data}", example.file);
        assert_eq!(data["public"], example.content.public, "{}", example.file);
        let meta: Value = serde_json::from_slice(&stored.meta).unwrap();
        assert_eq!(meta, example.content.meta, "{}", example.file);
    });
}

#[test]
fn what_was_sealed_opens_as_it_was() {
    in_order(|example| {
        now(async {
            let Sealed { codec, recorded, .. } = sealed(example).await;
            let opened = codec.open(&recorded).await.unwrap();
            assert!(!opened.damaged, "{}", example.file);
            assert_eq!(opened.event, example.event(), "{}", example.file);
            assert_eq!(opened.meta, example.meta(), "{}", example.file);
        });
    });
}

#[test]
fn nothing_personal_is_readable_in_what_is_stored() {
    in_order(|example| {
        let stored = now(sealed(example)).recorded.event;
        let stored = [stored.data, stored.meta].concat();
        let stored = String::from_utf8(stored).unwrap();
        let mut words = Vec::new();
        example.content.personal.iter().for_each(|personal| collect_words(personal, &mut words));
        words.extend(example.content.actor.iter().map(|actor| actor.to_string()));
        // The name of a channel is not personal, also where it is the channel that acts.
        words.retain(|word| !["whatsapp", "telegram"].contains(&word.as_str()));
        for word in words {
            let word = serde_json::to_string(&word).unwrap();
            assert!(!stored.contains(word.trim_matches('"')), "{}: {word} is readable", example.file);
        }
    });
}

/// Every text of some length in the personal part that came from outside.
fn collect_words(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) if text.chars().count() > 3 => words.push(text.clone()),
        Value::Array(members) => members.iter().for_each(|member| collect_words(member, words)),
        Value::Object(members) => {
            let named =
                members.iter().filter(|(name, _)| !["type", "origin", "field", "choices"].contains(&name.as_str()));
            named.for_each(|(_, member)| collect_words(member, words));
        }
        _ => {}
    }
}

/// The contacts, and the workspace's own, whose keys an example is sealed with.
fn holders(example: &Example) -> Vec<Uuid> {
    let also = example.event().also_sealed_for().map(|also| also.0);
    let own = match example.stream() {
        Stream::Contact(contact) => Some(contact.0),
        Stream::Workspace(name) => Some(dossier::sealing::Marks::workspace_key(&name)),
        Stream::Identity(_) => None,
    };
    own.into_iter().chain(also).collect()
}

#[test]
fn whichever_of_its_keys_is_destroyed_an_event_is_erased_and_not_damaged() {
    in_order(|example| {
        for holder in holders(example) {
            now(async {
                let Sealed { keyring, codec, recorded } = sealed(example).await;
                keyring.destroy(holder).await.unwrap();
                let opened = codec.open(&recorded).await.unwrap();
                assert!(!opened.damaged, "{}", example.file);
                assert_eq!(opened.event, example.erased(), "{}", example.file);
                let mut actor = example.meta().actor;
                actor.erase();
                assert_eq!(opened.meta.actor, actor, "{}", example.file);
            });
        }
    });
}

#[test]
fn a_key_that_is_lost_is_damage() {
    in_order(|example| {
        now(async {
            let Sealed { recorded, .. } = sealed(example).await;
            let elsewhere = Codec::new(Arc::new(MemoryKeyring::default()));
            let opened = elsewhere.open(&recorded).await.unwrap();
            let is_sealed = example.content.personal.is_some() || example.content.actor.is_some();
            assert_eq!(opened.damaged, is_sealed, "{}", example.file);
            assert_eq!(opened.event, example.erased(), "{}", example.file);
        });
    });
}

#[test]
fn the_store_itself_needs_no_sealing_to_be_named() {
    let by_timer = all().into_iter().find(|example| example.file == "conversation_opened.v1.by_timer").unwrap();
    assert_eq!(by_timer.meta().actor, Actor::system());
    assert_eq!(by_timer.meta().actor.kind, ActorKind::System);
}
