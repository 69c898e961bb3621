//! Whose words were whose, by a reckoning of its own: who held which identity when it was said.

use std::collections::{BTreeMap, BTreeSet};

use dossier::ports::Recorded;
use dossier::sealing::Opened;
use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, IdentityId, Stream};

use crate::history::Done;

/// An event, opened when it was recorded, with the contacts that it speaks of.
pub struct Owned<'a> {
    pub recorded: &'a Recorded,
    pub opened: &'a Opened,
    pub of: BTreeSet<ContactId>,
}

/// Every event of a history with the contacts that it speaks of.
pub fn owned(done: &[Done]) -> Vec<Owned<'_>> {
    let mut holders: BTreeMap<IdentityId, ContactId> = BTreeMap::new();
    let events = done.iter().flat_map(|done| &done.events);
    let owned = events.map(|(recorded, opened)| {
        let mut of = BTreeSet::new();
        if let Stream::Contact(recorder) = recorded.stream {
            of.insert(recorder);
            follow(&mut holders, recorder, &opened.event);
        }
        of.extend(spoken_of(&holders, &opened.event));
        Owned { recorded, opened, of }
    });
    owned.collect()
}

/// The one-of-a-kind words that speak of any of these contacts.
pub fn words_of(done: &[Done], wanted: impl Fn(&ContactId) -> bool) -> BTreeSet<String> {
    let theirs = owned(done).into_iter().filter(|owned| owned.of.iter().any(&wanted));
    let texts = theirs.filter_map(|owned| owned.opened.event.personal_json().expect("JSON"));
    texts.flat_map(|text| own_words(&String::from_utf8_lossy(&text))).collect()
}

/// The words of a text that no other command used.
pub fn own_words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let own = words.filter(|word| {
        word.strip_prefix("own").and_then(|rest| rest.strip_suffix('x')).is_some_and(|number| !number.is_empty())
    });
    own.map(str::to_owned).collect()
}

/// Who holds which identity, by their own words.
fn follow(holders: &mut BTreeMap<IdentityId, ContactId>, recorder: ContactId, event: &Event) {
    match event {
        Event::IdentityConnected(event) => _ = holders.insert(event.identity, recorder),
        Event::IdentityDisconnected(event) => _ = holders.remove(&event.identity),
        _ => {}
    }
}

/// The contacts, besides the one that recorded it, that an event speaks of.
fn spoken_of(holders: &BTreeMap<IdentityId, ContactId>, event: &Event) -> Vec<ContactId> {
    match event {
        Event::MessageReceived(event) => holders.get(&event.identity).copied().into_iter().collect(),
        Event::MessageSent(event) => holders.get(&event.identity).copied().into_iter().collect(),
        Event::ProfileEdited(event) => event.holder.into_iter().collect(),
        Event::MergePrepared(event) => vec![event.primary],
        Event::ContactMerged(event) => vec![event.secondary],
        Event::IdentityClaimed(event) => vec![event.contact],
        _ => Vec::new(),
    }
}
