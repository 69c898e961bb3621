//! What read models are at, and making one anew while the old one serves.

use std::sync::Arc;

use dossier::api::bodies::ProjectionState;
use dossier::app::AppError;
use dossier::house::{House, Options};
use dossier::ports::read_store::Projection;
use serde_json::json;

use crate::world::{World, id_of, said};

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_says_how_far_it_is_behind_the_log() {
    let world = World::new().await;
    let before = world.head().await;
    world.house.submit(&world.command(&said("a", "m1"))).await.unwrap();
    world.house.durable(world.house.app().newest()).await.unwrap();
    let head = world.head().await;
    for one in world.house.projections().await.unwrap() {
        assert_eq!((one.checkpoint, one.lag, one.state), (before, head - before, ProjectionState::Live));
    }
    world.settle().await;
    let all = world.house.projections().await.unwrap();
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["contacts", "mac", "unfinished"]);
    assert!(all.iter().all(|one| one.lag == 0 && one.checkpoint == head && one.rebuild.is_none()), "{all:?}");
}

/// Waits until nothing is rebuilt any more.
async fn rebuilt(house: &Arc<House>) {
    while house.projections().await.unwrap().iter().any(|one| one.state == ProjectionState::Rebuilding) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_serves_what_came_meanwhile_and_follows_the_log_afterwards() {
    let world = World::new().await;
    let primary = world.contact("a").await;
    world.merge(&primary, &world.contact("b").await).await;
    let world = world.restarted().await;
    for projection in Projection::ALL {
        let begun = world.house.begin_rebuild(projection.name()).await.unwrap();
        assert_eq!((begun.name.as_str(), begun.state), (projection.name(), ProjectionState::Rebuilding));
        for number in 0..50 {
            world.house.submit(&world.command(&said("b", &format!("{projection:?}{number}")))).await.unwrap();
        }
        rebuilt(&world.house).await;
    }
    let after = world.house.execute(world.command(&said("a", "after"))).await.unwrap();
    assert_eq!(id_of(&after), primary);
    world.house.runner().reached(after.position).await;
    assert_eq!(world.show(&primary).await["counts"]["messages_in"], 151);
    let left = std::fs::read_dir(world.house.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("scratch-"));
    assert_eq!(left.count(), 0);
    let verdict = dossier::projecting::verify(world.house.runner().inputs(), |_| {}).await;
    assert_eq!(verdict.unwrap().faults, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_tells_its_progress_up_to_the_head() {
    let world = World::new().await;
    world.contact("a").await;
    let mut told = Vec::new();
    world.house.rebuild(Projection::Contacts, |progress| told.push((progress.done, progress.head))).await.unwrap();
    let head = world.head().await;
    assert_eq!(told.last(), Some(&(head, head)));
    assert!(matches!(world.house.begin_rebuild("nothing").await, Err(AppError::UnknownProjection)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_of_a_rebuild_is_gone_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("scratch-old");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("read-mac.db"), "x").unwrap();
    let house = House::open(folder.path(), Options::default()).await.unwrap();
    assert!(!left.exists());
    drop(house);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_when_it_has_started_and_healthy_while_nothing_fails() {
    let world = World::new().await;
    world.run(json!({"command": "create_contact", "first_name": "Ada"})).await;
    let starting = world.house.readiness();
    assert!(!starting.ready && starting.reasons[0].contains("starting"), "{starting:?}");
    assert!(world.house.health().healthy);
    let world = world.restarted().await;
    assert!(world.house.readiness().ready && world.house.health().healthy);
    world.house.stop().await.unwrap();
}
