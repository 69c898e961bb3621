//! Whatever later releases change: what the first one wrote is read, shows the same, and is gone on with.

use std::collections::BTreeSet;

use dossier::house::House;
use dossier::ports::EventStore;
use dossier::projecting;
use dossier_domain::event::EVENT_TYPES;
use dossier_domain::ids::ContactId;
use serde_json::Value;

use crate::folder::{copy, expected, is_being_written, open, script, write_anew};
use crate::script::{Part, play};
use crate::shown::{contact, events, shown};

#[tokio::test(flavor = "multi_thread")]
async fn it_is_written_anew_when_asked() {
    if is_being_written() {
        write_anew().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_script_still_makes_every_type_of_event() {
    let folder = tempfile::tempdir().unwrap();
    let house = open(folder.path()).await;
    play(&house, &script(), Part::All, |_, _| {}).await;
    let events = events(&house).await;
    let made: BTreeSet<_> = events.iter().map(|(_, opened)| opened.event.name()).collect();
    let missing: Vec<_> = EVENT_TYPES.iter().filter(|(name, _)| !made.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    house.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_contacts_and_statements_are_what_they_were() {
    if is_being_written() {
        return;
    }
    let folder = copy();
    let house = open(folder.path()).await;
    let (shown, expected) = (shown(&house).await, expected());
    for part in ["types", "statements"] {
        assert_eq!(shown[part], expected[part], "{part}");
    }
    let contacts = expected["contacts"].as_object().unwrap();
    assert_eq!(shown["contacts"].as_object().unwrap().len(), contacts.len());
    for (id, expected) in contacts {
        assert_eq!(&shown["contacts"][id], expected, "{id}");
    }
    house.stop().await.unwrap();
}

async fn verify(house: &House) -> Vec<String> {
    let scratch = tempfile::tempdir_in(house.path()).unwrap();
    let inputs = house.runner().inputs();
    let verdict = projecting::verify(inputs, house.read(), house.marks(), scratch.path(), |_| {}).await.unwrap();
    assert!(verdict.events > 100 && verdict.rows > 20, "{verdict:?}");
    verdict.faults
}

#[tokio::test(flavor = "multi_thread")]
async fn its_log_and_the_read_models_made_from_it_are_without_fault() {
    if is_being_written() {
        return;
    }
    let folder = copy();
    let house = open(folder.path()).await;
    assert_eq!(verify(&house).await, Vec::<String>::new());
    house.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_commands_are_answered_as_the_first_time() {
    if is_being_written() {
        return;
    }
    let folder = copy();
    let house = open(folder.path()).await;
    let head = house.store().head().await.unwrap();
    let mut again = 0;
    play(&house, &script(), Part::Accepted, |line, answer| {
        assert!(!answer.appended && answer.position <= head, "{line} is carried out twice");
        again += 1;
    })
    .await;
    assert!(again > 50, "{again} commands");
    assert_eq!(house.store().head().await.unwrap(), head);
    house.stop().await.unwrap();
}

/// The contact whose fields show this first name.
fn named(shown: &Value, name: &str) -> ContactId {
    let contacts = shown["contacts"].as_object().unwrap();
    let mut found = contacts.iter().filter(|(_, contact)| contact["fields"]["first_name"][0] == name);
    found.next().unwrap_or_else(|| panic!("nobody is called {name}")).0.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_left_unfinished_is_finished() {
    if is_being_written() {
        return;
    }
    let folder = copy();
    let house = open(folder.path()).await;
    let before = expected();
    let (karl, lena) = (named(&before, "Karl"), named(&before, "Lena"));
    house.start().await.unwrap();
    let absorbed = contact(&house, lena).await;
    assert_eq!((&absorbed["state"], &absorbed["into"]), (&"absorbed".into(), &karl.to_string().into()));
    let after = shown(&house).await;
    let left: Vec<_> = before["contacts"].as_object().unwrap().keys().collect();
    let abandoned = after["contacts"].as_object().unwrap().iter().filter(|(id, _)| !left.contains(id));
    assert_eq!(abandoned.map(|(_, contact)| contact["state"].clone()).collect::<Vec<_>>(), ["abandoned"]);
    let absorbed_before = |contact: &&Value| contact["state"] == "absorbed";
    let cascaded = before["contacts"].as_object().unwrap().values().filter(absorbed_before).count() + 1
        - after["contacts"].as_object().unwrap().values().filter(absorbed_before).count();
    assert_eq!(cascaded, 1, "whoever was absorbed in an erased contact is erased with it");
    house.stop().await.unwrap();
}
