//! The timeline and the history: which entries, in which order, page by page.

use dossier::api::bodies::EntryKind;
use dossier::app::AppError;
use dossier::app::query::TimelineQuery;
use dossier_domain::rejection::Rejection;
use serde_json::{Value, json};

use crate::world::{HOME, World, all, id_of, reference, rejection, said};

async fn timeline(world: &World, contact: &str, query: &TimelineQuery) -> Vec<Value> {
    let page = world.house.timeline(HOME, &reference(contact), query).await.unwrap();
    assert!(page.next_cursor.is_none());
    page.entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect()
}

async fn history(world: &World, contact: &str, query: &TimelineQuery) -> Vec<Value> {
    let page = world.house.history(HOME, &reference(contact), query).await.unwrap();
    assert!(page.next_cursor.is_none());
    page.entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect()
}

fn of_kind(kind: EntryKind) -> TimelineQuery {
    TimelineQuery { kinds: vec![kind], ..all() }
}

fn message_ids(entries: &[Value]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry["data"]["message_id"].as_str()).collect()
}

fn types(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_told_newest_first_by_their_own_time() {
    let world = World::new().await;
    let a = world.contact("a").await;
    for (message_id, at) in
        [("late", "2026-01-03T00:00:00Z"), ("early", "2026-01-01T00:00:00Z"), ("tie", "2026-01-03T00:00:00Z")]
    {
        let mut line = said("a", message_id);
        line["at"] = at.into();
        world.run(line).await;
    }
    let entries = timeline(&world, &a, &of_kind(EntryKind::Message)).await;
    assert_eq!(message_ids(&entries), ["tie", "late", "early"]);
    let tie = &entries[0];
    assert_eq!(
        (&tie["type"], &tie["contact_id"], &tie["cause"]),
        (&json!("message_received"), &json!(a), &json!("inbound"))
    );
    assert_eq!(
        (&tie["channel"], &tie["external_id"], &tie["at"]),
        (&json!("chat"), &json!("a"), &json!("2026-01-03T00:00:00Z"))
    );
    assert_eq!(tie["data"]["content"], json!({"type": "text", "text": "tie by a"}));
    assert_eq!((&tie["data"]["direction"], &tie["data"]["kind"]), (&json!("in"), &json!("message")));
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_channels_and_handles_are_filtered() {
    let world = World::new().await;
    let a = world.contact("a").await;
    world.run(json!({"command": "claim_channel", "contact": a, "channel": "mail", "external_id": "a@x.org"})).await;
    world.says("a", "1").await;
    world
        .run(json!({"command": "receive_message", "channel": "mail", "external_id": "a@x.org", "message_id": "2"}))
        .await;
    world
        .run(json!({"command": "send_message", "contact": a, "channel": "chat", "message_id": "3", "sender": "user",
            "text": "hello", "external_id": "other"}))
        .await;
    world.run(json!({"command": "add_comment", "contact": a, "text": "a note"})).await;
    let messages = timeline(&world, &a, &of_kind(EntryKind::Message)).await;
    assert_eq!(message_ids(&messages), ["3", "2", "1"]);
    assert_eq!((&messages[0]["data"]["direction"], &messages[0]["data"]["sender"]), (&json!("out"), &json!("user")));
    let comments = timeline(&world, &a, &of_kind(EntryKind::Comment)).await;
    assert_eq!((comments.len(), &comments[0]["data"]["text"]), (1, &json!("a note")));
    let chat = TimelineQuery { channel: Some("chat".into()), ..all() };
    let found = timeline(&world, &a, &chat).await;
    assert_eq!(types(&found), ["message_sent", "identity_connected", "message_received", "identity_connected"]);
    let handle = TimelineQuery { external_id: Some("a@x.org".into()), ..all() };
    let found = timeline(&world, &a, &handle).await;
    assert_eq!(types(&found), ["message_received", "identity_connected"]);
    let both = TimelineQuery { kinds: vec![EntryKind::Message, EntryKind::Comment], ..all() };
    assert_eq!(timeline(&world, &a, &both).await.len(), 4);
    world.run(json!({"command": "release_channel", "contact": a, "channel": "mail", "external_id": "a@x.org"})).await;
    assert_eq!(types(&timeline(&world, &a, &handle).await)[0], "identity_disconnected");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_block_suppressed_is_in_the_history_alone() {
    let world = World::new().await;
    let a = world.contact("a").await;
    world.run(json!({"command": "block_contact", "contact": a})).await;
    world.says("a", "1").await;
    world.run(json!({"command": "unblock_contact", "contact": a})).await;
    assert_eq!(timeline(&world, &a, &of_kind(EntryKind::Message)).await.len(), 0);
    let kept = history(&world, &a, &of_kind(EntryKind::Message)).await;
    assert_eq!(types(&kept), ["message_suppressed"]);
    assert_eq!(
        (&kept[0]["external_id"], &kept[0]["data"]),
        (&json!(null), &json!({"direction": "in", "kind": "message"}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_brings_all_and_an_unmerge_leaves_it_where_it_was_recorded() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    world.says("a", "a1").await;
    world.says("b", "b1").await;
    let merge = world.merge(&a, &b).await;
    world.says("b", "b2").await;
    let messages = of_kind(EntryKind::Message);
    for contact in [&a, &b] {
        assert_eq!(message_ids(&timeline(&world, contact, &messages).await), ["b2", "b1", "a1"]);
    }
    let own = TimelineQuery { own: true, ..messages.clone() };
    assert_eq!(message_ids(&timeline(&world, &b, &own).await), ["b1"]);
    assert_eq!(message_ids(&timeline(&world, &a, &own).await), ["b2", "a1"]);
    world.unmerge(&merge).await;
    assert_eq!(message_ids(&timeline(&world, &a, &messages).await), ["b2", "a1"]);
    assert_eq!(message_ids(&timeline(&world, &b, &messages).await), ["b1"]);
    let told = timeline(&world, &b, &of_kind(EntryKind::Event)).await;
    assert!(types(&told).iter().all(|name| !name.starts_with("merge_")), "{told:?}");
    let told = timeline(&world, &a, &of_kind(EntryKind::Event)).await;
    assert_eq!(types(&told)[..2], ["contact_unmerged", "contact_merged"]);
    assert!(types(&history(&world, &b, &all()).await).contains(&"merge_prepared"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_neither_repeat_nor_skip_while_more_comes() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    for number in 0..5 {
        world.says(if number % 2 == 0 { "a" } else { "b" }, &number.to_string()).await;
    }
    world.merge(&a, &b).await;
    let whole = timeline(&world, &a, &all()).await;
    for limit in [1, 2, 3, whole.len() - 1, whole.len()] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let query = TimelineQuery { limit, cursor: cursor.clone(), ..all() };
            let page = world.house.timeline(HOME, &reference(&a), &query).await.unwrap();
            seen.extend(page.entries.iter().map(|entry| serde_json::to_value(entry).unwrap()));
            world.says("a", &format!("{limit} {}", seen.len())).await;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let newest = seen.iter().position(|entry| entry["position"] == whole[0]["position"]).unwrap();
        assert_eq!(seen[newest..], whole, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_of_its_query_alone() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let query = TimelineQuery { limit: 1, ..all() };
    let page = world.house.timeline(HOME, &reference(&a), &query).await.unwrap();
    let again = TimelineQuery { cursor: page.next_cursor.clone(), ..query.clone() };
    assert!(world.house.timeline(HOME, &reference(&a), &again).await.is_ok());
    let elsewhere = [
        world.house.timeline(HOME, &reference(&b), &again).await,
        world.house.history(HOME, &reference(&a), &again).await,
        world.house.timeline(HOME, &reference(&a), &TimelineQuery { own: true, ..again.clone() }).await,
        world.house.timeline(HOME, &reference(&a), &TimelineQuery { channel: Some("chat".into()), ..again }).await,
    ];
    for outcome in elsewhere {
        assert!(matches!(outcome, Err(AppError::BadCursor)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_says_what_each_edit_changed() {
    let world = World::new().await;
    world.define(&[("tier", "number")]).await;
    let a = id_of(&world.run(json!({"command": "create_contact", "first_name": "Ada"})).await);
    let lines = [
        json!({"command": "update_contact", "contact": a, "first_name": "Eda", "custom": {"tier": 1}}),
        json!({"command": "update_contact", "contact": a, "first_name": null, "custom": {"tier": 2}}),
        json!({"command": "add_tag", "contact": a, "tag": "VIP"}),
        json!({"command": "remove_tag", "contact": a, "tag": "vip"}),
        json!({"command": "assign", "contact": a, "assignee": "user:1"}),
        json!({"command": "assign", "contact": a, "assignee": null}),
        json!({"command": "open_conversation", "contact": a}),
        json!({"command": "block_contact", "contact": a, "reason": "spam"}),
    ];
    for line in lines {
        world.run(line).await;
    }
    let mut told = history(&world, &a, &all()).await;
    told.reverse();
    let edits: Vec<(Value, Value)> =
        told.iter().map(|entry| (entry["data"]["before"].clone(), entry["data"]["after"].clone())).collect();
    let wanted = [
        (json!(null), json!(null)),
        (json!({"first_name": null}), json!({"first_name": "Ada"})),
        (json!({"custom.tier": null, "first_name": "Ada"}), json!({"custom.tier": 1, "first_name": "Eda"})),
        (json!({"custom.tier": 1, "first_name": "Eda"}), json!({"custom.tier": 2, "first_name": null})),
        (json!({"tag": null}), json!({"tag": "VIP"})),
        (json!({"tag": "VIP"}), json!({"tag": null})),
        (json!({"assignee": null}), json!({"assignee": "user:1"})),
        (json!({"assignee": "user:1"}), json!({"assignee": null})),
    ];
    assert_eq!(edits[..8], wanted);
    let statuses = edits[8..10].iter();
    let statuses: Vec<_> = statuses
        .map(|(before, after)| (before["conversation"]["status"].clone(), after["conversation"]["status"].clone()))
        .collect();
    assert_eq!(statuses, [(json!("none"), json!("open")), (json!("open"), json!("closed"))]);
    let (free, blocked) =
        (json!({"blocked": false, "blocked_reason": null}), json!({"blocked": true, "blocked_reason": "spam"}));
    assert_eq!(edits[10], (free, blocked));
    assert_eq!(told[2]["data"]["changes"][0]["origin"], "api");
    assert_eq!(told[2]["actor"], "api:anonymous");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_contact_the_history_keeps_what_is_not_personal() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    world.says("a", "1").await;
    world.run(json!({"command": "add_comment", "contact": a, "text": "a note"})).await;
    world.merge(&a, &b).await;
    let before = history(&world, &a, &all()).await;
    world.run(json!({"command": "delete_contact", "contact": a})).await;
    for contact in [&a, &b] {
        for own in [true, false] {
            let gone = world.house.timeline(HOME, &reference(contact), &TimelineQuery { own, ..all() }).await;
            assert_eq!(rejection(gone), Rejection::ContactErased { contact: contact.parse().unwrap() });
        }
    }
    let after = history(&world, &b, &all()).await;
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!(types(&after)[..2], ["contact_erased", "contact_erased"]);
    let text = serde_json::to_string(&after).unwrap();
    for personal in ["a note", "1 by a", "anonymous", "\"a\"", "\"b\""] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }
    let edited = after.iter().find(|entry| entry["type"] == "profile_edited").unwrap();
    assert_eq!(edited["data"], json!({"changes": null, "holder": null, "before": null, "after": null}));
    assert_eq!(edited["actor"], "api");
    let own = history(&world, &b, &TimelineQuery { own: true, ..all() }).await;
    assert!(own.iter().all(|entry| entry["contact_id"] == b));
    let gone = world.house.history(HOME, &reference("channel:chat:a"), &all()).await;
    assert_eq!(rejection(gone), Rejection::ContactNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_erased_contact_said_through_another_stays_there_without_its_words() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let merge = world.merge(&a, &b).await;
    world.says("b", "secret").await;
    world.unmerge(&merge).await;
    world.run(json!({"command": "delete_contact", "contact": b})).await;
    let told = timeline(&world, &a, &of_kind(EntryKind::Message)).await;
    assert_eq!(told.len(), 1);
    let data = &told[0]["data"];
    assert_eq!(
        (&told[0]["external_id"], &data["message_id"], &data["content"]),
        (&json!(null), &json!(null), &json!(null))
    );
    let handle = TimelineQuery { external_id: Some("b".into()), ..all() };
    assert!(timeline(&world, &a, &handle).await.is_empty());
}
