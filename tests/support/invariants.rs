//! What must hold of every log: at any moment, and once nothing is under way (rule 26).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use dossier::ports::{KeyState, Keyring};
use dossier_domain::compose::View;
use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, IdentityId, Stream};
use dossier_domain::state::{Contact, Life, evolve};
use dossier_projections::unfinished::Unfinished;

use super::reading::Reading;

/// What is wrong with a log at any moment, in words.
pub fn always(reading: &Reading, keyring: &dyn Keyring) -> Vec<String> {
    let mut faults = Vec::new();
    trees(reading, &mut faults);
    identities(reading, &mut faults);
    events(reading, &mut faults);
    messages(reading, &mut faults);
    keys(reading, keyring, &mut faults);
    faults
}

/// What is wrong with a log when every command is over and recovery has run.
pub fn settled(reading: &Reading, keyring: &dyn Keyring) -> Vec<String> {
    let mut faults = always(reading, keyring);
    if reading.unfinished != Unfinished::default() {
        faults.push(format!("unfinished: {:?}", reading.unfinished));
    }
    for contact in reading.contacts.values() {
        let is_gone = matches!(contact.life, Life::Erased | Life::Abandoned);
        if is_gone && destroyed(keyring, contact.id) != Some(true) {
            faults.push(format!("{:?} is gone, and its key is not", contact.id));
        }
        if contact.life == Life::Live && contact.lock.is_some() && reading.above(contact).is_none() {
            faults.push(format!("{:?} is locked for nothing", contact.id));
        }
        if contact.life == Life::Live && reading.root(contact.id).is_some_and(|root| root.life != Life::Live) {
            faults.push(format!("{:?} is live below an erased root", contact.id));
        }
    }
    for (id, identity) in &reading.identities {
        let Some(claim) = identity.claim else { continue };
        let Some(owner) = reading.contacts.get(&claim.owner) else {
            faults.push(format!("{id:?} is claimed by nobody"));
            continue;
        };
        let confirmed = owner.identity(*id).is_some_and(|own| own.epoch == claim.epoch && own.connected);
        if owner.life == Life::Live && !confirmed {
            faults.push(format!("{id:?} is claimed by {:?}, which does not know", owner.id));
        }
    }
    faults
}

/// What is wrong with what two moments show: where a body changed, its position must have risen.
pub fn between(before: &BTreeMap<ContactId, View>, after: &BTreeMap<ContactId, View>) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, now) in after {
        let Some(then) = before.get(id) else { continue };
        if then != now && then.position >= now.position {
            faults.push(format!("{id:?} has two bodies at position {}: {then:?} and {now:?}", now.position));
        }
    }
    faults
}

/// No cycle, nobody in two trees, and nobody free while an edge shows it elsewhere.
fn trees(reading: &Reading, faults: &mut Vec<String>) {
    let mut absorbed = BTreeSet::new();
    for (primary, edge) in reading.contacts.values().flat_map(|it| it.live_edges().map(move |edge| (it, edge))) {
        if !absorbed.insert(edge.secondary) {
            faults.push(format!("{:?} is in two trees", edge.secondary));
        }
        let lock = reading.contacts.get(&edge.secondary).and_then(|it| it.lock.as_ref());
        if lock.is_none_or(|lock| lock.merge != edge.merge) {
            faults.push(format!("{:?} is free and shown by {:?}", edge.secondary, primary.id));
        }
    }
    for id in reading.contacts.keys().filter(|id| reading.root(**id).is_none()) {
        faults.push(format!("{id:?} is in a cycle"));
    }
}

/// No identity is held by two, and whoever holds one is named by the identity's own stream.
fn identities(reading: &Reading, faults: &mut Vec<String>) {
    let mut holders: BTreeMap<IdentityId, ContactId> = BTreeMap::new();
    for contact in reading.contacts.values().filter(|contact| contact.life == Life::Live) {
        for own in contact.identities.iter().filter(|own| own.connected) {
            if let Some(other) = holders.insert(own.identity, contact.id) {
                faults.push(format!("{:?} is shown by {other:?} and {:?}", own.identity, contact.id));
            }
            let claim = reading.identities.get(&own.identity).and_then(|identity| identity.claim);
            if claim.is_none_or(|claim| (claim.owner, claim.epoch) != (contact.id, own.epoch)) {
                faults.push(format!("{:?} holds {:?} by no claim", contact.id, own.identity));
            }
        }
    }
}

/// Ids are unique, places have no gaps (positions only rise where the log does not count them), and what nobody erased can be opened.
fn events(reading: &Reading, faults: &mut Vec<String>) {
    let mut ids = HashSet::new();
    let mut revisions: HashMap<&Stream, u64> = HashMap::new();
    let mut last = 0;
    for (recorded, opened) in &reading.events {
        let position = recorded.position;
        let next = revisions.entry(&recorded.stream).or_default();
        let follows = if reading.has_gaps { position > last } else { position == last + 1 };
        if !follows || recorded.revision != *next {
            faults.push(format!("a gap or a step back at position {position}"));
        }
        last = position;
        *next = recorded.revision + 1;
        if !ids.insert(recorded.event.id) {
            faults.push(format!("the event at position {position} bears the id of another"));
        }
        if opened.damaged {
            faults.push(format!("the event at position {position} can't be opened, and nobody erased it"));
        }
    }
}

/// Every interaction is recorded once, by the root that showed its identity.
fn messages(reading: &Reading, faults: &mut Vec<String>) {
    let mut seen = HashSet::new();
    let mut past = Reading::default();
    let mut ends: HashMap<ContactId, u64> = HashMap::new();
    let mut let_go: HashMap<(ContactId, IdentityId), u64> = HashMap::new();
    for (recorded, opened) in &reading.events {
        let Stream::Contact(id) = &recorded.stream else { continue };
        let end = ends.insert(*id, recorded.position).unwrap_or_default();
        if let Event::IdentityDisconnected(gone) = &opened.event {
            let_go.insert((*id, gone.identity), recorded.position);
        }
        let (identity, said) = match &opened.event {
            Event::MessageReceived(event) => (event.identity, event.personal.open()),
            Event::MessageSent(event) => (event.identity, event.personal.open()),
            event => {
                if !matches!(event, Event::MessageSuppressed(_)) {
                    past.fold_contact(*id, recorded, opened);
                }
                continue;
            }
        };
        if let Some(said) = said
            && !seen.insert((identity, said.message_id.clone()))
        {
            faults.push(format!("message {} is recorded twice", said.message_id));
        }
        let lets_go = |holder: ContactId| let_go.get(&(holder, identity)).is_some_and(|at| *at > end);
        if !shown_by(&past, identity, lets_go).contains(id) {
            faults.push(format!("the message at position {} went to {id:?}, a stranger", recorded.position));
        }
    }
}

/// Who may take a message by the identity: the root of its holder. While an unmerge is under way (the edge gone, the
/// lock not yet), both the freed contact and the old root. An absorbed holder that lets go does not tell its root: what
/// was on its way lands there still, if nothing came in between in the root's stream (`lets_go`).
fn shown_by(past: &Reading, identity: IdentityId, lets_go: impl Fn(ContactId) -> bool) -> BTreeSet<ContactId> {
    let holds = |it: &&Arc<Contact>| {
        it.life == Life::Live && it.identity(identity).is_some_and(|own| own.connected || lets_go(it.id))
    };
    let mut roots = BTreeSet::new();
    for holder in past.contacts.values().filter(holds) {
        roots.extend(past.root(holder.id).map(|root| root.id));
        let mut contact = holder;
        while let Some(above) = contact.lock.as_ref().and_then(|lock| past.contacts.get(&lock.primary)) {
            if contact.lock.as_ref().is_none_or(|lock| above.edge(lock.merge).is_none()) {
                break;
            }
            contact = above;
            roots.insert(contact.id);
        }
    }
    roots
}

/// Whoever lives has a key; a key is destroyed only where its contact is erased or will never be.
fn keys(reading: &Reading, keyring: &dyn Keyring, faults: &mut Vec<String>) {
    for contact in reading.contacts.values() {
        match (contact.life, destroyed(keyring, contact.id)) {
            (Life::Live, Some(false)) | (Life::Erased | Life::Abandoned | Life::Absent, _) => {}
            (Life::Live, state) => faults.push(format!("{:?} is live, destroyed key: {state:?}", contact.id)),
        }
    }
}

/// Whether the contact's key was destroyed; `None` if it never had one.
fn destroyed(keyring: &dyn Keyring, contact: ContactId) -> Option<bool> {
    match keyring.at_hand(contact.0).expect("a keyring in memory") {
        KeyState::Live(_) => Some(false),
        KeyState::Destroyed => Some(true),
        KeyState::Missing => None,
    }
}

impl Reading {
    fn fold_contact(&mut self, id: ContactId, recorded: &dossier::ports::Recorded, opened: &dossier::sealing::Opened) {
        let contact = self.contacts.entry(id).or_insert_with(|| Arc::new(Contact::absent(id)));
        evolve(Arc::make_mut(contact), &opened.fact(recorded));
    }
}
