//! Cycles and who is on them (rules 27-31).

use chrono_tz::Tz;
use serde_json::json;

use crate::world::World;

fn bill(cycles: &[(&str, u64)]) -> Vec<(String, u64)> {
    cycles.iter().map(|(cycle, active)| ((*cycle).to_owned(), *active)).collect()
}

#[test]
fn a_cycle_starts_on_the_clamped_day_at_midnight_of_the_zone() {
    let mut world = World::within(Tz::Europe__Berlin, 31, "2024-02-28T22:59:59Z", "A");
    world.inbound("a", "1");
    world.at("2024-04-30T00:00:00Z").tag("A", "t");
    let cycles = world.statements(&str::to_owned);
    let bounds: Vec<_> = cycles.iter().map(|it| [&it["cycle"], &it["start"], &it["end"], &it["state"]]).collect();
    assert_eq!(
        json!(bounds),
        json!([
            ["2024-01-31", "2024-01-30T23:00:00Z", "2024-02-28T23:00:00Z", "closed"],
            ["2024-02-29", "2024-02-28T23:00:00Z", "2024-03-30T23:00:00Z", "closed"],
            ["2024-03-31", "2024-03-30T23:00:00Z", "2024-04-29T22:00:00Z", "closed"],
            ["2024-04-30", "2024-04-29T22:00:00Z", "2024-05-30T22:00:00Z", "open"],
        ])
    );
}

#[test]
fn a_day_without_midnight_starts_when_the_gap_ends() {
    let mut world = World::within(Tz::Africa__Cairo, 26, "2024-04-26T12:00:00Z", "A");
    world.inbound("a", "1");
    assert_eq!(world.statements(&str::to_owned)[0]["start"], "2024-04-25T22:00:00Z");
}

#[test]
fn the_end_of_a_cycle_is_not_in_it() {
    let mut world = World::of("ABC");
    world.at("2024-01-31T23:59:59Z").inbound("a", "1");
    world.at("2024-02-01T00:00:00Z").inbound("b", "2");
    assert_eq!(world.bills(), bill(&[("2024-01-01", 1), ("2024-02-01", 1)]));
}

#[test]
fn what_counts_is_talk_and_not_broadcasts_edits_or_comments() {
    let mut world = World::of("ABCDE");
    world.outbound("A", "broadcast", "1");
    world.tag("A", "t");
    world.to("A", "add_comment", json!({"text": "x"}));
    assert_eq!(world.bills(), bill(&[("2024-01-01", 0)]));
    world.inbound_with("b", "2", json!({"kind": "reaction"}));
    world.inbound_with("c", "3", json!({"kind": "call"}));
    world.outbound("D", "workflow", "4");
    world.inbound("a", "5");
    assert_eq!(world.bills(), bill(&[("2024-01-01", 4)]));
}

#[test]
fn a_failure_reported_in_the_open_cycle_uncounts_and_a_later_one_does_not() {
    let mut world = World::of("AB");
    world.outbound("A", "user", "1");
    world.outbound("B", "user", "2");
    world.to("A", "update_message_status", json!({"message_id": "1", "status": "failed"}));
    world.at("2024-02-01T00:00:00Z");
    world.to("B", "update_message_status", json!({"message_id": "2", "status": "failed"}));
    assert_eq!(world.bills(), bill(&[("2024-01-01", 1), ("2024-02-01", 0)]));
}

#[test]
fn a_suppressed_message_counts_in_the_cycle_its_block_began_in() {
    let mut world = World::of("AB");
    world.to("A", "block_contact", json!({"reason": "spam"}));
    world.inbound("a", "1");
    world.at("2024-02-02T00:00:00Z").inbound("a", "2");
    world.to("A", "unblock_contact", json!({}));
    world.to("A", "block_contact", json!({"reason": "spam"}));
    assert_eq!(world.bills(), bill(&[("2024-01-01", 1), ("2024-02-01", 0)]));
    world.inbound("a", "3");
    assert_eq!(world.bills(), bill(&[("2024-01-01", 1), ("2024-02-01", 1)]));
}

#[test]
fn a_merge_counts_one_in_the_open_cycle_and_moves_no_closed_one() {
    let mut world = World::of("AB");
    world.inbound("a", "1");
    world.inbound("b", "2");
    world.at("2024-02-02T00:00:00Z").inbound("a", "3");
    world.inbound("b", "4");
    assert_eq!(world.bills(), bill(&[("2024-01-01", 2), ("2024-02-01", 2)]));
    let merge = world.merge("A", "B");
    assert_eq!(world.bills(), bill(&[("2024-01-01", 2), ("2024-02-01", 1)]));
    world.at("2024-03-02T00:00:00Z").unmerge(&merge);
    assert_eq!(world.bills(), bill(&[("2024-01-01", 2), ("2024-02-01", 1), ("2024-03-01", 0)]));
}

#[test]
fn an_erased_tree_is_one_member() {
    let mut world = World::of("AB");
    world.inbound("a", "1");
    world.inbound("b", "2");
    world.merge("A", "B");
    world.erase("A");
    assert_eq!(world.bills(), bill(&[("2024-01-01", 1)]));
}

#[test]
fn a_closed_statement_names_its_members_reasons_and_digest() {
    let mut world = World::of("AB");
    world.inbound("b", "1");
    world.inbound("a", "2");
    world.merge("A", "B");
    world.at("2024-02-02T00:00:00Z").inbound("zz", "3");
    let all = world.statements(&|label| if label == "@0" { "one".to_owned() } else { "two".to_owned() });
    assert_eq!(all[0]["members"], json!([["one", 3]]));
    // printf 'one\n' | sha256sum
    assert_eq!(all[0]["digest"], "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806");
    assert_eq!((&all[1]["digest"], &all[1]["active"]), (&json!(null), &json!(1)));
}
