//! How the house says that it is doing.

use dossier::api::bodies::ProjectionState;
use dossier::house::{House, Options};
use serde_json::json;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_it_has_caught_up() {
    let world = World::new().await;
    let before = world.house.readiness();
    assert!(!before.ready && before.reasons[0].contains("starting"), "{before:?}");
    let world = world.restarted().await;
    assert_eq!(json!(world.house.readiness()), json!({"ready": true, "reasons": []}));
    assert_eq!(json!(world.house.health()), json!({"healthy": true, "reasons": [], "damage": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_projection_says_how_far_it_is_behind() {
    let world = World::new().await;
    world.contact("a").await;
    let head = world.head().await;
    for body in world.house.projections().await.unwrap() {
        assert_eq!((body.state, body.checkpoint, body.lag), (ProjectionState::Live, head, 0), "{}", body.name);
    }
    let later = world.house.execute(world.command(&json!({"command": "create_contact", "first_name": "b"}))).await;
    let later = later.unwrap().position;
    for body in world.house.projections().await.unwrap() {
        assert_eq!((body.checkpoint, body.lag), (head, later - head), "{}", body.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_keyring_is_refused_and_not_replaced() {
    let world = World::new().await;
    world.contact("a").await;
    let head = world.head().await;
    let folder = world.stopped().await;
    std::fs::remove_file(folder.path().join("keys.db")).unwrap();
    let refusal = House::open(folder.path(), Options::default()).await.err().expect("it is refused").to_string();
    assert!(refusal.contains("keys.db") && refusal.contains(&head.to_string()), "{refusal}");
}
