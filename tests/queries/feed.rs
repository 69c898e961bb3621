//! The feed of events.

use dossier::api::bodies::EntryBody;
use dossier::app::AppError;
use serde_json::json;

use crate::world::{HOME, World, said};

async fn events(world: &World, after: u64, types: &[&str]) -> (Vec<EntryBody>, u64) {
    let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
    let page = world.house.events(HOME, after, &types, 1_000).await.unwrap();
    (page.entries, page.reached)
}

fn types(entries: &[EntryBody]) -> Vec<&str> {
    entries.iter().map(|entry| entry.event_type).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_the_workspace_comes_once_in_order_as_it_was_recorded() {
    let world = World::new().await;
    let a = world.contact("a").await;
    let before = world.head().await;
    world.configure("other", "UTC", 1, 30).await;
    let said = world.says("a", "m1").await;
    let (all, reached) = events(&world, 0, &[]).await;
    assert_eq!(reached, world.head().await);
    assert!(all.is_sorted_by_key(|entry| entry.position));
    assert!(!types(&all).contains(&"workspace_configured"), "that one is of the other workspace");
    let (since, _) = events(&world, before, &[]).await;
    assert_eq!(types(&since), ["message_received", "conversation_opened"]);
    let message = &since[0];
    assert_eq!((message.contact_id.unwrap().to_string(), message.position), (a, said.position - 1));
    assert_eq!((message.channel.as_deref(), message.external_id.as_deref()), (Some("chat"), Some("a")));
    assert_eq!((message.actor.as_str(), message.data["content"]["text"].as_str()), ("api:anonymous", Some("m1 by a")));
    assert!(message.recorded_at.timestamp() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_chosen_and_what_was_passed_over_is_told() {
    let world = World::new().await;
    world.contact("a").await;
    world.says("a", "m1").await;
    let (chosen, reached) = events(&world, 0, &["contact_created", "message_received"]).await;
    assert_eq!(types(&chosen), ["contact_created", "message_received"]);
    assert_eq!(reached, world.head().await, "events of other types are passed over for good");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_comes_without_its_words() {
    let world = World::new().await;
    let a = world.contact("a").await;
    world.says("a", "m1").await;
    world.run(json!({"command": "delete_contact", "contact": a})).await;
    let (chosen, _) = events(&world, 0, &["message_received"]).await;
    let shown = serde_json::to_string(&chosen).unwrap();
    assert!(chosen.len() == 1 && !shown.contains("m1") && !shown.contains("anonymous"), "{shown}");
}
#[tokio::test(flavor = "multi_thread")]
async fn no_workspace_sees_another_ones_events() {
    let world = World::new().await;
    world.configure("north", "UTC", 1, 30).await;
    world.says("a", "m1").await;
    let north = world.house.events("north", 0, &[], 100).await.unwrap();
    assert_eq!(north.entries.iter().map(|entry| entry.event_type).collect::<Vec<_>>(), ["workspace_configured"]);
    assert_eq!(north.reached, world.head().await);
    let nowhere = world.house.events("nowhere", 0, &[], 100).await;
    assert!(matches!(nowhere, Err(AppError::UnknownWorkspace)), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_woken_by_the_next_event() {
    let world = World::new().await;
    let head = world.head().await;
    let (woken, _) = tokio::join!(world.house.wait_past(head), world.try_run(said("a", "m1")));
    assert!(woken.unwrap() > head);
}
