//! Merges as they are listed, and what previews say: which must be what then happens.

use dossier::app::AppError;
use dossier::app::ask::Ask;
use dossier_domain::rejection::Rejection;
use serde_json::{Value, json};

use crate::world::{HOME, World, id_of, reference, rejection};

pub(crate) async fn try_preview(world: &World, line: &Value) -> Result<Value, AppError> {
    let body = match world.ask(line) {
        Ask::Merge(merge) => serde_json::to_value(world.house.preview_merge(HOME, &merge).await?),
        Ask::Unmerge(unmerge) => serde_json::to_value(world.house.preview_unmerge(HOME, &unmerge).await?),
        other => panic!("there is no preview of {other:?}"),
    };
    Ok(body.unwrap())
}

async fn preview(world: &World, line: Value) -> Value {
    let head = world.head().await;
    let preview = try_preview(world, &line).await.unwrap();
    assert_eq!(world.head().await, head, "a preview changes nothing");
    preview
}

fn merge(primary: &str, secondary: &str) -> Value {
    json!({"command": "merge_contacts", "primary": primary, "secondary": secondary})
}

fn unmerge(merge: &str) -> Value {
    json!({"command": "unmerge_contacts", "merge_id": merge})
}

fn problems(preview: &Value) -> Vec<&str> {
    let problems = preview["problems"].as_array().unwrap();
    assert_eq!(preview["allowed"], problems.is_empty());
    problems.iter().map(|problem| problem["type"].as_str().unwrap().strip_prefix("/problems/").unwrap()).collect()
}

/// `[field, ..., from]` of every field of a preview.
fn told(fields: &Value, members: &[&str]) -> Vec<Value> {
    let fields = fields.as_array().unwrap().iter();
    fields.map(|field| members.iter().map(|member| field[member].clone()).collect()).collect()
}

async fn merges_of(world: &World, contact: &str) -> Vec<Value> {
    let merges = world.house.merges_of(HOME, &reference(contact)).await.unwrap();
    merges.iter().map(|merge| serde_json::to_value(merge).unwrap()).collect()
}

async fn merge_shown(world: &World, id: &str) -> Value {
    serde_json::to_value(world.house.merge(HOME, id.parse().unwrap()).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_shown_with_its_choices_and_who_made_and_undid_it() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let mut line = merge(&a, &b);
    line["choices"] = json!({"first_name": "secondary", "email": {"value": "given@x.org"}, "phone": {"value": null}});
    line["actor"] = json!("user:ada");
    let made = world.run(line).await;
    let id = made.merge.unwrap().merge_id.to_string();
    let shown = merge_shown(&world, &id).await;
    let wanted = json!({"merge_id": id, "primary": a, "secondary": b, "root": a, "state": "merged", "policy": 1,
        "choices": {"email": {"value": "given@x.org"}, "first_name": "secondary", "phone": {"value": null}},
        "merged_by": "user:ada", "unmerged_at": null, "unmerged_by": null, "position": made.position,
        "revision": made.revision, "merged_at": shown["merged_at"]});
    assert_eq!(shown, wanted);
    let mut line = unmerge(&id);
    line["actor"] = json!("user:eda");
    world.run(line).await;
    let shown = merge_shown(&world, &id).await;
    assert_eq!((&shown["state"], &shown["unmerged_by"]), (&json!("unmerged"), &json!("user:eda")));
    assert!(shown["unmerged_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_lists_the_merges_of_its_tree_and_those_undone() {
    let world = World::new().await;
    let (a, b, c) = (world.contact("a").await, world.contact("b").await, world.contact("c").await);
    let inner = world.merge(&b, &c).await;
    let outer = world.merge(&a, &b).await;
    let ids = |merges: Vec<Value>| {
        merges.iter().map(|merge| merge["merge_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for contact in [&a, &b, &c] {
        let merges = merges_of(&world, contact).await;
        assert!(merges.iter().all(|merge| merge["root"] == a));
        assert_eq!(ids(merges), [outer.clone(), inner.clone()]);
    }
    world.unmerge(&outer).await;
    assert_eq!(ids(merges_of(&world, &a).await), std::slice::from_ref(&outer));
    assert_eq!(ids(merges_of(&world, &b).await), [outer.clone(), inner.clone()]);
    world.unmerge(&inner).await;
    assert_eq!(ids(merges_of(&world, &c).await), std::slice::from_ref(&inner));
    assert_eq!(merges_of(&world, &c).await[0]["root"], b);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choices_of_an_erased_contact_are_gone_and_the_merge_stays_known() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let mut line = merge(&a, &b);
    line["choices"] = json!({"company": {"value": "Analytical"}});
    let id = world.run(line).await.merge.unwrap().merge_id.to_string();
    world.unmerge(&id).await;
    world.run(json!({"command": "delete_contact", "contact": b})).await;
    assert_eq!(merge_shown(&world, &id).await["choices"], json!(null));
    assert_eq!(merges_of(&world, &a).await.len(), 1);
    let gone = world.house.merges_of(HOME, &reference(&b)).await;
    assert_eq!(rejection(gone), Rejection::ContactErased { contact: b.parse().unwrap() });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_merge_is_not_found() {
    let world = World::new().await;
    let a = world.contact("a").await;
    let nobody = world.house.merge(HOME, a.parse().unwrap()).await;
    assert_eq!(rejection(nobody), Rejection::MergeNotFound);
    assert_eq!(rejection(try_preview(&world, &unmerge(&a)).await), Rejection::MergeNotFound);
    let b = world.contact("b").await;
    let id = world.merge(&a, &b).await;
    world.configure("other", "UTC", 1, 30).await;
    let elsewhere = world.house.merge("other", id.parse().unwrap()).await;
    assert_eq!(rejection(elsewhere), Rejection::MergeNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_each_field_becomes_and_why() {
    let world = World::new().await;
    world.define(&[("tier", "number")]).await;
    let a = id_of(
        &world
            .run(json!({"command": "create_contact", "last_name": "A", "company": "A Ltd", "email": "a@x.org"}))
            .await,
    );
    let b = json!({"command": "create_contact", "first_name": "B", "phone": "+60123456789", "company": "B Ltd",
        "custom": {"tier": 1}, "tags": ["t"], "channels": [{"channel": "chat", "external_id": "b"}]});
    let b = id_of(&world.run(b).await);
    let mut line = merge(&a, &b);
    line["choices"] =
        json!({"company": "secondary", "email": {"value": null}, "custom.tier": "primary", "language": "secondary"});
    let preview = preview(&world, line).await;
    let wanted = [
        json!(["first_name", null, "B", null, "none"]),
        json!(["last_name", "A", null, "A", "primary"]),
        json!(["email", "a@x.org", null, null, "given"]),
        json!(["phone", null, "+60123456789", "+60123456789", "secondary"]),
        json!(["country", null, "MY", "MY", "secondary"]),
        json!(["language", null, null, null, "none"]),
        json!(["company", "A Ltd", "B Ltd", "B Ltd", "secondary"]),
        json!(["custom.tier", null, 1, null, "none"]),
    ];
    assert_eq!(told(&preview["fields"], &["field", "primary", "secondary", "result", "from"]), wanted);
    assert_eq!((&preview["tags"], problems(&preview).len()), (&json!(["t"]), 0));
    assert_eq!((&preview["channels"][0]["contact_id"], &preview["lost_channels"]), (&json!(b), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_names_all_that_would_refuse_the_merge() {
    let world = World::new().await;
    let (a, b, c) = (world.contact("a").await, world.contact("b").await, world.contact("c").await);
    assert_eq!(problems(&preview(&world, merge(&a, &a)).await), ["same_contact"]);
    world.merge(&b, &c).await;
    let absorbed = preview(&world, merge(&a, &c)).await;
    assert_eq!(problems(&absorbed), ["not_live"]);
    // Between a contact and one below it no edge can be thought of either.
    for line in [merge(&b, &c), merge(&c, &b)] {
        assert_eq!(problems(&preview(&world, line).await), ["not_live"]);
    }
    world.run(json!({"command": "block_contact", "contact": a})).await;
    let mut line = merge(&a, &b);
    line["expected"] = json!({"primary": 0, "secondary": 0});
    let refused = preview(&world, line.clone()).await;
    assert_eq!(problems(&refused), ["merge_blocked_contact", "revision_conflict", "revision_conflict"]);
    line["expected"] = refused["expected"].clone();
    assert_eq!(problems(&preview(&world, line).await), ["merge_blocked_contact"]);
    let nobody = "0192f0c1-2345-7abc-8def-0123456789ab";
    assert_eq!(rejection(try_preview(&world, &merge(&a, nobody)).await), Rejection::ContactNotFound);
    world.run(json!({"command": "delete_contact", "contact": b})).await;
    let erased = rejection(try_preview(&world, &merge(&a, &b)).await);
    assert_eq!(erased, Rejection::ContactErased { contact: b.parse().unwrap() });
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_between_a_preview_and_an_act_that_expects_it() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let mut line = merge(&a, &b);
    line["expected"] = preview(&world, line.clone()).await["expected"].clone();
    world.run(json!({"command": "add_tag", "contact": b, "tag": "t"})).await;
    assert_eq!(problems(&preview(&world, line.clone()).await), ["revision_conflict"]);
    assert!(matches!(rejection(world.try_run(line.clone()).await), Rejection::RevisionConflict { .. }));
    line["expected"] = preview(&world, merge(&a, &b)).await["expected"].clone();
    let id = world.run(line).await.merge.unwrap().merge_id.to_string();
    let mut line = unmerge(&id);
    line["expected"] = preview(&world, line.clone()).await["expected"].clone();
    world.run(json!({"command": "add_tag", "contact": a, "tag": "u"})).await;
    assert_eq!(problems(&preview(&world, line.clone()).await), ["revision_conflict"]);
    line["expected"] = preview(&world, unmerge(&id)).await["expected"].clone();
    world.run(line).await;
    assert_eq!(problems(&preview(&world, unmerge(&id)).await), ["already_unmerged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_an_unmerge_shows_everyone_concerned_and_what_does_not_come_back() {
    let world = World::new().await;
    let (a, b, c) = (world.contact("a").await, world.contact("b").await, world.contact("c").await);
    world.run(json!({"command": "claim_channel", "contact": c, "channel": "mail", "external_id": "c@x.org"})).await;
    world.run(json!({"command": "update_contact", "contact": c, "company": "C Ltd", "language": "en"})).await;
    world.says("c", "1").await;
    let inner = world.merge(&b, &c).await;
    world.merge(&a, &b).await;
    world.says("c", "2").await;
    world.run(json!({"command": "update_contact", "contact": a, "company": "C Ltd"})).await;
    world.run(json!({"command": "release_channel", "contact": a, "channel": "mail", "external_id": "c@x.org"})).await;
    world.run(json!({"command": "block_contact", "contact": a, "reason": "spam"})).await;
    let by_pair = json!({"command": "unmerge_contacts", "contact": a, "secondary": c});
    let preview = preview(&world, by_pair).await;
    assert_eq!(preview, try_preview(&world, &unmerge(&inner)).await.unwrap());
    assert_eq!([&preview["secondary"], &preview["primary"], &preview["root"]], [&json!(c), &json!(b), &json!(a)]);
    let blocks = preview["contacts"].as_array().unwrap();
    assert_eq!(blocks.iter().map(|block| block["contact_id"].as_str().unwrap()).collect::<Vec<_>>(), [&c, &b, &a]);
    let fields = |block: usize| told(&blocks[block]["fields"], &["field", "before", "result", "from"]);
    assert_eq!(
        fields(0),
        [
            json!(["first_name", "a", "c", "secondary"]),
            json!(["language", "en", "en", "secondary"]),
            json!(["company", "C Ltd", "C Ltd", "secondary"]),
        ]
    );
    assert_eq!(
        fields(1),
        [
            json!(["first_name", "b", "b", "primary"]),
            json!(["language", "en", null, "none"]),
            json!(["company", "C Ltd", null, "none"]),
        ]
    );
    assert_eq!(
        fields(2),
        [
            json!(["first_name", "a", "a", "primary"]),
            json!(["language", "en", null, "none"]),
            json!(["company", "C Ltd", "C Ltd", "edited_since"]),
        ]
    );
    let handles = |channels: &Value| -> Vec<String> {
        channels.as_array().unwrap().iter().map(|channel| channel["external_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(handles(&blocks[2]["lost_channels"]), ["c"]);
    assert_eq!(
        (handles(&blocks[0]["channels"]), &blocks[0]["conversation"]["status"]),
        (vec!["c".into()], &json!("closed"))
    );
    assert_eq!(handles(&preview["not_restored"]["channels"]), ["c@x.org"]);
    assert_eq!(
        (&preview["not_restored"]["interactions"], &preview["not_restored"]["blocked"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(preview["billing"], json!({"open_cycle_before": 1, "open_cycle_after": 2}));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_are_not_merged_have_nothing_to_undo() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let pair = |above: &str, below: &str| json!({"command": "unmerge_contacts", "primary": above, "secondary": below});
    for (above, below) in [(&a, &b), (&a, &a)] {
        let refused = rejection(try_preview(&world, &pair(above, below)).await);
        assert_eq!(refused, Rejection::NotMerged { secondary: below.parse().unwrap() });
    }
    let id = world.merge(&a, &b).await;
    assert!(matches!(rejection(try_preview(&world, &pair(&b, &a)).await), Rejection::NotMerged { .. }));
    world.run(json!({"command": "delete_contact", "contact": a})).await;
    assert!(matches!(rejection(try_preview(&world, &unmerge(&id)).await), Rejection::ContactErased { .. }));
}
