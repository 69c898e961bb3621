//! The feed of events: a workspace's own, in the order of the log.

use dossier::app::AppError;
use serde_json::json;

use crate::world::{HOME, World, said};

fn types(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_goes_through_the_log_in_order_and_says_how_far_it_read() {
    let world = World::new().await;
    world.says("a", "m1").await;
    world.run(json!({"command": "add_comment", "contact": "channel:chat:a", "text": "nice"})).await;
    let all = world.house.events(HOME, 0, &[], 100).await.unwrap();
    let positions: Vec<u64> = all.entries.iter().map(|entry| entry.position).collect();
    assert!(positions.is_sorted() && positions.len() >= 4, "{positions:?}");
    assert_eq!((all.reached, positions.last()), (world.head().await, Some(&all.reached)));
    let comment = all.entries.last().unwrap();
    assert_eq!((comment.event_type, &comment.data), ("comment_added", &json!({"text": "nice"})));
    assert_eq!(comment.actor, "api:anonymous");
    let rest = world.house.events(HOME, positions[1], &[], 1).await.unwrap();
    assert_eq!(rest.entries, all.entries[2..3]);
    let end = world.house.events(HOME, all.reached, &[], 100).await.unwrap();
    assert_eq!((end.entries.len(), end.reached), (0, all.reached));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_other_types_are_passed_over_and_counted_as_read() {
    let world = World::new().await;
    world.says("a", "m1").await;
    let messages = world.house.events(HOME, 0, &types(&["message_received", "tag_added"]), 100).await.unwrap();
    assert_eq!(messages.entries.iter().map(|entry| entry.event_type).collect::<Vec<_>>(), ["message_received"]);
    assert_eq!(messages.reached, world.head().await);
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
