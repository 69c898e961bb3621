//! The conversation, turn by turn, and what falls due by itself (rules 11, 27, 32).

use chrono::{DateTime, TimeDelta, Utc};
use dossier::app::AppError;
use dossier::app::ask::{Ask, Clock, Edit, Inbound, Outbound};
use dossier::app::clock::Wall;
use dossier_domain::event::{ClosingNote, Event, InteractionKind, Sender};
use dossier_domain::fields::FieldType;
use dossier_domain::meta::Cause;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::ConversationStatus::{self, Closed, Open, Snoozed};
use futures::executor::block_on;

use crate::support::asks::{self, by_id};
use crate::world::World;

pub fn inbound_of(ask: Ask) -> Inbound {
    match ask {
        Ask::Receive(inbound) => inbound,
        other => panic!("{other:?}"),
    }
}

pub fn outbound_of(ask: Ask) -> Outbound {
    match ask {
        Ask::Send(outbound) => outbound,
        other => panic!("{other:?}"),
    }
}

fn turn(world: &mut World, edit: Edit) -> bool {
    let contact = by_id(world.id('A'));
    world.done(Ask::Edit(contact, edit)).appended
}

fn now(world: &World) -> DateTime<Utc> {
    world.parts.clock.now()
}

fn close() -> Edit {
    Edit::Close(ClosingNote { category: Some("sold".into()), summary: Some("two".into()) })
}

fn snooze(world: &World) -> Edit {
    Edit::Snooze(now(world) + TimeDelta::days(1))
}

/// A world whose contact A has a conversation of this status.
fn with(status: ConversationStatus) -> World {
    let mut world = World::of("A");
    if status != ConversationStatus::None {
        turn(&mut world, Edit::Open);
    }
    match status {
        Closed => _ = turn(&mut world, close()),
        Snoozed => {
            let until = snooze(&world);
            turn(&mut world, until);
        }
        ConversationStatus::None | Open => {}
    }
    assert_eq!(world.status('A'), status);
    world
}

const ALL: [ConversationStatus; 4] = [ConversationStatus::None, Open, Snoozed, Closed];

#[test]
fn it_is_opened_from_any_other_status_and_closed_from_open_or_snoozed() {
    for from in ALL {
        let mut world = with(from);
        assert_eq!(turn(&mut world, Edit::Open), from != Open, "{from:?}");
        assert_eq!(world.status('A'), Open);
        let mut world = with(from);
        assert_eq!(turn(&mut world, close()), matches!(from, Open | Snoozed), "{from:?}");
        assert_eq!(world.status('A'), if from == ConversationStatus::None { from } else { Closed });
    }
}

#[test]
fn it_is_snoozed_from_open_or_snoozed_alone() {
    for from in ALL {
        let mut world = with(from);
        let asked = Ask::Edit(by_id(world.id('A')), Edit::Snooze(now(&world) + TimeDelta::days(2)));
        match from {
            Open | Snoozed => assert!(world.done(asked).appended),
            _ => assert_eq!(world.refused(asked), Rejection::NotOpen { contact: world.id('A') }),
        }
    }
}

#[test]
fn opened_at_is_the_latest_opening_and_stays_after_closing() {
    let mut world = with(Open);
    let opened = world.view('A').conversation.opened_at;
    turn(&mut world, close());
    assert_eq!(world.view('A').conversation.opened_at, opened);
    turn(&mut world, Edit::Open);
    assert!(world.view('A').conversation.opened_at > opened);
}

#[test]
fn a_message_or_call_in_opens_and_a_reaction_does_not() {
    for kind in [InteractionKind::Message, InteractionKind::Call, InteractionKind::Reaction] {
        for from in ALL {
            let mut world = with(from);
            world.done(Ask::Receive(Inbound { kind, ..inbound_of(asks::inbound("a", "1")) }));
            let after = if kind == InteractionKind::Reaction { from } else { Open };
            assert_eq!(world.status('A'), after, "{kind:?} from {from:?}");
        }
    }
}

#[test]
fn a_message_out_opens_from_none_or_closed_and_a_broadcast_never() {
    for sender in [Sender::User, Sender::Workflow, Sender::Api, Sender::Ai, Sender::Broadcast] {
        for from in ALL {
            let mut world = with(from);
            let outbound = outbound_of(asks::outbound(by_id(world.id('A')), Some("a"), "1"));
            world.done(Ask::Send(Outbound { sender, ..outbound }));
            let opens = sender != Sender::Broadcast && matches!(from, ConversationStatus::None | Closed);
            assert_eq!(world.status('A'), if opens { Open } else { from }, "{sender:?} from {from:?}");
        }
    }
}

#[test]
fn there_is_one_assignee_or_none() {
    let mut world = World::of("A");
    let assign = |whom: Option<&str>| Edit::Assign(whom.map(Into::into));
    assert!(turn(&mut world, assign(Some("user:1"))));
    assert!(turn(&mut world, assign(Some("user:2"))));
    assert_eq!(world.view('A').assignee.as_deref(), Some("user:2"));
    assert!(!turn(&mut world, assign(Some("user:2"))));
    assert!(turn(&mut world, assign(None)));
    assert_eq!(world.view('A').assignee, None);
}

#[test]
fn when_a_snooze_passes_the_timer_opens_it_unless_it_changed_since() {
    let world = with(Snoozed);
    let until = world.view('A').conversation.snoozed_until.expect("a time");
    let run = |world: &World, at| block_on(world.app.run_due(&"default".into(), at, false)).expect("done");
    run(&world, until - TimeDelta::seconds(1));
    assert_eq!(world.status('A'), Snoozed);
    run(&world, until);
    assert_eq!((world.status('A'), world.view('A').conversation.opened_at), (Open, Some(until)));
    assert_eq!(world.reading().events.last().expect("an event").1.meta.cause, Cause::Timer);
    let mut world = with(Snoozed);
    turn(&mut world, close());
    run(&world, until + TimeDelta::days(9));
    assert_eq!(world.status('A'), Closed);
}

#[test]
fn a_cycle_that_nothing_else_closes_is_closed_when_its_time_has_come() {
    let mut world = World::of("A");
    world.inbound("a", "1");
    let head = world.reading().head();
    block_on(world.app.run_due(&"default".into(), now(&world) + TimeDelta::days(70), false)).expect("done");
    let reading = world.reading();
    let closed = reading.events[head as usize..].iter().map(|(_, opened)| match &opened.event {
        Event::CycleClosed(closed) => (closed.cycle.to_string(), closed.end == opened.meta.recorded_at),
        other => panic!("{other:?}"),
    });
    assert_eq!(closed.collect::<Vec<_>>(), [("2024-01-01".to_owned(), true), ("2024-02-01".to_owned(), true)]);
}

fn replayed(world: &World, key: &str, at: DateTime<Utc>, ask: Ask) -> Result<dossier::app::ask::Answer, AppError> {
    let mut command = asks::command(Some(key), ask);
    command.envelope.clock = Clock::Replay(at);
    block_on(world.app.submit(&command))
}

#[test]
fn fields_defined_today_leave_room_for_a_history_that_is_replayed() {
    let mut world = World::of("");
    world.done(asks::define("colour", FieldType::Text));
    let start: DateTime<Utc> = "2020-01-30T00:00:00Z".parse().expect("a time");
    assert!(replayed(&world, "1", start, asks::define("size", FieldType::Text)).expect("taken").appended);
    replayed(&world, "2", start - TimeDelta::days(1), asks::inbound("a", "1")).expect("the clock did not run yet");
    // Once it runs, what is done to fields moves it like anything else.
    replayed(&world, "3", start, asks::define("shape", FieldType::Text)).expect("taken");
    let behind = replayed(&world, "4", start - TimeDelta::seconds(1), asks::inbound("a", "2"));
    assert!(matches!(behind, Err(AppError::Rejected(Rejection::ClockBehind))), "{behind:?}");
}

#[test]
fn a_replay_never_goes_back_nor_ahead_of_now_but_a_known_key_is_answered_first() {
    let world = World::of("");
    let start: DateTime<Utc> = "2020-01-30T00:00:00Z".parse().expect("a time");
    let first = replayed(&world, "1", start, asks::inbound("a", "1")).expect("taken");
    let clock_behind = replayed(&world, "2", start - TimeDelta::seconds(1), asks::inbound("a", "2"));
    assert!(matches!(clock_behind, Err(AppError::Rejected(Rejection::ClockBehind))));
    let again = replayed(&world, "1", start - TimeDelta::days(1), asks::inbound("a", "1")).expect("known");
    assert_eq!((again.contact_id, again.position), (first.contact_id, first.position));
    let ahead = replayed(&world, "3", now(&world) + TimeDelta::seconds(1), asks::inbound("a", "3"));
    assert!(matches!(ahead, Err(AppError::Invalid(_))));
}

#[test]
fn what_falls_due_between_two_replayed_lines_happens_before_the_next_at_its_own_time() {
    let world = World::of("");
    let start: DateTime<Utc> = "2020-01-30T00:00:00Z".parse().expect("a time");
    let made = replayed(&world, "1", start, asks::inbound("a", "1")).expect("taken");
    let contact = by_id(made.contact_id.expect("a contact"));
    let until = start + TimeDelta::days(3);
    replayed(&world, "2", start, Ask::Edit(contact, Edit::Snooze(until))).expect("taken");
    let head = world.reading().head();
    replayed(&world, "3", start + TimeDelta::days(5), asks::inbound("a", "2")).expect("taken");
    let reading = world.reading();
    let since = &reading.events[head as usize..];
    let told: Vec<_> =
        since.iter().map(|(it, opened)| (it.event.event_type.to_string(), opened.meta.recorded_at)).collect();
    let month: DateTime<Utc> = "2020-02-01T00:00:00Z".parse().expect("a time");
    let expected = [
        ("cycle_closed".to_owned(), month),
        ("conversation_opened".to_owned(), until),
        ("message_received".to_owned(), start + TimeDelta::days(5)),
    ];
    assert_eq!(told, expected);
    assert!(since.iter().all(|(_, opened)| opened.meta.replayed), "its events say that they were replayed");
}
