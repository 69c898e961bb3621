//! Many faults by chance, from a seed, while commands are carried out at once by two processes of the real application:
//! nothing acknowledged is lost or doubled, no command is applied twice, nobody hangs, nothing panics.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dossier::adapters::eventstore::{EventStoreDb, Options};
use dossier::adapters::sqlite::DataFolder;
use dossier::app::ask::{Answer, Ask, Command};
use dossier::app::{App, AppError};
use dossier::ports::{EventStore, Keyring};
use dossier::sealing::Codec;
use dossier_domain::ids::ContactId;
use dossier_domain::state::Life;
use dossier_double::{Call, Double, Fault};
use futures::StreamExt;
use tempfile::TempDir;

use crate::support::house::{Parts, TestClock};
use crate::support::keyring::TestKeyring;
use crate::support::reading::Reading;
use crate::support::{asks, invariants};

/// How many seeds are tried; for longer runs.
const VARIABLE: &str = "DOSSIER_FAULTS";
const SEEDS: u64 = 1_000;
/// A schedule that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(60);
/// Times that a client sends a command before it gives up.
const TRIES: usize = 40;
/// Schedules that are tried at once.
const AT_ONCE: usize = 4;
const CONTACTS: usize = 3;
const HANDLES: [&str; 5] = ["a", "b", "c", "n", "p"];

/// What goes wrong: silence is seldom, since it is waited for.
const FAULTS: &[(Call, Fault)] = &[
    (Call::Append, Fault::CutBefore),
    (Call::Append, Fault::CutAfter),
    (Call::Append, Fault::CutAfter),
    (Call::Append, Fault::SilentAfter),
    (Call::Append, Fault::Late(Duration::from_millis(3))),
    (Call::Append, Fault::NotLeader),
    (Call::Append, Fault::Busy),
    (Call::Append, Fault::Twice),
    (Call::Append, Fault::Garbage),
    (Call::Append, Fault::NoPosition),
    (Call::Stream, Fault::CutBefore),
    (Call::Stream, Fault::Late(Duration::from_millis(2))),
    (Call::Stream, Fault::NotLeader),
    (Call::Stream, Fault::Busy),
    (Call::Stream, Fault::Twice),
    (Call::Stream, Fault::Garbage),
    (Call::Stream, Fault::Ends(0)),
    (Call::Stream, Fault::Ends(1)),
    (Call::Stream, Fault::Ends(2)),
    (Call::All, Fault::CutAfter),
    (Call::All, Fault::Late(Duration::from_millis(2))),
    (Call::All, Fault::NotLeader),
    (Call::All, Fault::Busy),
    (Call::All, Fault::Twice),
    (Call::All, Fault::Garbage),
    (Call::All, Fault::Ends(0)),
    (Call::All, Fault::Ends(1)),
    (Call::All, Fault::Ends(3)),
    (Call::Features, Fault::Busy),
    (Call::Features, Fault::CutBefore),
];

/// Numbers that follow from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }
}

/// A process: an application over a store of its own. The keyring is shared, as it would be in a database.
#[derive(Clone)]
struct Process {
    app: Arc<App>,
    store: Arc<EventStoreDb>,
    _folder: Arc<TempDir>,
}

/// Who carries the commands out.
#[derive(Clone, Copy)]
enum Processes {
    /// One, which remembers the states of contacts.
    One,
    /// Two, which remember nothing: each would have to know what the other appended.
    Two,
}

impl Processes {
    async fn start(self, double: &Double, keyring: &Arc<TestKeyring>) -> [Process; 2] {
        match self {
            Processes::One => {
                let one = Process::start(double, keyring, 1_000).await;
                [one.clone(), one]
            }
            Processes::Two => [Process::start(double, keyring, 0).await, Process::start(double, keyring, 0).await],
        }
    }
}

impl Process {
    async fn start(double: &Double, keyring: &Arc<TestKeyring>, capacity: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            call_within: Duration::from_millis(500),
            patience: Duration::from_secs(10),
            poll_every: Duration::from_millis(20),
            marks_pending: 4,
            ..Options::default()
        };
        let data = DataFolder::open(folder.path()).unwrap();
        let store = Arc::new(EventStoreDb::open(&double.connection(), &data, options).await.unwrap());
        let parts = Parts {
            store: store.clone(),
            keyring: keyring.clone(),
            clock: Arc::new(TestClock::noon()),
            snapshots: None,
            capacity,
        };
        Process { app: Arc::new(parts.app()), store, _folder: Arc::new(folder) }
    }
}

/// Sends a command as a client does: again, with the same key, while nobody can say what became of it.
async fn send(app: Arc<App>, command: Command) -> Result<Answer, AppError> {
    let mut last = None;
    for _ in 0..TRIES {
        match app.execute(command.clone()).await {
            Err(error @ (AppError::Unavailable(_) | AppError::Busy)) => last = Some(error),
            answered => return answered,
        }
    }
    Err(last.unwrap_or(AppError::Busy))
}

fn ask(dice: &mut Dice, contacts: &[ContactId], message: usize) -> Ask {
    let one = contacts[dice.roll(contacts.len())];
    let other = contacts[dice.roll(contacts.len())];
    let handle = HANDLES[dice.roll(HANDLES.len())];
    let message = message.to_string();
    match dice.roll(16) {
        0..=4 => asks::inbound(handle, &message),
        5 | 6 => asks::set(one, "company", Some(&message)),
        7 | 8 => asks::tag(one, &format!("t{message}")),
        9 => asks::comment(one, &message),
        10 => asks::claim(one, handle),
        11 => asks::release(one, handle),
        12 | 13 if one != other => asks::merge(one, other, &[]),
        14 if one != other => asks::unmerge_pair(one, other),
        15 => asks::delete(one),
        _ => asks::outbound(asks::by_id(one), Some(handle), &message),
    }
}

/// What somebody was told.
struct Told {
    key: String,
    answer: Answer,
}

async fn try_seed(seed: u64) {
    let mut dice = Dice(seed);
    let double = Double::start();
    let keyring = Arc::new(TestKeyring::default());
    let kind = if dice.roll(2) == 0 { Processes::One } else { Processes::Two };
    let mut processes = kind.start(&double, &keyring).await;
    let mut contacts = Vec::new();
    for handle in &HANDLES[..CONTACTS] {
        let command = asks::command(Some(&format!("make {handle}")), asks::create(&[handle]));
        contacts.push(processes[0].app.execute(command).await.unwrap().contact_id.unwrap());
    }
    double.faults().by_chance(seed, 2 + dice.roll(10) as u64, FAULTS);
    let mut told: Vec<Told> = Vec::new();
    for wave in 0..2 {
        let mut sent = Vec::new();
        for number in 0..3 + dice.roll(4) {
            let key = format!("{wave}-{number}");
            let command = asks::command(Some(&key), ask(&mut dice, &contacts, number));
            // Some are sent to both processes at once.
            for (place, process) in processes.iter().enumerate() {
                if dice.roll(3) > 0 || place == number % 2 {
                    let app = process.app.clone();
                    sent.push((key.clone(), tokio::spawn(send(app, command.clone()))));
                }
            }
        }
        match dice.roll(6) {
            0 => double.cut(),
            1 => {
                double.down();
                double.up();
            }
            _ => {}
        }
        for (key, sent) in sent {
            match sent.await.unwrap() {
                Ok(answer) => told.push(Told { key, answer }),
                Err(AppError::Internal(reason)) => panic!("{key}: {reason}"),
                Err(_) => {}
            }
        }
        if dice.roll(3) == 0 {
            processes = kind.start(&double, &keyring).await;
        }
    }
    double.faults().none();
    check(&processes[0], &keyring, &double, &told).await;
}

/// Finishes what stands unfinished, and then reads everything by a process that remembers nothing.
async fn check(process: &Process, keyring: &Arc<TestKeyring>, double: &Double, told: &[Told]) {
    let codec = Codec::new(keyring.clone());
    let before = Reading::of(&*process.store, &codec).await;
    for contact in before.contacts.values().filter(|it| matches!(it.life, Life::Erased | Life::Abandoned)) {
        process.app.finish_erasure(contact).await.unwrap();
    }
    process.app.recover(&before.unfinished).await.unwrap();
    let fresh = Process::start(double, keyring, 0).await;
    let reading = Reading::of(&*fresh.store, &codec).await;
    let faults = invariants::settled(&reading, &**keyring as &dyn Keyring);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(reading.events.len(), double.events().len(), "whatever landed is read");
    let mut bearers = HashMap::new();
    for (recorded, _) in &reading.events {
        for mark in &recorded.event.marks {
            let place = format!("{} in {} revision {}", recorded.event.event_type, recorded.stream, recorded.revision);
            if let Some(other) = bearers.insert(*mark, place.clone()) {
                panic!("a command was applied twice: {other}, and {place}");
            }
            assert_eq!(fresh.store.find(*mark).await.unwrap().map(|found| found.position), Some(recorded.position));
        }
    }
    let mut first: HashMap<&str, &Answer> = HashMap::new();
    for Told { key, answer } in told {
        let stands = fresh.store.read_at(answer.position).await.unwrap();
        assert!(
            answer.position == 0 || stands.is_some(),
            "{key}: what was acknowledged at {} is lost",
            answer.position
        );
        // Whoever sent it twice and had it carried out was told the same twice.
        let same = first.entry(key).or_insert(answer);
        if same.appended && answer.appended {
            assert_eq!((same.contact_id, same.position), (answer.contact_id, answer.position), "{key}");
        }
    }
}

/// The client panics on garbage, which is what is tried; that need not be told each time.
fn quiet_about_the_client() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.location().is_some_and(|at| at.file().contains("kurrentdb")) {
                told(panic);
            }
        }));
    });
}

/// Every second seed. They mostly wait, so several are tried at once.
async fn try_seeds(first: u64) {
    quiet_about_the_client();
    let seeds = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let tried = futures::stream::iter((first..seeds).step_by(2)).map(|seed| async move {
        match tokio::time::timeout(DEADLINE, tokio::spawn(try_seed(seed))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("seed {seed}: {error}"),
            Err(_) => panic!("seed {seed} hangs"),
        }
    });
    tried.buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_of_faults_with_even_seeds_lose_and_double_nothing() {
    try_seeds(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_of_faults_with_odd_seeds_lose_and_double_nothing() {
    try_seeds(1).await;
}
