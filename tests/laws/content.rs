//! What commands on one contact do, sentence by sentence: names, values, tags, who acted, sources and blocks (rules 3, 5,
//! 7-9, 12-18). The conversation has a file of its own.

use dossier::app::ask::{Ask, Edit, Inbound, Merge, Outbound};
use dossier_domain::event::{Event, InteractionKind, Sender};
use dossier_domain::field::Origin;
use dossier_domain::meta::{Actor, ActorKind, Cause};
use dossier_domain::personal::Personal;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::ConversationStatus;
use dossier_domain::values::tag::{TAG_LIMIT, parse_tag};
use futures::executor::block_on;
use uuid::Uuid;

use crate::conversation::{inbound_of, outbound_of};
use crate::support::asks::{self, by_id};
use crate::world::World;

#[test]
fn a_display_name_is_the_names_else_phone_else_email_else_handle_else_a_short_id() {
    let mut world = World::of("A");
    let named = |world: &World| world.view('A').display_name();
    assert_eq!(
        named(&world),
        world.id('A').0.simple().to_string()[..8],
        "an identity never interacted with is no name"
    );
    world.inbound("a", "1");
    assert_eq!(named(&world), "a");
    world.set('A', "email", "a@example.com");
    assert_eq!(named(&world), "a@example.com");
    world.set('A', "phone", "+60123456789");
    assert_eq!(named(&world), "+60123456789");
    world.set('A', "last_name", "Lovelace");
    assert_eq!(named(&world), "Lovelace");
    world.set('A', "first_name", "Ada");
    assert_eq!(named(&world), "Ada Lovelace");
}

#[test]
fn a_country_that_was_set_stays_and_a_derived_one_follows_the_phone() {
    let mut world = World::of("A");
    world.set('A', "phone", "+60123456789");
    assert_eq!(world.shown('A', "derived country").as_deref(), Some("MY"));
    world.set('A', "phone", "+4915112345678");
    assert_eq!(world.shown('A', "derived country").as_deref(), Some("DE"));
    world.set('A', "country", "SE");
    world.set('A', "phone", "+60123456789");
    assert_eq!((world.shown('A', "country").as_deref(), world.shown('A', "derived country")), (Some("SE"), None));
}

#[test]
fn every_value_keeps_where_it_came_from() {
    let mut world = World::of("A");
    let origins = [Origin::Manual, Origin::Import, Origin::Api];
    for (field, origin) in ["company", "language", "last_name"].into_iter().zip(origins) {
        let edit = Edit::Profile(asks::values(&[(field, Some("en"))], origin));
        world.done(Ask::Edit(by_id(world.id('A')), edit));
    }
    world.done(asks::inbound_with("a", "1", &[("first_name", Some("Ada"))]));
    let fields = world.view('A').shown.fields;
    let of = |field: &str| fields[&asks::field(field)].origin;
    assert_eq!(["company", "language", "last_name"].map(of), origins);
    assert_eq!(of("first_name"), Origin::Channel);
}

#[test]
fn a_profile_replaces_nothing_but_an_avatar_that_follows_its_channel() {
    let mut world = World::of("A");
    let profile = |company, avatar| [("company", Some(company)), ("avatar_url", Some(avatar))];
    world.done(asks::inbound_with("a", "1", &profile("one", "https://x.example/1")));
    world.done(asks::inbound_with("a", "2", &profile("two", "https://x.example/2")));
    assert_eq!(world.shown('A', "company").as_deref(), Some("one"));
    assert_eq!(world.shown('A', "avatar_url").as_deref(), Some("https://x.example/2"));
    world.done(asks::inbound_with("a", "3", &[("country", Some("SE"))]));
    world.set('A', "phone", "+60123456789");
    assert_eq!(world.shown('A', "country").as_deref(), Some("SE"));
}

#[test]
fn a_contact_has_at_most_500_tags() {
    let mut world = World::of("A");
    for number in 0..TAG_LIMIT {
        world.tag('A', &format!("tag {number}"));
    }
    assert_eq!(TAG_LIMIT, 500);
    assert_eq!(world.refused(asks::tag(world.id('A'), "one more")), Rejection::TooManyTags);
    assert!(!world.tag('A', "TAG 7").appended, "it has that one");
    world.untag('A', "tag 7");
    assert!(world.tag('A', "one more").appended);
}

#[test]
fn a_tag_is_recorded_by_its_folded_key_and_spelled_as_first_used() {
    let mut world = World::of("AB");
    world.tag('A', "Straße");
    world.tag('B', "STRASSE");
    assert_eq!((world.tags('A'), world.tags('B')), (vec!["Straße".to_owned()], vec!["Straße".to_owned()]));
    let reading = world.reading();
    let key = reading.own(world.id('B')).find_map(|(_, opened)| match &opened.event {
        Event::TagAdded(tag) => tag.personal.open().map(|tag| tag.key.clone()),
        _ => None,
    });
    assert_eq!(key, Some(parse_tag("strasse").expect("a tag").key));
}

#[test]
fn every_event_says_who_why_and_when_and_what_it_belongs_to() {
    let mut world = World::of("A");
    let mut command = asks::command(Some("k"), asks::comment(world.id('A'), "hello"));
    let (correlation, batch) = (Uuid::from_u128(1), Uuid::from_u128(2));
    command.envelope.actor = Actor { kind: ActorKind::Workflow, id: Personal::Open("nightly".into()) };
    (command.envelope.cause, command.envelope.correlation_id) = (Cause::Import, Some(correlation));
    command.envelope.batch_id = Some(batch);
    block_on(world.app.submit(&command)).expect("done");
    let reading = world.reading();
    let meta = &reading.events.last().expect("an event").1.meta;
    let now = dossier::app::clock::Wall::now(&*world.parts.clock);
    assert_eq!(meta.actor.to_string(), "workflow:nightly");
    assert_eq!((meta.cause, meta.occurred_at, meta.recorded_at), (Cause::Import, now, now));
    assert_eq!((meta.correlation_id, meta.batch_id), (correlation, Some(batch)));
    assert!(!meta.causation_id.is_nil());
    world.inbound("a", "1");
    world.block('A');
    let reading = world.reading();
    let causes: Vec<_> = reading.own(world.id('A')).map(|(_, opened)| opened.meta.cause).skip(3).collect();
    assert_eq!(causes, [Cause::Inbound, Cause::Inbound, Cause::Block, Cause::Api]);
}

#[test]
fn a_claim_whose_contact_never_came_to_exist_holds_nobody_back() {
    let mut world = World::of("A");
    let engine = world.app.engine();
    let named = engine.named("default", &asks::handle("new"));
    let act = dossier::app::act::Act::system("default".into(), chrono::DateTime::UNIX_EPOCH, false, Cause::Api);
    let identity = block_on(engine.streams.identity(named.identity)).expect("a state");
    let claimed = named.claimed(&act, dossier_domain::ids::ContactId(Uuid::from_u128(77)));
    block_on(engine.streams.append_identity(&identity, claimed)).expect("claimed, and then a crash");
    assert!(world.claim('A', "new").appended);
    assert_eq!(world.inbound("new", "1").contact_id, Some(world.id('A')));
    world.is_sound();
}

#[test]
fn the_source_is_no_broadcast_and_edits_never_change_it() {
    let mut world = World::of("A");
    world.claim('A', "tg:x");
    let to_all =
        Outbound { sender: Sender::Broadcast, ..outbound_of(asks::outbound(by_id(world.id('A')), Some("a"), "1")) };
    world.done(Ask::Send(to_all));
    assert_eq!(world.view('A').source, None);
    world.inbound("tg:x", "2");
    world.inbound("a", "3");
    world.set('A', "company", "x");
    assert_eq!(world.view('A').source.as_deref(), Some("tg"));
}

#[test]
fn times_go_by_when_it_happened_and_first_seen_is_the_earliest() {
    let mut world = World::of("A");
    let created = world.view('A').created_at;
    assert_eq!(world.view('A').first_seen, created);
    let at = |message: &str, hours: i64, kind| {
        let inbound = inbound_of(asks::inbound("a", message));
        Ask::Receive(Inbound { at: Some(created - chrono::TimeDelta::hours(hours)), kind, ..inbound })
    };
    world.done(at("1", 2, InteractionKind::Message));
    world.done(at("2", 5, InteractionKind::Message));
    world.done(at("3", 1, InteractionKind::Call));
    let view = world.view('A');
    let before = |hours| Some(created - chrono::TimeDelta::hours(hours));
    assert_eq!((Some(view.first_seen), view.last_in), (before(5), before(2)), "a call is no message");
    assert_eq!(view.last_interaction.map(|(at, _)| at), before(1));
    world.done(asks::comment(world.id('A'), "x"));
    assert_eq!(world.view('A').last_interaction.map(|(at, _)| at), before(1), "a comment is no interaction");
}

#[test]
fn the_first_body_of_a_message_stands_also_when_it_comes_again_blocked() {
    let mut world = World::of("A");
    world.inbound("a", "1");
    world.block('A');
    let other = Inbound { content: None, ..inbound_of(asks::inbound("a", "1")) };
    let again = world.done(Ask::Receive(other));
    assert_eq!((again.duplicate, again.appended, again.contact_id), (true, false, Some(world.id('A'))));
    assert_eq!((world.messages_in('A'), world.view('A').counts.suppressed), (1, 0));
    assert!(!world.inbound("a", "2").duplicate);
    assert!(world.inbound("a", "2").duplicate, "what was suppressed is known again too");
}

#[test]
fn a_block_closes_first_then_hides_what_comes_in_and_an_unblock_restores_nothing() {
    let mut world = World::of("A");
    world.inbound("a", "1");
    let before = world.view('A');
    let head = world.reading().head();
    world.block('A');
    let reading = world.reading();
    let appended: Vec<_> =
        reading.events[head as usize..].iter().map(|(it, _)| it.event.event_type.to_string()).collect();
    assert_eq!(appended, ["conversation_closed", "contact_blocked"], "in one append");
    world.inbound("a", "2");
    let view = world.view('A');
    assert_eq!(
        (view.last_in, view.last_interaction, view.counts.messages_in),
        (before.last_in, before.last_interaction, 1)
    );
    let (_, kept) = &world.reading().events[world.reading().head() as usize - 1];
    assert!(matches!(kept.event, Event::MessageSuppressed(_)) && kept.event.personal_json().expect("JSON").is_none());
    world.unblock('A');
    let view = world.view('A');
    assert_eq!((view.conversation.status, view.counts.messages_in), (ConversationStatus::Closed, 1));
    assert_eq!(view.blocked, None);
}

#[test]
fn while_blocked_a_contact_is_edited_but_neither_opened_nor_written_to() {
    let mut world = World::of("A");
    world.block('A');
    let a = world.id('A');
    let blocked = Rejection::ContactBlocked { contact: a };
    let later = dossier::app::clock::Wall::now(&*world.parts.clock) + chrono::TimeDelta::days(1);
    for refused in [
        Ask::Edit(by_id(a), Edit::Open),
        Ask::Edit(by_id(a), Edit::Snooze(later)),
        asks::outbound(by_id(a), Some("a"), "1"),
    ] {
        assert_eq!(world.refused(refused), blocked);
    }
    for taken in [
        asks::set(a, "company", Some("x")),
        asks::tag(a, "t"),
        asks::comment(a, "x"),
        Ask::Edit(by_id(a), Edit::Assign(Some("user:1".into()))),
        asks::unblock(a),
        asks::block(a),
        asks::delete(a),
    ] {
        assert!(world.done(taken.clone()).appended, "{taken:?}");
    }
}

#[test]
fn merge_unmerge_and_delete_take_the_very_contact_that_bears_the_identity() {
    let mut world = World::of("ABC");
    let by = asks::by_handle;
    let merge = |primary: &str, secondary: &str| {
        let expected = Default::default();
        Ask::Merge(Merge { primary: by(primary), secondary: by(secondary), choices: [].into(), expected })
    };
    world.done(merge("a", "b"));
    let absorbed = Rejection::NotLive { contact: world.id('B'), merged_into: world.id('A') };
    assert_eq!(world.refused(merge("c", "b")), absorbed);
    let refused = world.refused(Ask::Delete(by("b")));
    assert_eq!(refused, Rejection::ContactAbsorbed { contact: world.id('B'), root: world.id('A') });
    let commented = world.done(Ask::Edit(by("b"), Edit::Comment("x".into())));
    assert_eq!(commented.contact_id, Some(world.id('A')), "all else follows the merge");
    let target = dossier::app::ask::UnmergeTarget::Secondary { primary: by("a"), secondary: by("b") };
    world.done(Ask::Unmerge(dossier::app::ask::Unmerge { target, expected: Default::default() }));
    assert_eq!(world.identities('B'), ["b"]);
}

#[test]
fn a_merge_keeps_the_version_of_its_policy_and_closes_for_its_own_cause() {
    let mut world = World::of("AB");
    world.inbound("b", "1");
    world.merge('A', 'B');
    let reading = world.reading();
    let (_, edge) = reading.own(world.id('A')).last().expect("the edge");
    let Event::ContactMerged(merged) = &edge.event else { panic!("{edge:?}") };
    assert_eq!((merged.policy, edge.meta.cause), (1, Cause::Merge));
    let opened = reading.own(world.id('B')).filter(|(_, it)| matches!(it.event, Event::ConversationClosed(_)));
    assert_eq!(opened.count(), 0, "no event of its own, that a workflow could start on");
}

#[test]
fn contacts_of_two_workspaces_are_strangers() {
    let mut world = World::of("A");
    let elsewhere = |key: &str, ask: Ask| {
        let mut command = asks::command(Some(key), ask);
        command.envelope.workspace = "other".into();
        block_on(world.app.submit(&command))
    };
    let settings = dossier_domain::workspace::Workspace::default().settings;
    elsewhere("1", Ask::Configure((*settings).clone())).expect("made");
    let theirs = elsewhere("2", asks::create(&["a"])).expect("the identity is free there").contact_id.expect("made");
    let here = world.id('A');
    for strange in [asks::merge(here, theirs, &[]), asks::comment(here, "x"), asks::delete(here)] {
        let refused = elsewhere("3", strange);
        assert!(matches!(refused, Err(dossier::app::AppError::Rejected(Rejection::ContactNotFound))), "{refused:?}");
    }
    assert_eq!(world.refused(asks::merge(here, theirs, &[])), Rejection::ContactNotFound);
    assert_eq!(world.inbound("a", "1").contact_id, Some(here));
}
