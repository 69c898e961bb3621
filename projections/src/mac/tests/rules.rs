//! The rules 27-31, case by case.

use dossier_domain::event::{DeliveryStatus, InteractionKind::*, Sender};
use dossier_domain::ids::ContactId;

use super::history::{Log, contact};
use crate::mac::{Mac, MacChange, Member, Statement};

fn counted(log: &Log) -> (Mac, Vec<Statement>) {
    let mut mac = Mac::new();
    log.lines.iter().for_each(|line| mac.apply(&line.fact()));
    let closed = mac.take_changes().into_iter().filter_map(|change| match change {
        MacChange::Closed(statement) => Some(statement),
        _ => None,
    });
    let closed = closed.collect();
    (mac, closed)
}

fn active(log: &Log) -> usize {
    counted(log).0.active_now()
}

fn names(statements: &[Statement]) -> Vec<(&str, usize)> {
    statements.iter().map(|statement| (&*statement.cycle.name, statement.count())).collect()
}

fn january() -> Log {
    Log::starting("2026-01-10T12:00:00Z")
}

#[test]
fn messages_reactions_and_calls_in_count() {
    let mut log = january();
    log.receive(1, Message);
    log.receive(2, Reaction);
    log.receive(3, Call);
    log.receive(3, Call);
    assert_eq!(active(&log), 3);
}

#[test]
fn a_message_out_counts_by_whoever_sends_it_but_a_broadcast() {
    for (sender, count) in
        [(Sender::User, 1), (Sender::Workflow, 1), (Sender::Api, 1), (Sender::Ai, 1), (Sender::Broadcast, 0)]
    {
        let mut log = january();
        log.send(1, sender, Message);
        assert_eq!(active(&log), count, "{sender:?}");
    }
}

#[test]
fn the_reply_to_a_broadcast_counts() {
    let mut log = january();
    log.send(1, Sender::Broadcast, Message);
    log.receive(1, Message);
    assert_eq!(active(&log), 1);
}

#[test]
fn a_reaction_or_a_call_out_does_not_count() {
    let mut log = january();
    log.send(1, Sender::User, Reaction);
    log.send(2, Sender::User, Call);
    assert_eq!(active(&log), 0);
}

#[test]
fn edits_and_claims_do_not_count_but_begin_the_first_cycle() {
    let mut log = january();
    log.claim(1);
    assert!(counted(&log).0.running().is_none(), "a claim is no event of a contact");
    log.edit(1);
    let (mac, _) = counted(&log);
    assert_eq!((mac.active_now(), &*mac.running().unwrap().name), (0, "2026-01-01"));
}

#[test]
fn a_message_out_that_failed_in_its_cycle_does_not_count() {
    let mut log = january();
    log.send(1, Sender::User, Message);
    log.send(1, Sender::User, Message);
    log.report(0, DeliveryStatus::Failed);
    assert_eq!(active(&log), 1, "the other still counts");
    log.report(1, DeliveryStatus::Failed);
    assert_eq!(active(&log), 0);
    log.report(1, DeliveryStatus::Delivered);
    assert_eq!(active(&log), 0, "once reported failed is enough");
}

#[test]
fn a_failure_reported_after_the_close_moves_nothing() {
    let mut log = january();
    log.send(1, Sender::User, Message);
    log.at("2026-02-01T00:00:00Z").report(0, DeliveryStatus::Failed);
    let (mac, closed) = counted(&log);
    assert_eq!((names(&closed), mac.active_now()), (vec![("2026-01-01", 1)], 0));
}

#[test]
fn a_failure_is_known_by_the_contact_that_recorded_the_message() {
    let mut log = january();
    log.send(2, Sender::User, Message);
    log.merge(1, 2);
    log.report(0, DeliveryStatus::Failed);
    assert_eq!(active(&log), 0);
}

#[test]
fn a_suppressed_message_counts_in_the_cycle_in_which_the_block_began() {
    let mut log = january();
    log.block(1);
    log.receive(1, Message);
    assert_eq!(active(&log), 1);
    log.at("2026-02-03T00:00:00Z").receive(1, Message);
    let (mac, closed) = counted(&log);
    assert_eq!((names(&closed), mac.active_now()), (vec![("2026-01-01", 1)], 0));
}

#[test]
fn a_block_lifted_and_set_again_began_anew() {
    let mut log = january();
    log.block(1);
    log.at("2026-02-03T00:00:00Z").receive(1, Message);
    assert_eq!(active(&log), 0);
    log.unblock(1);
    log.block(1);
    log.receive(1, Message);
    assert_eq!(active(&log), 1);
}

#[test]
fn the_block_is_that_of_the_contact_that_recorded_the_message() {
    let mut log = january();
    log.merge(1, 2);
    log.block(1);
    log.receive(2, Message);
    log.unmerge(2);
    assert_eq!(
        counted(&log).0.members_now(),
        [Member { contact: contact(1), position: log.lines.len() as u64 - 2, recorded_by: contact(1) }]
    );
}

#[test]
fn a_merge_lowers_the_count_by_one_and_an_unmerge_raises_it_again() {
    let mut log = january();
    log.receive(1, Message);
    log.receive(2, Message);
    let (mac, _) = counted(&log);
    assert_eq!((mac.active_now(), mac.active_if_merged(contact(1), contact(2))), (2, 1));
    log.merge(1, 2);
    let (mac, _) = counted(&log);
    assert_eq!((mac.active_now(), mac.active_if_unmerged(contact(2))), (1, 2));
    log.unmerge(2);
    assert_eq!(active(&log), 2);
}

#[test]
fn what_arrived_while_merged_stays_with_the_contact_that_recorded_it() {
    let mut log = january();
    log.merge(1, 2);
    let position = log.receive(2, Message);
    assert_eq!(counted(&log).0.active_if_unmerged(contact(2)), 1);
    log.unmerge(2);
    let member = Member { contact: contact(1), position, recorded_by: contact(1) };
    assert_eq!(counted(&log).0.members_now(), [member]);
}

#[test]
fn a_merge_or_an_unmerge_after_the_close_moves_nothing() {
    let mut log = january();
    log.receive(1, Message);
    log.receive(2, Message);
    log.at("2026-02-03T00:00:00Z").merge(1, 2);
    log.at("2026-03-03T00:00:00Z").unmerge(2);
    let (_, closed) = counted(&log);
    assert_eq!(names(&closed), [("2026-01-01", 2), ("2026-02-01", 0)]);
}

#[test]
fn a_deletion_leaves_the_count_and_a_deleted_tree_counts_as_one() {
    let mut log = january();
    log.receive(1, Message);
    log.receive(2, Message);
    log.merge(1, 2);
    log.erase(1);
    log.at("2026-02-01T00:00:00Z").close();
    let (_, closed) = counted(&log);
    assert_eq!(names(&closed), [("2026-01-01", 1)]);
    assert_eq!(closed[0].members[0].contact, contact(1));
}

#[test]
fn a_member_names_the_earliest_interaction_of_its_whole_tree() {
    let mut log = january();
    let out = log.send(3, Sender::User, Message);
    let earliest = log.receive(2, Message);
    log.receive(1, Message);
    log.merge(2, 3);
    log.merge(1, 2);
    let member = |position, recorded_by: ContactId| Member { contact: contact(1), position, recorded_by };
    assert_eq!(counted(&log).0.members_now(), [member(out, contact(3))]);
    log.report(0, DeliveryStatus::Failed);
    assert_eq!(counted(&log).0.members_now(), [member(earliest, contact(2))]);
}

#[test]
fn an_event_at_the_very_end_closes_the_cycle_and_is_of_the_next() {
    let mut log = january();
    log.at("2026-01-31T23:59:59.999999Z").receive(1, Message);
    log.at("2026-02-01T00:00:00Z").receive(2, Message);
    let (mac, closed) = counted(&log);
    assert_eq!((names(&closed), mac.active_now()), (vec![("2026-01-01", 1)], 1));
}

#[test]
fn empty_cycles_have_statements_too() {
    let mut log = january();
    log.receive(1, Message);
    log.at("2026-04-01T00:00:00Z").close();
    let (mac, closed) = counted(&log);
    assert_eq!(names(&closed), [("2026-01-01", 1), ("2026-02-01", 0), ("2026-03-01", 0)]);
    assert_eq!(&*mac.running().unwrap().name, "2026-04-01");
}

#[test]
fn an_event_of_a_clock_behind_belongs_to_the_cycle_of_the_latest() {
    let mut log = january();
    log.at("2026-02-01T00:00:00Z").receive(1, Message);
    log.at("2026-01-31T23:59:00Z").receive(2, Message);
    let (mac, closed) = counted(&log);
    assert_eq!((closed.len(), mac.active_now()), (0, 2), "the first cycle is that of the clock");
}

#[test]
fn any_event_moves_the_clock() {
    for happen in [|log: &mut Log| log.claim(1), |log: &mut Log| log.configure("UTC", 1), |log: &mut Log| log.close()] {
        let mut log = january();
        log.receive(1, Message);
        log.at("2026-02-01T00:00:00Z");
        happen(&mut log);
        assert_eq!(names(&counted(&log).1), [("2026-01-01", 1)]);
    }
}

#[test]
fn what_is_done_to_a_workspace_does_not_start_its_clock() {
    let mut log = Log::starting("2026-08-01T00:00:00Z");
    log.define_field();
    log.at("2007-07-19T21:07:03Z").receive(1, Message);
    let (mac, closed) = counted(&log);
    assert_eq!((closed.len(), &*mac.running().unwrap().name), (0, "2007-07-01"));
}

#[test]
fn configuring_a_workspace_does_not_start_its_clock() {
    let mut log = Log::starting("2026-08-01T00:00:00Z");
    log.configure("Asia/Kuala_Lumpur", 15);
    log.at("2007-07-19T21:07:03Z").receive(1, Message);
    let (mac, closed) = counted(&log);
    assert_eq!((closed.len(), &*mac.running().unwrap().name), (0, "2007-07-15"));
    assert_eq!(mac.clock(), Some("2007-07-19T21:07:03Z".parse().unwrap()));
}

#[test]
fn a_change_of_settings_leaves_the_running_cycle_its_end() {
    let mut log = january();
    log.receive(1, Message);
    log.configure("UTC", 20);
    log.at("2026-01-25T00:00:00Z").receive(2, Message);
    log.at("2026-02-19T00:00:00Z").receive(2, Message);
    log.at("2026-02-20T00:00:00Z").receive(2, Message);
    let (mac, closed) = counted(&log);
    assert_eq!(names(&closed), [("2026-01-01", 2), ("2026-02-01", 1)]);
    assert_eq!(mac.running().unwrap().end, "2026-03-20T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
}

#[test]
fn settings_that_come_with_the_next_cycle_leave_that_one_too() {
    let mut log = january();
    log.receive(1, Message);
    log.at("2026-02-01T00:00:00Z").configure("UTC", 20);
    let (mac, _) = counted(&log);
    assert_eq!(mac.running().unwrap().end, "2026-03-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
}

#[test]
fn the_digest_is_over_the_ids_one_a_line() {
    let mut log = january();
    log.receive(0xAB, Message);
    log.receive(0x01, Message);
    log.at("2026-03-01T00:00:00Z").close();
    let (_, closed) = counted(&log);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(closed[0].digest(), "df12158493bc964d19ccc6dfd815445898c539f04d991638088532615bca85e2");
    assert_eq!(closed[1].digest(), empty);
}

#[test]
fn edges_that_no_store_of_ours_writes_neither_hang_nor_miscount() {
    use dossier_domain::event::{ContactMerged, Event};
    use dossier_domain::ids::{MergeId, Stream};
    let mut log = january();
    log.receive(1, Message);
    log.receive(2, Message);
    log.merge(1, 2);
    for (primary, secondary) in [(2, 1), (1, 1), (3, 2)] {
        let merge = MergeId(uuid::Uuid::max());
        let event = ContactMerged { merge, secondary: contact(secondary), policy: 1, personal: Default::default() };
        let mut line = log.lines[0].clone();
        (line.stream, line.event) = (Stream::Contact(contact(primary)), Event::from(event));
        log.lines.push(line);
    }
    assert_eq!(active(&log), 1);
}
