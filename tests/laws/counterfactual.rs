//! The history in which the undone merges never were: every command that was recorded is given to the contact that
//! recorded it, identities to their holder, in a second workspace.

use std::collections::BTreeSet;

use dossier::app::act::Reach;
use dossier::app::ask::{Ask, Handle};
use dossier::app::streams::Draft;
use dossier::ports::Recorded;
use dossier::sealing::Opened;
use dossier_domain::command::{Change, Interaction, ProfileValues};
use dossier_domain::decide::{Situation, decide};
use dossier_domain::event::{Event, MessageText};
use dossier_domain::field::Origin;
use dossier_domain::ids::{ContactId, IdentityId, Mark, MergeId, Stream};
use dossier_domain::personal::Personal;
use futures::executor::block_on;

use crate::history::{Done, History};
use crate::memory::Memory;
use crate::support::asks;
use crate::support::house::marks;
use crate::world::World;

/// The merges of a history that were undone, each with the contact that it had absorbed.
pub fn undone(history: &History<Memory>) -> BTreeSet<(MergeId, ContactId)> {
    let undone = history.done.iter().flat_map(|done| &done.events).filter_map(|(_, opened)| match &opened.event {
        Event::ContactUnmerged(it) => Some((it.merge, it.secondary)),
        _ => None,
    });
    undone.collect()
}

/// Plays the history again without them.
pub fn without_undone_merges(history: &History<Memory>) -> World {
    let undone: BTreeSet<MergeId> = undone(history).into_iter().map(|(merge, _)| merge).collect();
    let mut world = World::of("");
    for done in &history.done {
        world.advance_to(done.at);
        give(&mut world, done, &undone);
    }
    world
}

fn give(world: &mut World, done: &Done, undone: &BTreeSet<MergeId>) {
    let recorded = |wanted: fn(&Event) -> bool| {
        let found = done.events.iter().find(|(_, opened)| wanted(&opened.event));
        found.and_then(|(recorded, _)| recorder(recorded))
    };
    let connected = || recorded(|event| matches!(event, Event::IdentityConnected(_)));
    let made = recorded(|event| matches!(event, Event::ContactCreated(_)));
    let ask = match &done.ask {
        Ask::Unmerge(_) => return,
        Ask::Merge(_) if done.answer.merge.is_some_and(|merge| undone.contains(&merge.merge_id)) => return,
        Ask::Merge(_) | Ask::Delete(_) | Ask::Create(_) | Ask::ReportStatus(_) => done.ask.clone(),
        Ask::Configure(_) | Ask::DefineField(_) | Ask::ChangeField(_) | Ask::RetireField(_) => done.ask.clone(),
        Ask::DefineSegment { .. } | Ask::ChangeSegment(_) | Ask::RemoveSegment(_) => done.ask.clone(),
        Ask::Receive(_) | Ask::Send(_) if made.is_some() => done.ask.clone(),
        Ask::Edit(_, edit) => Ask::Edit(asks::by_id(done.answer.contact_id.expect("a root")), edit.clone()),
        Ask::Claim(_, handle) => Ask::Claim(asks::by_id(connected().expect("a holder")), handle.clone()),
        Ask::Release(_, handle) => {
            let holder = recorded(|event| matches!(event, Event::IdentityDisconnected(_)));
            Ask::Release(asks::by_id(holder.expect("a holder")), handle.clone())
        }
        Ask::Receive(_) | Ask::Send(_) => {
            // A message to a handle that nobody held claims it first.
            if let (Some(holder), Ask::Send(sent)) = (connected(), &done.ask) {
                let external_id = sent.external_id.clone().expect("a handle");
                let handle = Handle { channel: sent.channel.clone(), external_id };
                submit(world, &format!("claim of {}", done.key), Ask::Claim(asks::by_id(holder), handle));
            }
            return pass(world, done);
        }
    };
    submit(world, &done.key, ask);
}

fn submit(world: &mut World, key: &str, ask: Ask) {
    let outcome = block_on(world.app.submit(&asks::command(Some(key), ask.clone())));
    assert!(outcome.is_ok(), "law b: {ask:?} was done with the undone merges and is refused without: {outcome:?}");
}

/// An interaction, given to the contact that recorded it, whoever would take it now; with as much of the sender's
/// profile as was recorded.
fn pass(world: &mut World, done: &Done) {
    let (recorded, opened) =
        done.events.iter().find(|(_, opened)| opened.event.is_interaction()).expect("an interaction");
    let recorder = recorder(recorded).expect("a contact");
    let engine = world.app.engine();
    let root = block_on(engine.streams.contact(recorder)).expect("a state");
    let forest = block_on(engine.forest_of(&root)).expect("its tree");
    let now = opened.meta.occurred_at;
    let decided = decide(Situation { root: &root, forest: &forest, now }, &change(opened, recorder));
    let filled = done.events.iter().filter(|(_, it)| matches!(it.event, Event::ProfileEdited(_)));
    let mut drafts: Vec<Draft> = filled.map(|(_, it)| draft(it, it.event.clone())).collect();
    drafts.extend(decided.expect("it was taken").into_iter().map(|decided| draft(opened, decided.event)));
    block_on(engine.streams.append(&root, drafts)).expect("nobody else writes");
}

fn draft(like: &Opened, event: Event) -> Draft {
    let mut meta = like.meta.clone();
    (meta.key, meta.marks) = (None, Vec::new());
    Draft { event, meta, reach: Reach::default() }
}

fn change(opened: &Opened, recorder: ContactId) -> Change {
    let none = ProfileValues { values: Vec::new(), origin: Origin::Channel };
    match &opened.event {
        Event::MessageReceived(it) => {
            let (channel, personal) = (&it.channel, &it.personal);
            let holder = it.holder.unwrap_or(recorder);
            Change::Receive(
                Interaction { at: it.at, kind: it.kind, ..bare(it.identity, channel, holder, personal) },
                none,
            )
        }
        Event::MessageSuppressed(it) => {
            let bare = bare(it.identity, &it.channel, recorder, &Personal::Erased);
            Change::Receive(Interaction { at: it.at, kind: it.kind, ..bare }, none)
        }
        Event::MessageSent(it) => {
            let (channel, personal) = (&it.channel, &it.personal);
            let bare = bare(it.identity, channel, it.holder.unwrap_or(recorder), personal);
            Change::Send(Interaction { at: it.at, kind: it.kind, ..bare }, it.sender)
        }
        other => panic!("no interaction: {other:?}"),
    }
}

fn bare(
    identity: IdentityId,
    channel: &std::sync::Arc<str>,
    holder: ContactId,
    personal: &Personal<MessageText>,
) -> Interaction {
    let nothing = MessageText { external_id: "".into(), message_id: "".into(), content: None };
    let MessageText { external_id, message_id, content } = personal.open().cloned().unwrap_or(nothing);
    let message: Mark = marks().message(identity, &message_id);
    let (kind, at) = (dossier_domain::event::InteractionKind::Message, chrono::DateTime::UNIX_EPOCH);
    Interaction { identity, channel: channel.clone(), external_id, holder, message_id, message, kind, content, at }
}

fn recorder(recorded: &Recorded) -> Option<ContactId> {
    match recorded.stream {
        Stream::Contact(id) => Some(id),
        Stream::Identity(_) | Stream::Workspace(_) => None,
    }
}
