//! The composed contact: by every reference, now and as it was.

use dossier::app::AppError;
use dossier::app::query::AsOf;
use dossier_domain::rejection::Rejection;
use serde_json::json;

use crate::world::{HOME, World, id_of, reference, rejection, said, time};

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_shows_what_it_was_given() {
    let world = World::new().await;
    world.define(&[("tier", "number"), ("vip", "boolean")]).await;
    let made = world
        .run(json!({"command": "create_contact", "first_name": "Ada", "last_name": "Lovelace", "email": "Ada@x.org",
            "phone": "+60123456789", "custom": {"tier": 2, "vip": true}, "tags": ["Beta", "alpha"],
            "channels": [{"channel": "chat", "external_id": "ada"}]}))
        .await;
    let id = id_of(&made);
    let shown = world.show(&id).await;
    let wanted = json!({"id": id, "state": "live", "resolved_from": null, "display_name": "Ada Lovelace",
        "email": "Ada@x.org", "phone": "+60123456789", "country": "MY", "language": null,
        "custom": {"tier": 2, "vip": true}, "tags": ["alpha", "Beta"], "channels_total": 1, "source": null,
        "status": "none", "activity": "inactive", "blocked": false, "last_interaction": null, "absorbed": [],
        "also_known_as": {"emails": [], "phones": []}, "revision": made.revision, "position": made.position,
        "counts": {"messages_in": 0, "messages_out": 0, "suppressed": 0, "comments": 0}});
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(&shown[member], value, "{member}");
    }
    assert_eq!(shown["channels"][0]["external_id"], "ada");
    assert_eq!(shown["channels"][0]["contact_id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reference_leads_to_the_contact() {
    let world = World::new().await;
    let line = json!({"command": "create_contact", "email": "Ada@x.org", "phone": "+60123456789",
        "channels": [{"channel": "chat", "external_id": "a:da"}]});
    let id = id_of(&world.run(line).await);
    for text in [&*format!("id:{id}"), "email:ada@X.org", "phone:+60123456789", "channel:chat:a:da"] {
        assert_eq!(world.show(text).await["id"], id, "{text}");
    }
    for text in ["email:b@x.org", "phone:+60123456780", "channel:chat:b", "0192f0c1-2345-7abc-8def-0123456789ab"] {
        assert_eq!(world.refusal(text).await, Rejection::ContactNotFound, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_two_contacts_is_ambiguous() {
    let world = World::new().await;
    let line = json!({"command": "create_contact", "email": "ada@x.org"});
    let (one, other) = (world.run(line.clone()).await, world.run(line).await);
    let Rejection::AmbiguousReference { candidates } = world.refusal("email:ada@x.org").await else { panic!() };
    assert_eq!(candidates.len(), 2);
    assert!(candidates.contains(&one.contact_id.unwrap()) && candidates.contains(&other.contact_id.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absorbed_contact_leads_to_its_root() {
    let world = World::new().await;
    let (a, b, c) = (world.contact("a").await, world.contact("b").await, world.contact("c").await);
    world.run(json!({"command": "update_contact", "contact": c, "email": "c@x.org"})).await;
    let below = world.merge(&b, &c).await;
    world.merge(&a, &b).await;
    let by_channel = world.show("channel:chat:c").await;
    assert_eq!(by_channel["id"], a);
    assert_eq!(by_channel["resolved_from"], json!({"reference": "channel:chat:c", "contact_id": c, "merge_id": below}));
    assert_eq!(world.show(&c).await["resolved_from"]["reference"], format!("id:{c}"));
    let by_value = world.show("email:c@x.org").await;
    assert_eq!((&by_value["id"], &by_value["resolved_from"]), (&json!(a), &json!(null)));
    assert_eq!(by_value["absorbed"][0]["absorbed"][0]["contact_id"], c);
    assert_eq!(by_value["channels_total"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmerged_contact_shows_itself_with_its_conversation_closed() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    world.says("b", "1").await;
    let before = world.show(&b).await;
    let merge = world.merge(&a, &b).await;
    world.unmerge(&merge).await;
    let mut after = world.show(&b).await;
    assert_eq!((&before["status"], &after["status"]), (&json!("open"), &json!("closed")));
    assert_ne!(before["position"], after["position"]);
    for own in ["conversation", "status", "revision", "position"] {
        after[own] = before[own].clone();
    }
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_seen_half_way_shows_one_side_or_the_other() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    world.says("b", "1").await;
    let merge = world.merge(&a, &b).await;
    world.unmerge(&merge).await;
    // By position, every moment on the way: prepared, merged, removed, ended.
    let head = world.head().await;
    let mut seen = Vec::new();
    for position in 1..=head {
        match world.try_show(&b, Some(AsOf::Position(position))).await {
            Ok(shown) => seen.push((shown["id"] == a, shown["status"].as_str().unwrap().to_owned())),
            Err(error) => assert!(matches!(error, AppError::Rejected(Rejection::ContactNotFound))),
        }
    }
    seen.dedup();
    let seen: Vec<(bool, &str)> = seen.iter().map(|(root, status)| (*root, status.as_str())).collect();
    assert_eq!(seen, [(false, "none"), (false, "open"), (true, "none"), (false, "closed")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_contact_is_gone_by_id_and_never_was_by_anything_else() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    world.run(json!({"command": "update_contact", "contact": b, "email": "b@x.org"})).await;
    world.merge(&a, &b).await;
    let before = world.head().await;
    world.run(json!({"command": "delete_contact", "contact": a})).await;
    for id in [&a, &b] {
        assert_eq!(world.refusal(id).await, Rejection::ContactErased { contact: id.parse().unwrap() });
        let then = world.try_show(id, Some(AsOf::Position(before))).await;
        assert!(matches!(rejection(then), Rejection::ContactErased { .. }));
    }
    for text in ["channel:chat:a", "channel:chat:b", "email:b@x.org"] {
        assert_eq!(world.refusal(text).await, Rejection::ContactNotFound, "{text}");
        let then = world.try_show(text, Some(AsOf::Position(before))).await;
        assert_eq!(rejection(then), Rejection::ContactNotFound, "{text}");
    }
    assert_ne!(id_of(&world.says("b", "new").await), b);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_not_projected_yet_shows_nothing() {
    let world = World::new().await;
    let a = world.contact("a").await;
    let line = json!({"command": "delete_contact", "contact": a});
    let command = dossier::api::read::line::read(
        &serde_json::to_vec(&line).unwrap(),
        &crate::world::setting(),
        &dossier::api::read::line::Input::default(),
        false,
    );
    world.house.execute(command.unwrap().command).await.unwrap();
    assert_eq!(world.refusal(&a).await, Rejection::ContactErased { contact: a.parse().unwrap() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_of_another_workspace_is_not_found() {
    let world = World::new().await;
    let a = world.contact("a").await;
    world.configure("other", "UTC", 1, 30).await;
    let there = world.house.contact("other", &reference(&a), None).await;
    assert_eq!(rejection(there), Rejection::ContactNotFound);
    let nowhere = world.house.contact("nowhere", &reference(&a), None).await;
    assert!(matches!(nowhere, Err(AppError::UnknownWorkspace)));
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_follows_the_last_interaction_and_the_workspace() {
    let world = World::new().await;
    let answer = world.at("2026-01-01T00:00:00Z", said("a", "1")).await;
    let id = id_of(&answer);
    assert_eq!(world.show(&id).await["activity"], "inactive");
    let activity_at = async |at: &str| {
        let shown = world.try_show(&id, Some(AsOf::Time(time(at)))).await;
        shown.unwrap()["activity"].as_str().unwrap().to_owned()
    };
    assert_eq!(activity_at("2026-01-30T23:59:59Z").await, "active");
    assert_eq!(activity_at("2026-01-31T00:00:00Z").await, "inactive");
    world.configure(HOME, "UTC", 1, 60).await;
    assert_eq!(activity_at("2026-01-31T00:00:00Z").await, "active");
    world.at("2026-01-02T00:00:00Z", json!({"command": "block_contact", "contact": id, "reason": "spam"})).await;
    let shown = world.show(&id).await;
    let seen = ["activity", "status", "blocked_reason"].map(|member| shown[member].as_str().unwrap());
    assert_eq!(seen, ["blocked", "blocked", "spam"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_shows_what_was_recorded_by_then() {
    let world = World::new().await;
    let line = |name: &str| json!({"command": "create_contact", "first_name": name});
    let a = id_of(&world.at("2026-01-01T00:00:00Z", line("A")).await);
    let b = id_of(&world.at("2026-01-02T00:00:00Z", line("B")).await);
    world.at("2026-01-03T00:00:00Z", json!({"command": "add_tag", "contact": b, "tag": "t"})).await;
    let merge = json!({"command": "merge_contacts", "primary": a, "secondary": b});
    world.at("2026-01-04T00:00:00Z", merge).await;
    let unmerge = json!({"command": "unmerge_contacts", "primary": a, "secondary": b});
    world.at("2026-01-05T00:00:00Z", unmerge).await;
    let seen = async |id: &str, at: &str| {
        let shown = world.try_show(id, Some(AsOf::Time(time(at)))).await;
        shown.map(|shown| (shown["display_name"].as_str().unwrap().to_owned(), shown["tags"].clone()))
    };
    assert_eq!(rejection(seen(&b, "2026-01-01T12:00:00Z").await), Rejection::ContactNotFound);
    assert_eq!(seen(&b, "2026-01-02T00:00:00Z").await.unwrap(), ("B".into(), json!([])));
    assert_eq!(seen(&b, "2026-01-03T12:00:00Z").await.unwrap(), ("B".into(), json!(["t"])));
    assert_eq!(seen(&b, "2026-01-04T12:00:00Z").await.unwrap(), ("A".into(), json!(["t"])));
    assert_eq!(seen(&a, "2026-01-03T12:00:00Z").await.unwrap(), ("A".into(), json!([])));
    assert_eq!(seen(&a, "2026-01-04T00:00:00Z").await.unwrap(), ("A".into(), json!(["t"])));
    assert_eq!(seen(&b, "2026-01-05T12:00:00Z").await.unwrap(), ("B".into(), json!(["t"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_of_the_head_is_now() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    world.merge(&a, &b).await;
    world.says("b", "1").await;
    let now = world.show(&b).await;
    for position in [world.head().await, u64::MAX] {
        assert_eq!(world.try_show(&b, Some(AsOf::Position(position))).await.unwrap(), now);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_takes_a_value_away_from_another_contact_moves_that_ones_etag() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let merge = world.merge(&a, &b).await;
    let mut line = said("b", "1");
    line["profile"] = json!({"company": "brought by b"});
    world.run(line).await;
    world.unmerge(&merge).await;
    let before = world.show(&a).await;
    assert_eq!(before["company"], "brought by b");
    world.run(json!({"command": "delete_contact", "contact": b})).await;
    let after = world.show(&a).await;
    assert_eq!(after["company"], json!(null));
    assert!(after["position"].as_u64() > before["position"].as_u64(), "another body bears another ETag");
}
