//! Projections made anew beside the ones that serve.

use dossier::ports::read_store::Projection;
use serde_json::{Value, json};

use crate::world::{HOME, World, said};

/// A world with something in every projection.
async fn lived_in() -> (World, Vec<String>) {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(world.contact(name).await);
        world.says(name, "m1").await;
        world.run(json!({"command": "add_tag", "contact": ids[ids.len() - 1], "tag": "t"})).await;
    }
    world.merge(&ids[0], &ids[1]).await;
    world.run(json!({"command": "delete_contact", "contact": ids[3]})).await;
    (world, ids)
}

async fn rows(world: &World, projection: Projection) -> Vec<(Vec<u8>, Vec<u8>)> {
    world.house.read().plain_rows(projection, None, 1_000).await.unwrap()
}

async fn shown(world: &World, ids: &[String]) -> Value {
    let mut shown = Vec::new();
    for id in &ids[..3] {
        shown.push(world.show(id).await);
    }
    let tags = world.house.tags(HOME, "", None, 10).await.unwrap();
    json!([shown, tags, world.house.cycles(HOME).await.unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_gives_the_same_rows_and_goes_on() {
    let (world, ids) = lived_in().await;
    let before = shown(&world, &ids).await;
    for projection in Projection::ALL {
        let rows_before = rows(&world, projection).await;
        let mut told = Vec::new();
        world.house.rebuild(projection, |progress| told.push(progress)).await.unwrap();
        assert_eq!(rows(&world, projection).await, rows_before, "{}", projection.name());
        let head = world.head().await;
        assert!(told.last().is_some_and(|last| (last.done, last.head) == (head, head)), "{told:?}");
    }
    assert_eq!(shown(&world, &ids).await, before);
    world.says("c", "m2").await;
    assert_eq!(world.show(&ids[2]).await["counts"]["messages_in"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_mends_rows_that_were_damaged() {
    let (world, ids) = lived_in().await;
    let before = (rows(&world, Projection::Contacts).await, shown(&world, &ids).await);
    world.house.read().settle().await.unwrap();
    let damaged = rusqlite::Connection::open(world.house.path().join("read-contacts.db")).unwrap();
    assert!(damaged.execute("DELETE FROM rows", []).unwrap() > 0);
    assert!(rows(&world, Projection::Contacts).await.is_empty());
    drop(damaged);
    world.house.rebuild(Projection::Contacts, |_| {}).await.unwrap();
    assert_eq!((rows(&world, Projection::Contacts).await, shown(&world, &ids).await), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_reads_go_on_while_it_is_made_and_nothing_is_missed() {
    let (world, ids) = lived_in().await;
    let world = world.restarted().await;
    let made = {
        let house = world.house.clone();
        tokio::spawn(async move {
            for _ in 0..5 {
                for projection in Projection::ALL {
                    house.rebuild(projection, |_| {}).await.unwrap();
                }
            }
        })
    };
    let mut messages = 1;
    while !made.is_finished() {
        messages += 1;
        let answer = world.house.execute(world.command(&said("c", &format!("m{messages}")))).await.unwrap();
        world.house.wait_for(answer.position, std::time::Duration::from_secs(60)).await.unwrap();
        assert_eq!(world.show(&ids[2]).await["counts"]["messages_in"], messages);
    }
    made.await.unwrap();
    let answer = world.house.execute(world.command(&said("c", "last"))).await.unwrap();
    world.house.wait_for(answer.position, std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(world.show(&ids[2]).await["counts"]["messages_in"], messages + 1);
}
