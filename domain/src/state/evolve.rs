//! The fold: state and one event in, state out. Total, since what is stored has happened.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Block, Contact, Conversation, ConversationStatus, Edge, Edit, Latest, Life, Lock, OwnIdentity, OwnTag, Traffic,
};
use crate::event::{Event, IdentityConnected, InteractionKind, MergeEnded, MergeOutcome, Sender, TagNamed};
use crate::field::FieldChange;
use crate::ids::{ContactId, IdentityId};
use crate::meta::Meta;
use crate::personal::Personal;
use crate::sabotage::{Break, armed};

/// An event in its place.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// What happened.
    pub event: &'a Event,
    /// Who, why, when.
    pub meta: &'a Meta,
    /// Place in the stream.
    pub revision: u64,
    /// Place in the log.
    pub position: u64,
}

/// Folds one fact of the contact's own stream.
pub fn evolve(contact: &mut Contact, fact: &Fact<'_>) {
    let Meta { occurred_at: at, .. } = *fact.meta;
    contact.next_revision = fact.revision + 1;
    contact.position = fact.position;
    match fact.event {
        Event::ContactCreated(_) => create(contact, fact.meta),
        Event::ProfileEdited(event) => {
            let changes = event.personal.open().map_or(&[][..], |edit| &edit.changes);
            let is_new = |guest: &ContactId| !contact.guests.contains(guest);
            contact.guests.extend(event.holder.filter(is_new));
            changes.iter().for_each(|change| edit(contact, change, event.holder, fact.revision));
        }
        Event::TagAdded(event) => tag(contact, &event.personal, true, fact.revision),
        Event::TagRemoved(event) => tag(contact, &event.personal, false, fact.revision),
        Event::IdentityConnected(event) => connect(contact, event, at),
        Event::IdentityDisconnected(event) => disconnect(contact, event.identity, event.epoch),
        Event::MessageReceived(event) => {
            let seen = Interaction::new(event.identity, &event.channel, event.at, event.kind, fact.position);
            interact(contact, &seen, Way::In);
        }
        Event::MessageSent(event) => {
            let seen = Interaction::new(event.identity, &event.channel, event.at, event.kind, fact.position);
            interact(contact, &seen, Way::Out(event.sender));
        }
        Event::MessageSuppressed(_) => contact.activity.counts.suppressed += 1,
        Event::CommentAdded(_) => contact.activity.counts.comments += 1,
        Event::ConversationOpened(_) => open(&mut contact.conversation, at),
        Event::ConversationClosed(_) => contact.conversation = contact.conversation.closed(at),
        Event::ConversationSnoozed(event) => {
            contact.conversation.status = ConversationStatus::Snoozed;
            contact.conversation.snoozed_until = Some(event.until);
        }
        Event::ContactAssigned(event) => {
            contact.assignee = event.personal.open().and_then(|assignment| assignment.assignee.clone());
        }
        Event::ContactBlocked(event) => {
            let reason = event.personal.open().and_then(|note| note.reason.clone());
            contact.blocked = Some(Block { reason, since: at });
        }
        Event::ContactUnblocked(_) => contact.blocked = None,
        Event::MergePrepared(event) => {
            contact.above.push(event.primary);
            contact.lock = Some(Box::new(Lock {
                merge: event.merge,
                primary: event.primary,
                policy: event.policy,
                expected: event.expected,
                terms: event.personal.clone(),
                meta: Arc::new(fact.meta.clone()),
            }));
        }
        Event::ContactMerged(event) => contact.edges.push(Edge {
            revision: fact.revision,
            merge: event.merge,
            secondary: event.secondary,
            policy: event.policy,
            terms: event.personal.clone(),
            merged_at: at,
            removed: None,
        }),
        Event::MergeRefused(event) => contact.refused.push(event.merge),
        Event::ContactUnmerged(event) => {
            if let Some(edge) = contact.edges.iter_mut().find(|edge| edge.merge == event.merge) {
                edge.removed = Some(Latest { at, position: fact.position });
            }
        }
        Event::MergeEnded(event) => unlock(contact, event),
        Event::TreeChanged(event) => contact.touched.push(event.merge),
        Event::ContactErased(_) => erase(contact),
        Event::ContactAbandoned(_) => contact.life = Life::Abandoned,
        Event::MessageStatusChanged(_)
        | Event::IdentityClaimed(_)
        | Event::IdentityReleased(_)
        | Event::WorkspaceConfigured(_)
        | Event::CycleClosed(_)
        | Event::FieldDefined(_)
        | Event::FieldChanged(_)
        | Event::FieldRetired(_)
        | Event::SegmentDefined(_)
        | Event::SegmentChanged(_)
        | Event::SegmentRemoved(_) => {}
    }
}

fn create(contact: &mut Contact, meta: &Meta) {
    contact.life = Life::Live;
    contact.workspace = meta.workspace.clone();
    contact.created_at = Some(meta.occurred_at);
}

fn edit(contact: &mut Contact, change: &FieldChange, holder: Option<ContactId>, revision: u64) {
    let edit = Edit {
        field: change.field.clone(),
        value: change.value.clone(),
        origin: change.origin,
        revision,
        holder: if change.value.is_some() { holder } else { None },
    };
    if contact.edges.is_empty() {
        contact.edits.retain(|older| older.field != edit.field);
    }
    let end = contact.edits.partition_point(|older| older.field <= edit.field);
    make_room(&mut contact.edits);
    contact.edits.insert(end, edit);
}

/// Most contacts have one of most things, and there are many contacts: the first one takes the room of one.
fn make_room<T>(list: &mut Vec<T>) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
}

fn tag(contact: &mut Contact, named: &Personal<TagNamed>, present: bool, revision: u64) {
    if let Some(named) = named.open() {
        contact.tags.insert(named.key.clone(), OwnTag { name: named.name.clone(), present, revision });
    }
}

fn connect(contact: &mut Contact, event: &IdentityConnected, at: DateTime<Utc>) {
    let own = OwnIdentity {
        identity: event.identity,
        epoch: event.epoch,
        connected: true,
        channel: event.channel.clone(),
        external_id: match &event.personal {
            Personal::Open(named) => Personal::Open(named.external_id.clone()),
            Personal::Erased => Personal::Erased,
        },
        connected_at: at,
    };
    match contact.identities.iter_mut().find(|older| older.identity == event.identity) {
        Some(older) => *older = own,
        None => {
            make_room(&mut contact.identities);
            contact.identities.push(own);
        }
    }
}

fn disconnect(contact: &mut Contact, identity: IdentityId, epoch: u64) {
    if let Some(own) = contact.identities.iter_mut().find(|own| own.identity == identity && own.epoch == epoch) {
        own.connected = false;
    }
}

enum Way {
    In,
    Out(Sender),
}

struct Interaction<'a> {
    identity: IdentityId,
    channel: &'a Arc<str>,
    kind: InteractionKind,
    latest: Latest,
}

impl<'a> Interaction<'a> {
    fn new(
        identity: IdentityId,
        channel: &'a Arc<str>,
        at: DateTime<Utc>,
        kind: InteractionKind,
        position: u64,
    ) -> Self {
        Interaction { identity, channel, kind, latest: Latest { at, position } }
    }
}

fn interact(contact: &mut Contact, seen: &Interaction<'_>, way: Way) {
    let activity = &mut contact.activity;
    let at = seen.latest.at;
    activity.first = Some(activity.first.map_or(at, |first| first.min(at)));
    let index = activity.traffic.iter().position(|traffic| traffic.identity == seen.identity);
    let index = index.unwrap_or_else(|| {
        make_room(&mut activity.traffic);
        activity.traffic.push(Traffic {
            identity: seen.identity,
            channel: seen.channel.clone(),
            last_in: None,
            last_out: None,
            last: seen.latest,
        });
        activity.traffic.len() - 1
    });
    let traffic = &mut activity.traffic[index];
    traffic.last = traffic.last.max(seen.latest);
    if seen.kind != InteractionKind::Message {
        return;
    }
    match way {
        Way::In => {
            activity.counts.messages_in += 1;
            traffic.last_in = traffic.last_in.max(Some(at));
            activity.last_in = activity.last_in.max(Some(at));
        }
        Way::Out(_) => {
            activity.counts.messages_out += 1;
            traffic.last_out = traffic.last_out.max(Some(at));
            activity.last_out = activity.last_out.max(Some(at));
        }
    }
    if activity.source.is_none() && !matches!(way, Way::Out(Sender::Broadcast)) {
        activity.source = Some((seen.latest.position, seen.channel.clone()));
    }
}

fn open(conversation: &mut Conversation, at: DateTime<Utc>) {
    *conversation =
        Conversation { status: ConversationStatus::Open, opened_at: Some(at), closed_at: None, snoozed_until: None };
}

/// The lock goes; a merge that was made has closed the conversation, from when it was made (rule 20).
fn unlock(contact: &mut Contact, event: &MergeEnded) {
    let Some(lock) = contact.lock.take_if(|lock| lock.merge == event.merge) else { return };
    if event.outcome == MergeOutcome::Unmerged && !armed(Break::MergedConversationRunsOn) {
        contact.conversation = contact.conversation.closed(lock.meta.occurred_at);
    }
}

/// Whatever is personal goes; ids, times and counts stay (rule 18).
fn erase(contact: &mut Contact) {
    contact.life = Life::Erased;
    contact.edits.clear();
    contact.tags.clear();
    contact.assignee = None;
    if let Some(block) = &mut contact.blocked {
        block.reason = None;
    }
    for own in &mut contact.identities {
        own.external_id = Personal::Erased;
    }
    for edge in &mut contact.edges {
        edge.terms = Personal::Erased;
    }
    if let Some(lock) = &mut contact.lock {
        lock.terms = Personal::Erased;
        Arc::make_mut(&mut lock.meta).actor.erase();
    }
}
