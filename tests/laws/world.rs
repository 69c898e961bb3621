//! A workspace to try histories in: contacts named by a capital letter, each with the identity of the small one.

use std::collections::BTreeMap;
use std::sync::Arc;

use dossier::adapters::memory::{MemoryEventStore, MemoryKeyring};
use dossier::app::ask::{Answer, Ask};
use dossier::app::{App, AppError};
use dossier::sealing::Codec;
use dossier_domain::compose::View;
use dossier_domain::field::Choice;
use dossier_domain::fields::FieldType;
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::ConversationStatus;
use futures::executor::block_on;

use crate::support::asks::{self, field};
use crate::support::house::{Parts, TestClock};
use crate::support::invariants;
use crate::support::reading::Reading;

/// The custom fields that there are from the start.
pub const FIELDS: [(&str, FieldType); 3] =
    [("tier", FieldType::Text), ("flag", FieldType::Boolean), ("number", FieldType::Number)];

pub struct World {
    pub app: App,
    pub parts: Parts,
    pub codec: Arc<Codec>,
    names: BTreeMap<char, ContactId>,
    keys: u32,
}

impl World {
    /// With a contact for each letter.
    pub fn of(letters: &str) -> Self {
        Self::remembering(letters, 1_000)
    }

    /// With room for so many states in the cache.
    pub fn remembering(letters: &str, capacity: usize) -> Self {
        let parts = Parts {
            store: Arc::new(MemoryEventStore::default()),
            keyring: Arc::new(MemoryKeyring::default()),
            clock: Arc::new(TestClock::noon()),
            snapshots: None,
            capacity,
        };
        let codec = Arc::new(Codec::new(parts.keyring.clone()));
        let mut world = World { app: parts.app(), parts, codec, names: BTreeMap::new(), keys: 0 };
        for (key, kind) in FIELDS {
            block_on(world.app.submit(&asks::command(None, asks::define(key, kind)))).expect("it is defined");
        }
        for letter in letters.chars() {
            let made = world.done(asks::create(&[&letter.to_lowercase().to_string()]));
            world.names.insert(letter, made.contact_id.expect("a contact is made"));
        }
        world
    }

    /// Another process over the same stores.
    pub fn restart(&mut self) {
        self.app = self.parts.app();
    }

    /// Puts the clock forward to a time.
    pub fn advance_to(&mut self, time: chrono::DateTime<chrono::Utc>) {
        let now = dossier::app::clock::Wall::now(&*self.parts.clock);
        self.parts.clock.advance((time - now).num_seconds());
    }

    /// Asks a minute later than the last time, under a key of its own.
    pub fn ask(&mut self, ask: Ask) -> Result<Answer, AppError> {
        self.keys += 1;
        let key = format!("key {}", self.keys);
        self.ask_as(&key, ask)
    }

    pub fn ask_as(&mut self, key: &str, ask: Ask) -> Result<Answer, AppError> {
        self.parts.clock.advance(60);
        block_on(self.app.submit(&asks::command(Some(key), ask)))
    }

    #[track_caller]
    pub fn done(&mut self, ask: Ask) -> Answer {
        self.ask(ask).expect("the command is carried out")
    }

    #[track_caller]
    pub fn done_as(&mut self, key: &str, ask: Ask) -> Answer {
        self.ask_as(key, ask).expect("the command is carried out")
    }

    #[track_caller]
    pub fn refused(&mut self, ask: Ask) -> Rejection {
        match self.ask(ask) {
            Err(AppError::Rejected(rejection)) => rejection,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub fn id(&self, name: char) -> ContactId {
        self.names[&name]
    }

    /// Gives a contact that was made otherwise a letter.
    pub fn call(&mut self, name: char, made: &Answer) {
        self.names.insert(name, made.contact_id.expect("a contact"));
    }

    #[track_caller]
    pub fn set(&mut self, name: char, field: &str, value: &str) -> Answer {
        self.done(asks::set(self.id(name), field, Some(value)))
    }

    #[track_caller]
    pub fn clear(&mut self, name: char, field: &str) -> Answer {
        self.done(asks::set(self.id(name), field, None))
    }

    #[track_caller]
    pub fn tag(&mut self, name: char, tag: &str) -> Answer {
        self.done(asks::tag(self.id(name), tag))
    }

    #[track_caller]
    pub fn untag(&mut self, name: char, tag: &str) -> Answer {
        self.done(asks::untag(self.id(name), tag))
    }

    #[track_caller]
    pub fn inbound(&mut self, identity: &str, message: &str) -> Answer {
        self.done(asks::inbound(identity, message))
    }

    #[track_caller]
    pub fn claim(&mut self, name: char, identity: &str) -> Answer {
        self.done(asks::claim(self.id(name), identity))
    }

    #[track_caller]
    pub fn release(&mut self, name: char, identity: &str) -> Answer {
        self.done(asks::release(self.id(name), identity))
    }

    #[track_caller]
    pub fn block(&mut self, name: char) -> Answer {
        self.done(asks::block(self.id(name)))
    }

    #[track_caller]
    pub fn unblock(&mut self, name: char) -> Answer {
        self.done(asks::unblock(self.id(name)))
    }

    #[track_caller]
    pub fn erase(&mut self, name: char) -> Answer {
        self.done(asks::delete(self.id(name)))
    }

    #[track_caller]
    pub fn merge(&mut self, primary: char, secondary: char) -> MergeId {
        self.merge_with(primary, secondary, &[])
    }

    #[track_caller]
    pub fn merge_with(&mut self, primary: char, secondary: char, choices: &[(&str, Choice)]) -> MergeId {
        let merged = self.done(asks::merge(self.id(primary), self.id(secondary), choices));
        merged.merge.expect("merged").merge_id
    }

    #[track_caller]
    pub fn unmerge(&mut self, merge: MergeId) -> Answer {
        self.done(asks::unmerge(merge))
    }

    pub fn reading(&self) -> Reading {
        block_on(Reading::of(&*self.parts.store, &self.codec))
    }

    /// What a live root shows.
    #[track_caller]
    pub fn view(&self, name: char) -> View {
        self.reading().view(self.id(name)).unwrap_or_else(|| panic!("{name} is no live root"))
    }

    /// The text that a field shows.
    #[track_caller]
    pub fn shown(&self, name: char, of: &str) -> Option<String> {
        let view = self.view(name);
        if of == "derived country" {
            return view.derived_country.map(|country| country.to_string());
        }
        view.text(&field(of)).map(ToString::to_string)
    }

    /// Spellings of the tags that are shown.
    #[track_caller]
    pub fn tags(&self, name: char) -> Vec<String> {
        self.view(name).shown.tags.values().map(ToString::to_string).collect()
    }

    /// External ids of the identities that are shown, sorted.
    #[track_caller]
    pub fn identities(&self, name: char) -> Vec<String> {
        let shown = self.view(name).identities.into_iter();
        let mut shown: Vec<String> = shown.filter_map(|it| it.external_id).map(|it| it.to_string()).collect();
        shown.sort();
        shown
    }

    #[track_caller]
    pub fn status(&self, name: char) -> ConversationStatus {
        self.view(name).conversation.status
    }

    #[track_caller]
    pub fn messages_in(&self, name: char) -> u64 {
        self.view(name).counts.messages_in
    }

    /// The log keeps every invariant, and nothing stands unfinished.
    #[track_caller]
    pub fn is_sound(&self) {
        let faults = invariants::settled(&self.reading(), &*self.parts.keyring);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
