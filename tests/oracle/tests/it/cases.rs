//! The cases that decide the merge rules, one test each, in the order of their table.

use serde_json::{Value, json};

use crate::world::World;

#[test]
fn case_1_a_later_merge_that_brings_nothing_leaves_what_an_earlier_one_gave() {
    let mut world = World::of("ABC");
    world.set("B", json!({"first_name": "b"}));
    world.merge("A", "B");
    world.merge("A", "C");
    assert_eq!(world.shown("A")["first_name"], "b");
}

#[test]
fn case_2_undoing_the_first_merge_lets_the_second_show() {
    let mut world = World::of("ABC");
    world.set("B", json!({"first_name": "b"}));
    world.set("C", json!({"first_name": "c"}));
    let first = world.merge("A", "B");
    world.merge("A", "C");
    assert_eq!(world.shown("A")["first_name"], "b");
    world.unmerge(&first);
    assert_eq!(world.shown("A")["first_name"], "c");
}

#[test]
fn case_3_what_is_set_again_on_a_primary_is_its_own_and_stays() {
    let mut world = World::of("AB");
    world.tag("B", "t");
    world.set("B", json!({"company": "b"}));
    let merge = world.merge("A", "B");
    assert!(world.tag("A", "t").changed);
    assert!(world.set("A", json!({"company": "b"})).changed);
    assert!(!world.tag("A", "t").changed);
    assert!(!world.set("A", json!({"company": "b"})).changed);
    world.unmerge(&merge);
    assert_eq!((world.shown("A")["tags"].clone(), world.shown("A")["company"].clone()), (json!(["t"]), json!("b")));
}

#[test]
fn case_4_the_secondarys_choice_falls_back_to_the_primary() {
    let mut world = World::of("ABC");
    world.set("A", json!({"company": "a"}));
    world.set("C", json!({"company": "c"}));
    let first = world.merge("B", "C");
    world.merge_with("A", "B", json!({"company": "secondary"}));
    assert_eq!(world.shown("A")["company"], "c");
    world.unmerge(&first);
    assert_eq!(world.shown("A")["company"], "a");
}

#[test]
fn case_5_choices_speak_of_values_set_by_hand_and_the_country_is_derived_last() {
    let mut world = World::of("AB");
    world.set("A", json!({"phone": "+60123456789"}));
    world.set("B", json!({"phone": "+4915112345678"}));
    assert_eq!(world.shown("A")["country"], "MY");
    world.merge_with("A", "B", json!({"country": "primary", "phone": "secondary"}));
    assert_eq!(world.shown("A")["country"], "DE");
}

#[test]
fn case_6_a_release_asked_of_the_root_lands_with_the_holder() {
    let mut world = World::of("ABC");
    let merge = world.merge("A", "B");
    world.release("A", "b");
    world.unmerge(&merge);
    assert_eq!(world.shown("B")["channels"], json!([]));
    assert!(world.claim("C", "b").changed);
    assert_eq!(world.resolve("ch", "b"), Some(world.label("C")));
}

#[test]
fn case_7_a_redelivery_is_known_across_merge_and_unmerge() {
    let mut world = World::of("AB");
    world.inbound("b", "1");
    let merge = world.merge("A", "B");
    let again = world.inbound("b", "1");
    assert_eq!((again.changed, again.contact), (false, Some(world.label("B"))));
    world.inbound("b", "2");
    world.unmerge(&merge);
    let again = world.inbound("b", "2");
    assert_eq!((again.changed, again.contact), (false, Some(world.label("A"))));
    assert_eq!(world.shown("A")["counts"]["messages_in"], 1);
    assert_eq!(world.shown("B")["counts"]["messages_in"], 1);
}

#[test]
fn case_8_a_late_redelivery_makes_nobody_after_an_erasure() {
    let mut world = World::of("B");
    world.inbound("b", "1");
    world.erase("B");
    let again = world.inbound("b", "1");
    assert_eq!((again.problem(), again.changed, again.created), (None, false, false));
    assert_eq!(again.contact, Some(world.label("B")));
    assert!(world.inbound("b", "2").created);
}

#[test]
fn case_9_an_inner_merge_can_be_undone_while_its_primary_is_absorbed() {
    let mut world = World::of("ABC");
    world.set("C", json!({"company": "c"}));
    let inner = world.merge("B", "C");
    world.merge("A", "B");
    assert_eq!(world.shown("A")["company"], "c");
    assert!(world.unmerge(&inner).changed);
    assert_eq!(world.shown("A")["company"], Value::Null);
    assert_eq!(world.shown("C")["company"], "c");
    assert_eq!(world.shown("A")["absorbed"][0]["absorbed"], json!([]));
}

#[test]
fn case_10_an_erased_contact_takes_with_it_what_came_by_its_identities() {
    let mut world = World::of("AB");
    let merge = world.merge_with("A", "B", json!({"first_name": {"value": "given"}})).merge.expect("merged");
    world.inbound_with("b", "1", json!({"profile": {"company": "theirs"}}));
    assert_eq!(world.shown("A")["first_name"], "given");
    world.unmerge(&merge);
    assert_eq!(world.shown("A")["first_name"], Value::Null);
    assert_eq!(world.shown("A")["company"], "theirs");
    world.erase("B");
    assert_eq!(world.shown("A")["company"], Value::Null);
    assert_eq!(world.shown("A")["counts"]["messages_in"], 1);
}

#[test]
fn case_11_an_erased_contact_stays_on_the_bill() {
    let mut world = World::of("A");
    world.inbound("a", "1");
    world.erase("A");
    world.at("2024-02-05T00:00:00Z").inbound("x", "2");
    assert_eq!(world.bills(), [("2024-01-01".to_owned(), 1), ("2024-02-01".to_owned(), 1)]);
}

#[test]
fn case_12_time_never_goes_back_into_a_closed_cycle() {
    let mut world = World::of("AB");
    world.at("2024-02-01T00:00:00Z").inbound("a", "1");
    let late = world.at("2024-01-31T23:59:00Z").inbound("b", "2");
    assert_eq!(late.problem(), Some("clock_behind"));
    assert_eq!(world.bills(), [("2024-01-01".to_owned(), 0), ("2024-02-01".to_owned(), 1)]);
}

#[test]
fn case_13_an_absorbed_contact_is_not_deleted() {
    let mut world = World::of("ABC");
    world.merge("B", "C");
    world.merge("A", "B");
    let refused = world.erase("C");
    assert_eq!(refused.problem(), Some("contact_absorbed"));
    assert_eq!(world.shown("A")["channels_total"], 3);
}

#[test]
fn case_14_who_leaves_a_blocked_root_is_not_blocked() {
    let mut world = World::of("AB");
    let merge = world.merge("A", "B");
    world.to("B", "block_contact", json!({"reason": "spam"}));
    assert_eq!(world.shown("A")["status"], "blocked");
    world.unmerge(&merge);
    assert_eq!((world.shown("B")["blocked"].clone(), world.shown("A")["blocked"].clone()), (json!(false), json!(true)));
}

#[test]
fn case_15_the_source_is_the_channel_of_the_first_message_shown() {
    let mut world = World::of("AB");
    world.to("A", "claim_channel", json!({"channel": "tg", "external_id": "x"}));
    world.inbound("b", "1");
    world.inbound_with("x", "2", json!({"channel": "tg"}));
    assert_eq!(world.shown("A")["source"], "tg");
    let merge = world.merge("A", "B");
    assert_eq!(world.shown("A")["source"], "ch");
    world.unmerge(&merge);
    assert_eq!(world.shown("A")["source"], "tg");
}

#[test]
fn case_16_absorbed_addresses_stay_known() {
    let mut world = World::of("ABC");
    for (name, email) in [("A", "a@x.de"), ("B", "b@x.de"), ("C", "c@x.de")] {
        world.set(name, json!({"email": email}));
    }
    world.merge("B", "C");
    world.merge("A", "B");
    let known = world.shown("A")["also_known_as"].clone();
    assert_eq!(known, json!({"emails": ["b@x.de", "c@x.de"], "phones": []}));
}

#[test]
fn a_clear_after_a_merge_stays_and_one_before_it_is_filled() {
    let mut world = World::of("AB");
    world.set("B", json!({"company": "b", "language": "en"}));
    world.set("A", json!({"company": "a", "language": "ms"}));
    world.set("A", json!({"company": null}));
    let merge = world.merge("A", "B");
    world.set("A", json!({"language": null}));
    assert_eq!((&world.shown("A")["company"], &world.shown("A")["language"]), (&json!("b"), &Value::Null));
    world.unmerge(&merge);
    assert_eq!(world.shown("A")["language"], Value::Null);
}

#[test]
fn a_tag_removed_stays_removed_until_it_is_merged_in_again() {
    let mut world = World::of("AB");
    world.tag("A", "t");
    world.tag("B", "t");
    let merge = world.merge("A", "B");
    world.untag("A", "t");
    world.unmerge(&merge);
    assert_eq!((&world.shown("A")["tags"], &world.shown("B")["tags"]), (&json!([]), &json!(["t"])));
    world.merge("A", "B");
    assert_eq!(world.shown("A")["tags"], json!(["t"]));
}

#[test]
fn messages_after_a_merge_stay_with_the_root_that_took_them() {
    let mut world = World::of("ABC");
    world.merge("B", "C");
    let outer = world.merge("A", "B");
    world.inbound("c", "1");
    world.unmerge(&outer);
    assert_eq!(world.shown("A")["counts"]["messages_in"], 1);
    assert_eq!(world.shown("B")["counts"]["messages_in"], 0);
    assert_eq!(world.shown("B")["channels"].as_array().map(Vec::len), Some(2));
}
