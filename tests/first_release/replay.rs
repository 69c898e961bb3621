//! Whatever later releases change: what the first one wrote is read, shows the same, and is gone on with.

use std::collections::BTreeSet;

use dossier::house::House;
use dossier::ports::EventStore;
use dossier::projecting;
use dossier_domain::event::EVENT_TYPES;
use dossier_projections::unfinished::Unfinished;
use serde_json::Value;

use crate::folder::{copy, expected, is_being_written, open, script, write_anew};
use crate::script::{Part, play};
use crate::shown::{events, shown};

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

/// The contacts of which something holds, by id.
fn contacts<'a>(shown: &'a Value, holds: impl Fn(&Value) -> bool) -> Vec<&'a str> {
    let contacts = shown["contacts"].as_object().unwrap().iter();
    contacts.filter(|(_, contact)| holds(contact)).map(|(id, _)| &**id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_left_unfinished_is_finished() {
    if is_being_written() {
        return;
    }
    let folder = copy();
    let house = open(folder.path()).await;
    let before = expected();
    assert_eq!(house.runner().projectors().await.unfinished().merges.len(), 1);
    house.start().await.unwrap();
    // Stopping flushes; what is durable can still be read.
    house.stop().await.unwrap();
    house.catch_up().await.unwrap();
    let after = shown(&house).await;

    let named = |name: &str| contacts(&before, |contact| contact["fields"]["first_name"][0] == name)[0];
    let (karl, lena) = (named("Karl"), named("Lena"));
    assert_eq!(after["contacts"][lena]["state"], "absorbed", "the merge was neither decided nor refused");
    assert_eq!(after["contacts"][lena]["into"], karl);

    let spared = contacts(&before, |contact| {
        contact["state"] == "absorbed" && before["contacts"][contact["into"].as_str().unwrap()]["state"] == "erased"
    });
    assert_eq!(spared.len(), 1, "the erasure had not gone down the tree");
    assert_eq!(after["contacts"][spared[0]]["state"], "erased");

    let added = contacts(&after, |_| true).into_iter().filter(|id| before["contacts"].get(id).is_none());
    let added: Vec<_> = added.map(|id| &after["contacts"][id]["state"]).collect();
    assert_eq!(added, ["abandoned"], "the claim's contact never came to exist");
    assert_eq!(*house.runner().projectors().await.unfinished(), Unfinished::default());
}
