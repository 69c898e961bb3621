//! The other rules that the oracle holds: values, conversation, block, keys, references.

use serde_json::{Value, json};

use crate::world::World;

#[test]
fn the_names_of_a_primary_that_shows_either_go_together() {
    let mut world = World::of("ABC");
    world.set("A", json!({"last_name": "Adler"}));
    world.set("B", json!({"first_name": "Ben", "last_name": "Bose"}));
    world.merge("A", "B");
    assert_eq!(world.shown("A")["display_name"], "Adler");
    world.merge("C", "A");
    assert_eq!(world.shown("C")["display_name"], "Adler");
}

#[test]
fn a_choice_for_one_name_leaves_the_other_to_the_policy() {
    let mut world = World::of("AB");
    world.set("A", json!({"last_name": "Adler"}));
    world.set("B", json!({"first_name": "Ben", "last_name": "Bose"}));
    world.merge_with("A", "B", json!({"first_name": "secondary"}));
    assert_eq!(world.shown("A")["display_name"], "Ben Adler");
}

#[test]
fn a_name_edited_after_a_merge_does_not_undo_what_the_merge_gave_the_other() {
    let mut world = World::of("AB");
    world.set("B", json!({"first_name": "Ben", "last_name": "Bose"}));
    world.merge("A", "B");
    world.set("A", json!({"first_name": "Anna"}));
    assert_eq!(world.shown("A")["display_name"], "Anna Bose");
}

#[test]
fn a_given_null_hides_what_both_show() {
    let mut world = World::of("AB");
    world.set("A", json!({"email": "a@x.de"}));
    world.set("B", json!({"email": "b@x.de"}));
    let merge = world.merge_with("A", "B", json!({"email": {"value": null}})).merge.expect("merged");
    assert_eq!(world.shown("A")["email"], Value::Null);
    world.unmerge(&merge);
    assert_eq!(world.shown("A")["email"], "a@x.de");
}

#[test]
fn a_channels_profile_fills_only_what_is_shown_as_absent() {
    let mut world = World::of("AB");
    world.set("B", json!({"company": "b"}));
    let merge = world.merge("A", "B");
    world.inbound_with("a", "1", json!({"profile": {"company": "new", "language": "en"}}));
    assert_eq!((&world.shown("A")["company"], &world.shown("A")["language"]), (&json!("b"), &json!("en")));
    world.unmerge(&merge);
    assert_eq!(world.shown("A")["company"], Value::Null);
}

#[test]
fn an_avatar_follows_the_channel_until_it_is_set_by_hand() {
    let mut world = World::of("A");
    world.inbound_with("a", "1", json!({"profile": {"avatar_url": "https://x.de/1"}}));
    world.inbound_with("a", "2", json!({"profile": {"avatar_url": "https://x.de/2"}}));
    assert_eq!(world.shown("A")["avatar_url"], "https://x.de/2");
    world.set("A", json!({"avatar_url": "https://x.de/mine"}));
    world.inbound_with("a", "3", json!({"profile": {"avatar_url": "https://x.de/3"}}));
    assert_eq!(world.shown("A")["avatar_url"], "https://x.de/mine");
}

#[test]
fn a_snooze_ends_at_its_own_time_and_a_merge_closes_it() {
    let mut world = World::of("AB");
    world.inbound("a", "1");
    world.inbound("b", "2");
    for name in ["A", "B"] {
        world.to(name, "snooze_conversation", json!({"until": "2024-01-11T00:00:01Z"}));
    }
    world.merge("A", "B");
    world.at("2024-01-12T00:00:00Z").tag("A", "t");
    let conversation = world.shown("A")["conversation"].clone();
    assert_eq!((&conversation["status"], &conversation["opened_at"]), (&json!("open"), &json!("2024-01-11T00:00:01Z")));
    let refused = world.to("A", "snooze_conversation", json!({"until": "2024-01-11T00:00:01Z"}));
    assert_eq!(refused.problem(), Some("validation"));
}

#[test]
fn a_reaction_and_a_broadcast_open_nothing() {
    let mut world = World::of("A");
    world.inbound_with("a", "1", json!({"kind": "reaction"}));
    world.outbound("A", "broadcast", "2");
    assert_eq!(world.shown("A")["status"], "none");
    assert_eq!((&world.shown("A")["last_in"], &world.shown("A")["source"]), (&Value::Null, &Value::Null));
    world.outbound("A", "ai", "3");
    assert_eq!(world.shown("A")["status"], "open");
    assert_eq!(world.shown("A")["counts"]["messages_out"], 2);
}

#[test]
fn a_block_closes_hides_and_refuses_and_an_unblock_restores_nothing() {
    let mut world = World::of("A");
    world.inbound("a", "1");
    world.to("A", "block_contact", json!({"reason": "spam"}));
    world.inbound_with("a", "2", json!({"profile": {"company": "hidden"}}));
    assert_eq!(world.outbound("A", "user", "3").problem(), Some("contact_blocked"));
    assert_eq!(world.to("A", "open_conversation", json!({})).problem(), Some("contact_blocked"));
    assert!(world.tag("A", "t").changed);
    assert!(!world.inbound("a", "2").changed);
    world.to("A", "unblock_contact", json!({}));
    let shown = world.shown("A");
    assert_eq!((&shown["status"], &shown["company"]), (&json!("closed"), &Value::Null));
    assert_eq!(shown["counts"], json!({"messages_in": 1, "messages_out": 0, "suppressed": 1, "comments": 0}));
}

#[test]
fn channels_begin_with_the_one_last_interacted_with() {
    let mut world = World::of("AB");
    world.claim("A", "z");
    world.merge("A", "B");
    world.inbound("z", "1");
    let shown = world.shown("A");
    let order: Vec<_> = shown["channels"].as_array().into_iter().flatten().map(|it| &it["external_id"]).collect();
    assert_eq!(order, ["z", "a", "b"]);
    assert_eq!(shown["channels"][2]["contact_id"], world.label("B"));
    assert_eq!(shown["display_name"], "z");
    assert!(world.outbound("A", "user", "2").changed);
    assert_eq!(world.shown("A")["channels"][0]["external_id"], "z");
}

#[test]
fn merges_are_refused_each_for_its_reason() {
    let mut world = World::of("ABCD");
    world.merge("A", "B");
    assert_eq!(world.merge_with("A", "A", json!({})).problem(), Some("same_contact"));
    assert_eq!(world.merge_with("C", "B", json!({})).problem(), Some("not_live"));
    world.to("D", "block_contact", json!({"reason": "spam"}));
    assert_eq!(world.merge_with("C", "D", json!({})).problem(), Some("merge_blocked_contact"));
    world.erase("A");
    assert_eq!(world.merge_with("C", "B", json!({})).problem(), Some("contact_erased"));
    let erased = json!({"id": world.label("B"), "erased": true, "root": world.label("A")});
    assert_eq!(world.what_became("B"), Some(erased));
}

#[test]
fn unmerges_are_refused_each_for_its_reason() {
    let mut world = World::of("ABC");
    let merge = world.merge("A", "B");
    assert_eq!(world.unmerge("m99").problem(), Some("merge_not_found"));
    world.unmerge(&merge);
    assert_eq!(world.unmerge(&merge).problem(), Some("already_unmerged"));
    let again = world.merge("B", "A");
    world.erase("B");
    assert_eq!(world.unmerge(&again).problem(), Some("contact_erased"));
}

#[test]
fn identities_are_taken_once_and_free_after_release_and_erasure() {
    let mut world = World::of("AB");
    let taken = world.claim("A", "b");
    assert_eq!((taken.problem(), taken.changed), (Some("identity_taken"), false));
    assert!(!world.claim("B", "b").changed);
    let both = json!([{"channel": "ch", "external_id": "new"}, {"channel": "ch", "external_id": "b"}]);
    assert_eq!(world.line(json!({"command": "create_contact", "channels": both})).problem(), Some("identity_taken"));
    assert_eq!(world.resolve("ch", "new"), None);
    world.erase("B");
    assert!(world.claim("A", "b").changed);
}

#[test]
fn a_known_key_answers_as_the_first_time_and_a_refused_one_is_not_used_up() {
    let mut world = World::of("A");
    let comment = json!({"command": "add_comment", "contact": "id:@0", "text": "x", "key": "same",
        "at": "2024-01-10T13:00:00Z"});
    let first = world.line(comment.clone());
    world.at("2024-01-11T00:00:00Z").tag("A", "t");
    let again = world.line(comment.clone());
    assert_eq!((again.contact, again.changed), (first.contact, false));
    let mut other = comment;
    other["text"] = json!("y");
    assert_eq!(world.line(other).problem(), Some("key_reused"));
    let mut unknown = json!({"command": "assign", "contact": "id:@76", "assignee": "user:a", "key": "free"});
    assert_eq!(world.line(unknown.clone()).problem(), Some("contact_not_found"));
    unknown["contact"] = json!("id:@0");
    assert!(world.line(unknown).changed);
}

#[test]
fn a_message_out_to_an_unknown_identity_makes_the_contact() {
    let mut world = World::of("");
    let made = world.line(json!({"command": "send_message", "contact": "channel:ch:new", "channel": "ch",
        "sender": "user", "message_id": "1"}));
    assert!(made.created);
    assert_eq!(world.resolve("ch", "new"), made.contact);
}

#[test]
fn tags_are_spelled_as_first_used_in_the_workspace() {
    let mut world = World::of("AB");
    world.tag("A", "VIP");
    assert!(world.tag("B", "vip").changed);
    assert!(!world.tag("A", "Vip").changed);
    assert_eq!(world.shown("B")["tags"], json!(["VIP"]));
    world.untag("A", "vIp");
    assert_eq!(world.shown("A")["tags"], json!([]));
}
