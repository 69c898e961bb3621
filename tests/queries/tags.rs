//! Tag suggestions: what live contacts show, counted.

use serde_json::json;

use crate::world::{HOME, World};

async fn tags(world: &World, prefix: &str) -> Vec<(String, u64)> {
    let found = world.house.tags(HOME, prefix, None, 10).await.unwrap();
    found.tags.into_iter().map(|tag| (tag.tag, tag.count)).collect()
}

async fn tag(world: &World, contact: &str, command: &str, tag: &str) {
    world.run(json!({"command": command, "contact": contact, "tag": tag})).await;
}

fn counted(tags: &[(&str, u64)]) -> Vec<(String, u64)> {
    tags.iter().map(|(tag, count)| ((*tag).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_suggested_by_use_spelled_as_first_used() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    for (contact, name) in [(&a, "Straße"), (&b, "STRASSE"), (&a, "Stray"), (&a, "other")] {
        tag(&world, contact, "add_tag", name).await;
    }
    assert_eq!(tags(&world, "").await, counted(&[("Straße", 2), ("other", 1), ("Stray", 1)]));
    assert_eq!(tags(&world, " STRAß").await, counted(&[("Straße", 2)]));
    let first = world.house.tags(HOME, "s", None, 1).await.unwrap();
    let second = world.house.tags(HOME, "s", first.next_cursor.as_deref(), 1).await.unwrap();
    let both = [&first, &second].map(|page| (page.tags[0].tag.as_str(), page.tags.len()));
    assert_eq!((both, &second.next_cursor), ([("Straße", 1), ("Stray", 1)], &None));
    tag(&world, &a, "remove_tag", "other").await;
    assert_eq!(tags(&world, "o").await, counted(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_counts_once_for_all_that_is_merged() {
    let world = World::new().await;
    let (a, b, c) = (world.contact("a").await, world.contact("b").await, world.contact("c").await);
    for (contact, name) in [(&a, "t"), (&b, "t"), (&c, "t"), (&c, "u")] {
        tag(&world, contact, "add_tag", name).await;
    }
    assert_eq!(tags(&world, "").await, counted(&[("t", 3), ("u", 1)]));
    let inner = world.merge(&b, &c).await;
    world.merge(&a, &b).await;
    assert_eq!(tags(&world, "").await, counted(&[("t", 1), ("u", 1)]));
    tag(&world, &a, "remove_tag", "u").await;
    assert_eq!(tags(&world, "").await, counted(&[("t", 1)]));
    world.unmerge(&inner).await;
    assert_eq!(tags(&world, "").await, counted(&[("t", 2), ("u", 1)]));
    world.run(json!({"command": "delete_contact", "contact": a})).await;
    assert_eq!(tags(&world, "").await, counted(&[("t", 1), ("u", 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_counts_the_same() {
    let world = World::new().await;
    let (a, b, c) = (world.contact("a").await, world.contact("b").await, world.contact("c").await);
    let erased = world.contact("d").await;
    for (contact, name) in [(&a, "t"), (&b, "t"), (&c, "t"), (&c, "U"), (&erased, "gone")] {
        tag(&world, contact, "add_tag", name).await;
    }
    world.merge(&b, &c).await;
    let undone = world.merge(&a, &b).await;
    world.unmerge(&undone).await;
    world.run(json!({"command": "delete_contact", "contact": erased})).await;
    let before = tags(&world, "").await;
    assert_eq!(before, counted(&[("t", 2), ("U", 1)]));
    let world = world.restarted().await;
    assert_eq!(tags(&world, "").await, before);
}
