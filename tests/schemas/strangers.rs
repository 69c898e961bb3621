//! What this version does not know is refused in words, wherever something would be decided on it.

use std::sync::Arc;

use dossier::adapters::memory::{MemoryEventStore, MemoryKeyring};
use dossier::app::streams::Streams;
use dossier::ports::{EventStore, Expected};
use dossier::sealing::Codec;
use dossier_domain::event::EVENT_TYPES;

use crate::examples::{Example, all, now};

/// Reads a contact's state where the only event of its stream says that it is `name`, `version`.
fn decide_on(name: &str, version: u16) -> String {
    now(async {
        let example = Example { name: name.into(), version, ..created() };
        let store = Arc::new(MemoryEventStore::default());
        let data = serde_json::json!({"public": example.content.public}).to_string().into_bytes();
        let stranger = example.recorded(1, 0, data);
        store.append(&stranger.stream, Expected::NoStream, vec![stranger.event]).await.unwrap();
        let codec = Arc::new(Codec::new(Arc::new(MemoryKeyring::default())));
        let streams = Streams::new(store, codec, None, 10);
        streams.contact(example.contact().unwrap()).await.unwrap_err().to_string()
    })
}

fn created() -> Example {
    all().into_iter().find(|example| example.name == "contact_created").unwrap()
}

#[test]
fn an_unknown_event_type_is_refused() {
    let error = decide_on("contact_enchanted", 1);
    assert_eq!(
        error,
        "internal: the contact_enchanted 1 at position 1 can't be read: this version does not know its type"
    );
}

#[test]
fn a_newer_version_of_a_known_type_is_refused() {
    let (_, today) = EVENT_TYPES.iter().find(|(name, _)| *name == "contact_created").unwrap();
    let error = decide_on("contact_created", today + 1);
    assert!(error.contains(&format!("the contact_created {} at position 1", today + 1)), "{error}");
}

#[test]
fn a_version_that_was_never_written_is_refused() {
    let error = decide_on("contact_created", 0);
    assert!(error.contains("position 1"), "{error}");
}
