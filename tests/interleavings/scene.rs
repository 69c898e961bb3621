//! Where commands meet: a log and a keyring, made by the commands themselves, some of them cut off.

use std::collections::BTreeMap;
use std::sync::Arc;

use dossier::adapters::memory::MemoryEventStore;
use dossier::app::ask::{Answer, Ask, Command};
use dossier::app::{App, AppError};
use dossier::ports::{EventStore, Expected, Keyring, Recorded};
use dossier::sealing::Codec;
use dossier_domain::ids::{ContactId, IdentityId, MergeId};
use futures::FutureExt;

use crate::run::Run;
use crate::stepped::{Floor, SteppedKeyring, SteppedStore};
use crate::support::asks;
use crate::support::house::{Parts, TestClock, marks};
use crate::support::keyring::{Keys, TestKeyring};
use crate::support::reading::Reading;

/// What somebody does.
#[derive(Clone, Debug)]
pub enum Task {
    Command(Box<Command>),
    /// The recovery of another process.
    Recover,
}

/// A task and its name.
#[derive(Clone, Debug)]
pub struct Deed {
    pub name: String,
    pub task: Task,
}

impl Deed {
    pub fn new(name: &str, key: &str, ask: Ask) -> Self {
        Deed { name: name.to_owned(), task: Task::Command(Box::new(asks::command(Some(key), ask))) }
    }

    pub fn recovery() -> Self {
        Deed { name: "recovery".to_owned(), task: Task::Recover }
    }

    /// Whether it makes so many calls that fewer lost races must do.
    pub fn is_long(&self) -> bool {
        matches!(&self.task, Task::Command(command) if matches!(command.ask, Ask::Delete(_) | Ask::Create(_)))
    }

    /// The same under another key.
    pub fn keyed(&self, key: &str) -> Self {
        match &self.task {
            Task::Recover => self.clone(),
            Task::Command(command) => Deed::new(&self.name, key, command.ask.clone()),
        }
    }
}

/// A log and its keys at some moment, with names for what is in them.
#[derive(Clone, Default)]
pub struct Scene {
    pub name: String,
    pub events: Vec<Recorded>,
    pub keys: Keys,
    ids: BTreeMap<char, ContactId>,
    merges: BTreeMap<String, MergeId>,
    pub elapsed: i64,
    /// Nobody was cut off in it.
    pub is_whole: bool,
}

impl Scene {
    /// A contact for each letter, with the identity of the small one.
    pub fn of(letters: &str) -> Self {
        let mut scene = Scene { is_whole: true, ..Scene::default() };
        for letter in letters.chars() {
            let made = scene.done(asks::create(&[&letter.to_lowercase().to_string()]));
            scene.ids.insert(letter, made.contact_id.expect("a contact is made"));
        }
        scene
    }

    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    pub fn id(&self, letter: char) -> ContactId {
        *self.ids.get(&letter).unwrap_or_else(|| panic!("nobody is called {letter}"))
    }

    /// Everybody who has a letter.
    pub fn contacts(&self) -> impl Iterator<Item = ContactId> {
        self.ids.values().copied()
    }

    /// Gives a contact a letter.
    pub fn call(&mut self, letter: char, id: ContactId) {
        self.ids.insert(letter, id);
    }

    /// The merge of two letters, primary first.
    pub fn merge_id(&self, pair: &str) -> MergeId {
        *self.merges.get(pair).unwrap_or_else(|| panic!("{pair} were never merged"))
    }

    pub fn merges(&self) -> impl Iterator<Item = (&str, MergeId)> {
        self.merges.iter().map(|(pair, merge)| (pair.as_str(), *merge))
    }

    pub fn has(&self, letter: char) -> bool {
        self.ids.contains_key(&letter)
    }

    fn next_key(&mut self) -> String {
        self.elapsed += 60;
        format!("scene {}", self.elapsed)
    }

    /// A command that came to its end before the others begin.
    pub fn done(&mut self, ask: Ask) -> Answer {
        self.play(ask, None).expect("it has ended").expect("it is carried out")
    }

    /// A command whose process was gone after so many changes.
    pub fn cut_off(&mut self, ask: Ask, writes: usize) {
        assert!(self.play(ask, Some(writes)).is_none(), "it was over before");
        self.is_whole = false;
    }

    fn play(&mut self, ask: Ask, dies_after: Option<usize>) -> Option<Result<Answer, AppError>> {
        let deeds = [Deed::new("scene", &self.next_key(), ask)];
        let mut run = Run::new(self, &deeds);
        if let Some(writes) = dies_after {
            run.dies_after(0, writes);
        }
        run.finish();
        let (events, keys, answer) = (run.events(), run.keys(), run.answer(0).cloned());
        (self.events, self.keys) = (events, keys);
        answer
    }

    /// Merges two letters, primary first.
    pub fn merge(&mut self, pair: &str) {
        let answer = self.done(self.merge_ask(pair));
        self.merges.insert(pair.to_owned(), answer.merge.expect("merged").merge_id);
    }

    pub fn merge_ask(&self, pair: &str) -> Ask {
        let letters: Vec<char> = pair.chars().collect();
        asks::merge(self.id(letters[0]), self.id(letters[1]), &[])
    }

    pub fn with(mut self, prepare: impl FnOnce(&mut Scene)) -> Self {
        prepare(&mut self);
        self
    }

    /// The log as a store.
    pub fn log(&self) -> Arc<MemoryEventStore> {
        log_of(&self.events)
    }

    fn parts(&self, store: Arc<dyn EventStore>, keyring: Arc<dyn Keyring>, capacity: usize) -> Parts {
        let clock = TestClock::noon();
        clock.advance(self.elapsed + 60);
        Parts { store, keyring, clock: Arc::new(clock), snapshots: None, capacity }
    }

    /// A process whose calls wait for their turn. One that shares the store with other processes must not remember
    /// states: capacity 0.
    pub fn stepped_app(
        &self,
        log: &Arc<MemoryEventStore>,
        keys: &Arc<TestKeyring>,
        floor: &Arc<Floor>,
        capacity: usize,
    ) -> Arc<App> {
        let store = SteppedStore { log: log.clone(), floor: floor.clone() };
        let keyring = SteppedKeyring { keys: keys.clone(), floor: floor.clone() };
        Arc::new(self.parts(Arc::new(store), Arc::new(keyring), capacity).app())
    }

    /// Short names of whatever may turn up in a trace.
    pub fn words(&self) -> BTreeMap<uuid::Uuid, String> {
        let mut words: BTreeMap<_, _> = self.ids.iter().map(|(letter, id)| (id.0, letter.to_string())).collect();
        for handle in ["a", "b", "c", "d", "e", "n", "p"] {
            let IdentityId(id) = marks().identity("default", asks::CHANNEL, handle);
            words.insert(id, format!("@{handle}"));
        }
        words
    }
}

/// A log read from its first event, by keys as they are.
pub fn reading(log: &Arc<MemoryEventStore>, keys: &Arc<TestKeyring>) -> Reading {
    let codec = Codec::new(keys.clone());
    Reading::of(&**log, &codec).now_or_never().expect("memory does not wait")
}

/// All events of a log.
pub fn events_of(log: &MemoryEventStore) -> Vec<Recorded> {
    log.read_all(0, usize::MAX).now_or_never().expect("memory does not wait").expect("the log is read")
}

/// A log that holds these events.
pub fn log_of(events: &[Recorded]) -> Arc<MemoryEventStore> {
    let log = MemoryEventStore::default();
    for recorded in events {
        let expected = recorded.revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
        let appended = log.append(&recorded.stream, expected, vec![recorded.event.clone()]);
        appended.now_or_never().expect("memory does not wait").expect("it fits");
    }
    Arc::new(log)
}
