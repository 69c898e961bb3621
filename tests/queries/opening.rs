//! A folder that can't be opened as it is.

use dossier::house::{House, Options};

use crate::world::World;

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
