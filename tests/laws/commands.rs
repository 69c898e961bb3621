//! What commands answer: refusals that change nothing, keys, retries, claims and what goes out (rules 3, 10, 14, 20, 21).

use dossier::app::AppError;
use dossier::app::ask::{Ask, Merge, Outbound, StatusReported, Unmerge, UnmergeTarget};
use dossier_domain::event::DeliveryStatus;
use dossier_domain::rejection::Rejection;
use futures::executor::block_on;

use crate::conversation::outbound_of;
use crate::support::asks::{self, given};
use crate::world::World;

#[test]
fn merges_are_refused_each_for_its_reason_and_leave_both_unchanged() {
    let mut world = World::of("ABCDE");
    world.merge('A', 'B');
    world.block('D');
    world.erase('E');
    let before = world.reading().views();
    let [a, b, c, d, e] = ['A', 'B', 'C', 'D', 'E'].map(|name| world.id(name));
    let nobody = dossier_domain::ids::ContactId(uuid::Uuid::from_u128(77));
    let blocked = Rejection::MergeBlockedContact { contact: d };
    let absorbed = Rejection::NotLive { contact: b, merged_into: a };
    for (primary, secondary, why) in [
        (a, a, Rejection::SameContact),
        (c, b, absorbed.clone()),
        (b, c, absorbed),
        (c, d, blocked.clone()),
        (d, c, blocked),
        (c, e, Rejection::ContactErased { contact: e }),
        (e, c, Rejection::ContactErased { contact: e }),
        (c, nobody, Rejection::ContactNotFound),
        (nobody, c, Rejection::ContactNotFound),
    ] {
        assert_eq!(world.refused(asks::merge(primary, secondary, &[])), why);
    }
    assert_eq!(world.reading().views(), before);
    world.is_sound();
}

#[test]
fn unmerges_are_refused_each_for_its_reason() {
    let mut world = World::of("ABC");
    let merge = world.merge('A', 'B');
    let nothing = dossier_domain::ids::MergeId(uuid::Uuid::from_u128(77));
    assert_eq!(world.refused(asks::unmerge(nothing)), Rejection::MergeNotFound);
    let strangers = asks::unmerge_pair(world.id('A'), world.id('C'));
    assert_eq!(world.refused(strangers), Rejection::NotMerged { secondary: world.id('C') });
    world.unmerge(merge);
    assert_eq!(world.refused(asks::unmerge(merge)), Rejection::AlreadyUnmerged { merge });
}

#[test]
fn expected_revisions_are_held_against_both_sides() {
    let mut world = World::of("AB");
    let (a, b) = (world.id('A'), world.id('B'));
    let revision = |world: &World, name| world.reading().contacts[&world.id(name)].revision();
    let asked = |primary, secondary| {
        let expected = dossier::app::ask::ExpectedRevisions { primary, secondary };
        let (primary, secondary) = (asks::by_id(a), asks::by_id(b));
        Ask::Merge(Merge { primary, secondary, choices: [].into(), expected })
    };
    let (at_a, at_b) = (revision(&world, 'A'), revision(&world, 'B'));
    world.tag('B', "t");
    let actual = revision(&world, 'B').unwrap_or_default();
    assert_eq!(world.refused(asked(at_a, at_b)), Rejection::RevisionConflict { contact: b, actual });
    let merge = world.done(asked(at_a, revision(&world, 'B'))).merge.expect("merged").merge_id;
    world.tag('A', "t");
    let undo = |primary| {
        let expected = dossier::app::ask::ExpectedRevisions { primary, secondary: None };
        Ask::Unmerge(Unmerge { target: UnmergeTarget::Merge(merge), expected })
    };
    assert!(matches!(world.refused(undo(at_a)), Rejection::RevisionConflict { .. }));
    let now = revision(&world, 'A');
    assert_eq!(world.done(undo(now)).status, 200);
}

/// Every kind of command twice under one key: the second time nothing is appended and the answer is the first one.
#[test]
fn a_retry_is_answered_as_the_first_time() {
    let mut world = World::of("ABC");
    let (a, b, c) = (world.id('A'), world.id('B'), world.id('C'));
    let steps = [
        asks::create(&["new", "newer"]),
        asks::set(a, "company", Some("x")),
        asks::tag(a, "t"),
        asks::untag(a, "t"),
        asks::comment(a, "hello"),
        asks::claim(a, "extra"),
        asks::inbound("a", "1"),
        asks::inbound("unknown", "2"),
        asks::outbound(asks::by_id(a), Some("a"), "3"),
        asks::outbound(asks::by_id(a), Some("unheld"), "4"),
        asks::outbound(asks::by_handle("stranger"), Some("stranger"), "5"),
        asks::close(a),
        asks::merge(a, b, &[("company", given(Some("y")))]),
        asks::inbound("b", "6"),
        asks::release(a, "b"),
        asks::unmerge_pair(a, b),
        asks::block(c),
        asks::unblock(c),
        asks::delete(a),
    ];
    let mut done = Vec::new();
    for (index, ask) in steps.into_iter().enumerate() {
        let key = format!("step {index}");
        let first = world.done_as(&key, ask.clone());
        assert!(first.appended, "{ask:?}");
        done.push((key, ask, first));
        for (key, ask, first) in &done {
            let head = world.reading().head();
            let again = world.done_as(key, ask.clone());
            assert_eq!(world.reading().head(), head, "{ask:?}");
            let what =
                |it: &dossier::app::ask::Answer| (it.status, it.contact_id, it.revision, it.position, it.created);
            assert_eq!(what(&again), what(first), "{ask:?}");
            assert_eq!(again.merge.map(|it| it.merge_id), first.merge.map(|it| it.merge_id));
        }
        world.is_sound();
    }
    world.restart();
    for (key, ask, first) in &done {
        assert_eq!(world.done_as(key, ask.clone()).position, first.position, "{ask:?}");
    }
}

#[test]
fn a_key_used_for_something_else_is_refused_and_changes_nothing() {
    let mut world = World::of("AB");
    let (a, b) = (world.id('A'), world.id('B'));
    world.done_as("same", asks::comment(a, "x"));
    let head = world.reading().head();
    for ask in [
        asks::comment(a, "y"),
        asks::tag(b, "t"),
        asks::merge(a, b, &[]),
        asks::create(&["new"]),
        asks::claim(a, "new"),
        asks::release(a, "a"),
        asks::inbound("a", "1"),
        asks::inbound("new", "2"),
        asks::outbound(asks::by_id(a), Some("new"), "3"),
        asks::delete(a),
    ] {
        let refused = world.ask_as("same", ask.clone());
        assert!(matches!(refused, Err(AppError::Rejected(Rejection::KeyReused))), "{ask:?}: {refused:?}");
        assert_eq!(world.reading().head(), head, "{ask:?}");
    }
    world.is_sound();
}

#[test]
fn what_changes_nothing_and_what_is_refused_does_not_use_up_its_key() {
    let mut world = World::of("AB");
    let (a, b) = (world.id('A'), world.id('B'));
    assert!(!world.done_as("free", asks::untag(a, "t")).appended);
    assert!(world.done_as("free", asks::tag(a, "t")).appended);
    world.block('B');
    assert!(world.ask_as("merge", asks::merge(a, b, &[])).is_err());
    world.unblock('B');
    assert_eq!(world.done_as("merge", asks::merge(a, b, &[])).status, 201);
}

#[test]
fn an_identity_is_taken_once_and_free_after_release_and_erasure() {
    let mut world = World::of("ABC");
    world.merge('C', 'B');
    let taken = Rejection::IdentityTaken { by: world.id('C') };
    assert_eq!(world.refused(asks::claim(world.id('A'), "b")), taken, "it names the live contact that shows it");
    assert!(!world.claim('C', "b").appended);
    assert!(!world.claim('B', "b").appended);
    assert!(!world.release('A', "b").appended, "it is not A's to give up");
    assert!(world.release('C', "b").appended);
    assert!(world.claim('A', "b").appended);
    world.erase('A');
    assert!(world.claim('C', "b").appended);
    world.is_sound();
}

#[test]
fn creating_with_several_identities_is_all_or_nothing() {
    let mut world = World::of("AB");
    let taken = Rejection::IdentityTaken { by: world.id('B') };
    assert_eq!(world.refused(asks::create(&["new", "b", "newer"])), taken);
    assert_eq!(world.reading().live_roots().count(), 2);
    for identity in ["new", "newer"] {
        assert!(world.claim('A', identity).appended);
    }
    world.is_sound();
}

#[test]
fn a_message_to_a_handle_that_the_contact_does_not_hold_claims_it_and_is_recorded() {
    let mut world = World::of("AB");
    let sent = world.done(asks::outbound(asks::by_id(world.id('A')), Some("new"), "1"));
    assert_eq!((sent.contact_id, sent.created), (Some(world.id('A')), false));
    assert_eq!(world.view('A').counts.messages_out, 1);
    assert_eq!(world.identities('A'), ["a", "new"]);
    let taken = Rejection::IdentityTaken { by: world.id('A') };
    assert_eq!(world.refused(asks::outbound(asks::by_id(world.id('B')), Some("new"), "2")), taken);
    world.is_sound();
}

#[test]
fn a_message_sent_again_changes_nothing_whatever_became_of_its_identity() {
    let mut world = World::of("AB");
    let send = asks::outbound(asks::by_id(world.id('A')), Some("new"), "1");
    world.done(send.clone());
    world.release('A', "new");
    let head = world.reading().head();
    let again = world.done(send.clone());
    assert_eq!((again.duplicate, again.contact_id, world.reading().head()), (true, Some(world.id('A')), head));
    world.claim('B', "new");
    assert!(world.done(send).duplicate);
    world.is_sound();
}

#[test]
fn a_message_to_a_blocked_contact_is_refused_and_claims_nothing() {
    let mut world = World::of("AB");
    world.block('A');
    let refused = world.refused(asks::outbound(asks::by_id(world.id('A')), Some("new"), "1"));
    assert_eq!(refused, Rejection::ContactBlocked { contact: world.id('A') });
    assert_eq!(world.identities('A'), ["a"]);
    assert!(world.claim('B', "new").appended);
}

#[test]
fn a_status_finds_the_message_with_whoever_recorded_it() {
    let mut world = World::of("AB");
    let merge = world.merge('A', 'B');
    world.done(asks::outbound(asks::by_id(world.id('A')), Some("b"), "1"));
    let report = |contact, status| {
        let (message_id, error, at) = ("1".into(), None, None);
        Ask::ReportStatus(StatusReported { contact: asks::by_id(contact), message_id, status, error, at })
    };
    assert!(world.done(report(world.id('B'), DeliveryStatus::Sent)).appended);
    world.unmerge(merge);
    assert!(world.done(report(world.id('A'), DeliveryStatus::Delivered)).appended, "it stands in A's timeline");
    assert!(!world.done(report(world.id('A'), DeliveryStatus::Delivered)).appended);
    world.erase('B');
    assert!(world.done(report(world.id('A'), DeliveryStatus::Read)).appended);
}

#[test]
fn a_message_goes_out_by_the_identity_of_its_channel_last_interacted_with() {
    let mut world = World::of("AB");
    world.claim('A', "z");
    world.merge('A', 'B');
    let send = |world: &mut World, message: &str| {
        let sent = asks::outbound(asks::by_id(world.id('A')), None, message);
        world.done(sent);
        world.view('A').identities[0].external_id.clone()
    };
    assert_eq!(send(&mut world, "1").as_deref(), Some("a"), "the first connected");
    world.inbound("b", "2");
    assert_eq!(send(&mut world, "3").as_deref(), Some("b"));
    let other = Outbound { channel: "tg".into(), ..outbound_of(asks::outbound(asks::by_id(world.id('A')), None, "4")) };
    assert!(matches!(world.ask(Ask::Send(other)), Err(AppError::Invalid(_))));
}

#[test]
fn a_precondition_is_held_against_the_tree_when_the_command_is_decided() {
    let mut world = World::of("AB");
    let seen = world.view('A').position;
    world.tag('A', "t");
    let a = world.id('A');
    for ask in [
        asks::set(a, "company", Some("x")),
        asks::claim(a, "new"),
        asks::release(a, "a"),
        asks::outbound(asks::by_id(a), Some("a"), "1"),
        asks::delete(a),
    ] {
        let mut command = asks::command(Some("if"), ask.clone());
        command.envelope.if_match = Some(seen);
        let refused = block_on(world.app.submit(&command));
        assert!(matches!(refused, Err(AppError::Rejected(Rejection::RevisionConflict { .. }))), "{ask:?}");
    }
    let mut command = asks::command(Some("if"), asks::delete(a));
    command.envelope.if_match = Some(world.view('A').position);
    assert!(block_on(world.app.submit(&command)).is_ok());
}

#[test]
fn a_create_that_was_answered_makes_nobody_again_after_an_erasure() {
    let mut world = World::of("");
    let made = world.done_as("make", asks::create(&["x"]));
    world.call('X', &made);
    world.erase('X');
    let again = world.done_as("make", asks::create(&["x"]));
    assert_eq!((again.contact_id, again.status), (made.contact_id, 201));
    assert_eq!(world.reading().live_roots().count(), 0);
}
