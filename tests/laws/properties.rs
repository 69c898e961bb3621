//! The laws of rule 26 over generated histories; each also says how it looks when it is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dossier::app::AppError;
use dossier::app::ask::{Ask, Handle};
use dossier_domain::compose::{View, tree_of};
use dossier_domain::event::{Event, MessageText};
use dossier_domain::ids::{ContactId, IdentityId, Stream};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, ConversationStatus, Life};
use futures::executor::block_on;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::counterfactual::{undone, without_undone_merges};
use crate::deeds::{Deed, deeds};
use crate::erased::{Owned, own_words, owned, words_of};
use crate::history::{Done, History};
use crate::literal::{Literal, Shows};
use crate::memory::{Memory, played};
use crate::support::invariants;
use crate::support::reading::Reading;
use crate::support::{asks, house};

/// A law: what is wrong with a history, if anything is.
pub type Law = fn(&[Deed]) -> Result<(), TestCaseError>;

/// The longest history.
pub const LONGEST: usize = 40;

/// How many histories a law is held to: more where `PROPTEST_CASES` says so.
pub fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

fn reading(history: &History<Memory>) -> Reading {
    history.stage.0.reading()
}

/// Live roots that are not blocked.
fn free(reading: &Reading) -> Vec<ContactId> {
    reading.live_roots().filter(|root| root.blocked.is_none()).map(|root| root.id).collect()
}

/// Merge, then unmerge, with nothing between: everybody shows what they did, save the secondary's conversation.
pub fn undoing_at_once_changes_nothing(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = played(deeds);
    let free = free(&reading(&history));
    for (index, primary) in free.iter().enumerate() {
        let secondary = free[(index + 1) % free.len()];
        if *primary == secondary {
            continue;
        }
        let before = reading(&history).views();
        let choices = [("company", asks::secondary()), ("email", asks::given(None))];
        let world = &mut history.stage.0;
        let merge = world.done(asks::merge(*primary, secondary, &choices)).merge.expect("merged").merge_id;
        world.done(asks::unmerge(merge));
        let after = reading(&history).views();
        prop_assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "law a");
        for (id, then) in &before {
            let mut now = after[id].clone();
            if *id == secondary {
                let was_running = then.conversation.is_running();
                let closed = if was_running { ConversationStatus::Closed } else { then.conversation.status };
                prop_assert_eq!(now.conversation.status, closed, "law a: the conversation of the secondary");
                prop_assert_eq!(now.conversation.opened_at, then.conversation.opened_at, "law a");
                now.conversation = then.conversation.clone();
            }
            (now.position, now.revision) = (then.position, then.revision);
            prop_assert_eq!(&now, then, "law a: {:?} shows something else", id);
        }
    }
    Ok(())
}

/// What is set or put on is the contact's own, even if a merge showed it already: it stays when every merge is undone.
pub fn what_is_said_again_stays(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = played(deeds);
    let before = reading(&history);
    for (id, view) in before.views() {
        let world = &mut history.stage.0;
        let company = view.text(&asks::field("company")).map_or("new".to_owned(), ToString::to_string);
        world.done(asks::set(id, "company", Some(&company)));
        for tag in view.shown.tags.values() {
            world.done(asks::tag(id, tag));
        }
        for edge in before.contacts[&id].live_edges() {
            world.done(asks::unmerge(edge.merge));
        }
        let after = world.reading().view(id).expect("it lives");
        let shown = after.text(&asks::field("company")).map(ToString::to_string);
        prop_assert_eq!(shown, Some(company), "rule 10: what {:?} was told", id);
        prop_assert_eq!(after.shown.tags, view.shown.tags, "rule 10: tags that {:?} was given", id);
    }
    Ok(())
}

/// Everybody shows what they would had each undone merge never been.
pub fn undone_merges_leave_no_trace(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let history = played(deeds);
    let parted: BTreeSet<ContactId> = undone(&history).into_iter().map(|(_, secondary)| secondary).collect();
    let (real, never) = (reading(&history).views(), without_undone_merges(&history).reading().views());
    prop_assert_eq!(real.keys().collect::<Vec<_>>(), never.keys().collect::<Vec<_>>(), "law b: who lives");
    for (id, view) in &real {
        let (mut view, mut other) = (comparable(view), comparable(&never[id]));
        if parted.contains(id) {
            // It was closed by a merge.
            (view.conversation, other.conversation) = Default::default();
        }
        prop_assert_eq!(view, other, "law b: what {:?} shows", id);
    }
    Ok(())
}

/// A view without its places in the log, and without who set a value how: only what is shown.
fn comparable(view: &View) -> View {
    let mut view = view.clone();
    (view.position, view.revision) = (0, 0);
    for shown in view.shown.fields.values_mut() {
        (shown.origin, shown.from) = (dossier_domain::field::Origin::Api, view.id);
    }
    for last in view.identities.iter_mut().filter_map(|identity| identity.last.as_mut()) {
        last.position = 0;
    }
    view
}

/// Every interaction stands in one stream, once, and in one live contact's tree unless it is suppressed or erased.
pub fn interactions_stand_once(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let history = played(deeds);
    let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
    for done in &history.done {
        let recorded = done.events.iter().filter(|(_, opened)| opened.event.is_interaction()).count();
        if recorded > 0 {
            *times.entry(message_of(done)).or_default() += recorded;
        }
    }
    for (handle, message) in &history.accepted {
        let times = times.get(&named(handle, message)).copied();
        prop_assert_eq!(times, Some(1), "law c: times that {} by {:?} was recorded", message, handle);
    }
    let reading = reading(&history);
    let forest = reading.forest();
    let mut trees: BTreeMap<ContactId, usize> = BTreeMap::new();
    for root in reading.live_roots() {
        tree_of(&forest, root).iter().for_each(|contact| *trees.entry(contact.id).or_default() += 1);
    }
    let mut shown = 0;
    for (recorded, opened) in &reading.events {
        let (Stream::Contact(id), true) = (&recorded.stream, opened.event.is_interaction()) else { continue };
        let lives = reading.root(*id).is_some_and(|root| root.life == Life::Live);
        prop_assert_eq!(trees.get(id).copied().unwrap_or(0), usize::from(lives), "law c: trees that {:?} is in", id);
        shown += u64::from(lives && is_message(&opened.event));
    }
    let counted = reading.views().values().map(|view| view.counts.messages_in + view.counts.messages_out).sum::<u64>();
    prop_assert_eq!(counted, shown, "law c: messages that are shown");
    Ok(())
}

/// A message that is not suppressed.
fn is_message(event: &Event) -> bool {
    let kind = match event {
        Event::MessageReceived(event) => event.kind,
        Event::MessageSent(event) => event.kind,
        _ => return false,
    };
    kind == dossier_domain::event::InteractionKind::Message
}

fn named(handle: &Handle, message: &str) -> (String, String) {
    (format!("{}:{}", handle.channel, handle.external_id), message.to_owned())
}

/// The message of a command: by its event or, where that is suppressed, by what was asked.
fn message_of(done: &Done) -> (String, String) {
    let text = done.events.iter().find_map(|(_, opened)| match &opened.event {
        Event::MessageReceived(event) => event.personal.open().map(|text| (&event.channel, text)),
        Event::MessageSent(event) => event.personal.open().map(|text| (&event.channel, text)),
        _ => None,
    });
    match (text, &done.ask) {
        (Some((channel, MessageText { external_id, message_id, .. })), _) => {
            (format!("{channel}:{external_id}"), message_id.to_string())
        }
        (None, Ask::Receive(inbound)) => named(&inbound.handle, &inbound.message_id),
        (None, other) => panic!("no message in {other:?}"),
    }
}

/// Every live merge can be undone, in whatever order, unless its root is erased.
pub fn every_live_merge_can_be_undone(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = played(deeds);
    let before = reading(&history);
    let edges = before.contacts.values().flat_map(|contact| contact.live_edges().map(|edge| (contact.id, edge.merge)));
    // By their ids, which are hashes: no order in particular.
    let edges: BTreeMap<_, _> = edges.map(|(primary, merge)| (merge, primary)).collect();
    for (merge, primary) in edges {
        let erased = before.root(primary).is_some_and(|root| root.life == Life::Erased);
        match history.stage.0.ask(asks::unmerge(merge)) {
            Ok(_) => prop_assert!(!erased, "law d: {merge:?} is undone below an erased root"),
            Err(AppError::Rejected(Rejection::ContactErased { .. })) => {
                prop_assert!(erased, "law d: {merge:?} is refused as erased");
            }
            Err(error) => prop_assert!(false, "law d: {merge:?} can't be undone: {error}"),
        }
    }
    let after = reading(&history);
    let faults = invariants::settled(&after, &*history.stage.0.parts.keyring);
    prop_assert!(faults.is_empty(), "law d: {faults:#?}");
    prop_assert!(after.live_roots().all(|root| root.live_edges().next().is_none()), "law d: a merge is left");
    Ok(())
}

/// No identity is shown by two, and its messages land on the one that shows it.
pub fn identities_lead_to_who_shows_them(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = played(deeds);
    let views = reading(&history).views();
    let mut shown: BTreeMap<IdentityId, ContactId> = BTreeMap::new();
    for (root, identity) in views.values().flat_map(|view| view.identities.iter().map(move |it| (view.id, it))) {
        let other = shown.insert(identity.identity, root);
        prop_assert_eq!(other, None, "law e: {:?} is shown by two", identity.external_id);
    }
    for handle in crate::deeds::HANDLES {
        let Handle { channel, external_id } = asks::handle(handle);
        let identity = house::marks().identity("default", &channel, &external_id);
        let landed = history.stage.0.inbound(handle, "the last message");
        match shown.get(&identity) {
            Some(root) => prop_assert_eq!(landed.contact_id, Some(*root), "law e: where a message by {} lands", handle),
            None => prop_assert!(landed.created, "law e: nobody shows {}, and somebody takes its message", handle),
        }
    }
    Ok(())
}

/// Where a body changed, its position has risen: two bodies never bear one ETag.
pub fn positions_tell_bodies_apart(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = History::new(Memory(crate::world::World::of("")));
    let mut bodies: BTreeMap<(ContactId, u64), View> = BTreeMap::new();
    let mut log = Reading::default();
    for deed in deeds {
        history.take(deed);
        let world = &history.stage.0;
        match history.done.last().map(|done| &done.ask) {
            Some(Ask::Delete(_)) => log = world.reading(),
            _ => block_on(log.go_on(&*world.parts.store, &world.codec)),
        }
        for (id, view) in log.views() {
            let first = bodies.entry((id, view.position)).or_insert_with(|| view.clone());
            prop_assert_eq!(&*first, &view, "law f: two bodies of {:?} at position {}", id, view.position);
        }
    }
    Ok(())
}

/// Nothing of an erased contact can be opened: what it recorded, what came by its identities to others, and what was
/// given for it in merges.
pub fn nothing_of_the_erased_can_be_opened(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let history = played(deeds);
    let reading = reading(&history);
    let erased = |id: &ContactId| reading.contacts.get(id).is_some_and(|contact| contact.life == Life::Erased);
    for Owned { recorded, opened, of } in owned(&history.done) {
        let (_, now) = &reading.events[recorded.position as usize - 1];
        if !of.iter().any(erased) {
            prop_assert_eq!(&now.event, &opened.event, "law g: what nobody erased is as it was");
            continue;
        }
        let personal = now.event.personal_json().expect("JSON");
        prop_assert!(personal.is_none(), "law g: {:?} can be opened", now.event);
        let is_named = now.meta.actor.id.open().is_some_and(|id| &**id == "anna");
        prop_assert!(!is_named, "law g: who did {:?} can be told", now.event);
    }
    let shown: BTreeSet<String> = own_words(&format!("{:?}", reading.views())).into_iter().collect();
    let gone = words_of(&history.done, erased);
    let told: Vec<_> = shown.intersection(&gone).collect();
    prop_assert!(told.is_empty(), "law g: {told:?} of the erased is shown");
    Ok(())
}

/// What is shown is what a literal reading of the log shows.
pub fn composing_is_replaying_with_merges_as_edits(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let history = played(deeds);
    let reading = reading(&history);
    let literal = Literal(&reading.events);
    let views = reading.views();
    prop_assert_eq!(views.keys().copied().collect::<BTreeSet<_>>(), literal.roots(), "the roots");
    for (id, view) in &views {
        prop_assert_eq!(Shows::from(view), literal.shows(*id), "literally: what {:?} shows", id);
    }
    Ok(())
}

/// The states that commands remember are those that the log folds to, and the log keeps every invariant.
pub fn what_is_remembered_is_what_the_log_says(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let history = played(deeds);
    let reading = reading(&history);
    let faults = invariants::settled(&reading, &*history.stage.0.parts.keyring);
    prop_assert!(faults.is_empty(), "{faults:#?}");
    for state in history.stage.0.app.engine().streams.remembered() {
        let absent = || Arc::new(Contact::absent(state.id));
        let folded = reading.contacts.get(&state.id).cloned().unwrap_or_else(absent);
        prop_assert_eq!(state, folded, "a state that is remembered");
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases(96), failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() })]

    #[test]
    fn a_merge_undone_at_once_changes_nothing_but_the_secondarys_conversation(deeds in deeds(LONGEST)) {
        undoing_at_once_changes_nothing(&deeds)?;
    }

    #[test]
    fn what_is_set_again_is_the_contacts_own_and_stays_when_all_is_undone(deeds in deeds(LONGEST)) {
        what_is_said_again_stays(&deeds)?;
    }

    #[test]
    fn whatever_was_undone_in_whatever_order_everybody_shows_what_they_would_had_it_never_been(deeds in deeds(LONGEST)) {
        undone_merges_leave_no_trace(&deeds)?;
    }

    #[test]
    fn every_interaction_is_in_one_stream_once_and_in_one_live_contacts_tree(deeds in deeds(LONGEST)) {
        interactions_stand_once(&deeds)?;
    }

    #[test]
    fn every_live_merge_can_be_undone_unless_its_root_is_erased(deeds in deeds(LONGEST)) {
        every_live_merge_can_be_undone(&deeds)?;
    }

    #[test]
    fn no_identity_is_shown_by_two_and_its_messages_land_on_who_shows_it(deeds in deeds(LONGEST)) {
        identities_lead_to_who_shows_them(&deeds)?;
    }

    #[test]
    fn two_views_never_bear_one_position(deeds in deeds(LONGEST)) {
        positions_tell_bodies_apart(&deeds)?;
    }

    #[test]
    fn nothing_of_an_erased_contact_can_be_opened(deeds in deeds(LONGEST)) {
        nothing_of_the_erased_can_be_opened(&deeds)?;
    }

    #[test]
    fn a_contact_shows_its_stream_replayed_with_each_live_merge_as_one_edit(deeds in deeds(LONGEST)) {
        composing_is_replaying_with_merges_as_edits(&deeds)?;
    }

    #[test]
    fn states_that_are_remembered_are_those_that_the_log_folds_to(deeds in deeds(LONGEST)) {
        what_is_remembered_is_what_the_log_says(&deeds)?;
    }
}
