//! Whatever `durable` was answered for is there after a power cut, and what is there is whole.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dossier::adapters::sqlite::{DataFolder, EventStoreOptions, KeyringOptions, SqliteEventStore, Synchronous};
use dossier::ports::{Direction, EventStore, KeyState, Keyring, Recorded};
use dossier_domain::ids::Stream;
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::disk::{Disk, Unflushed};
use crate::support::{after, contact, event, keys_in, log_in, on};

/// What was appended where, and up to where it was promised.
#[derive(Default)]
struct Promises {
    appended: Mutex<Vec<(u64, u64)>>,
    durable: AtomicU64,
}

/// Several writers at once, each on streams of its own; every third append is waited for.
async fn write(store: &Arc<SqliteEventStore>, promises: &Arc<Promises>, each: u64) {
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, promises) = (Arc::clone(store), Arc::clone(promises));
            tokio::spawn(async move {
                for turn in 0..each {
                    let number = writer * 1_000_000 + turn;
                    let stream = contact(writer * 1000 + turn % 20);
                    let appended = store.append(&stream, after(turn / 20), vec![event(number)]).await.unwrap();
                    promises.appended.lock().push((appended.position, number));
                    if turn % 3 == 0 {
                        store.durable(appended.position).await.unwrap();
                        promises.durable.fetch_max(appended.position, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Writes, and cuts the power again and again meanwhile: what was promised before each cut, and what it left.
async fn cuts(options: impl FnOnce(EventStoreOptions) -> EventStoreOptions, each: u64) -> (Arc<Promises>, Vec<Cut>) {
    let disk = Disk::new();
    let store = Arc::new(log_in(disk.folder(), options(on(&disk))));
    let promises = Arc::<Promises>::default();
    let mut writing = tokio::spawn({
        let (store, promises) = (Arc::clone(&store), Arc::clone(&promises));
        async move { write(&store, &promises, each).await }
    });
    let mut cuts = Vec::new();
    loop {
        let promised = promises.durable.load(Ordering::SeqCst);
        let seed = cuts.len() as u64;
        let unflushed = if seed.is_multiple_of(4) { Unflushed::Lost } else { Unflushed::Chance(seed) };
        cuts.push(Cut { promised, left: disk.cut(unflushed) });
        tokio::select! {
            // A few flushes later, again.
            flushed = store.durable(promised + 100) => flushed.unwrap(),
            written = &mut writing => {
                written.unwrap();
                break;
            }
        }
    }
    (promises, cuts)
}

struct Cut {
    promised: u64,
    left: tempfile::TempDir,
}

fn check_file(folder: &Path, name: &str) {
    let file = Connection::open(folder.join(name)).unwrap();
    let verdict: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

async fn all_of(store: &SqliteEventStore) -> Vec<Recorded> {
    store.read_all(0, usize::MAX).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_durable_survives_every_power_cut_and_nothing_is_torn() {
    // Often enough that cuts fall into checkpoints, new beginnings of the write-ahead log and merges into the index.
    let often = |options| EventStoreOptions { checkpoint_bytes: 100_000, indexed_at_once: 50, ..options };
    let (promises, cuts) = cuts(often, 1_500).await;
    assert!(cuts.len() > 10, "only {} cuts", cuts.len());
    let appended: std::collections::HashMap<u64, u64> = promises.appended.lock().iter().copied().collect();
    for Cut { promised, left } in cuts {
        let store = log_in(left.path(), EventStoreOptions::default());
        let all = all_of(&store).await;
        assert!(all.len() as u64 >= promised, "{promised} events were promised, {} are left", all.len());
        for (position, recorded) in (1..).zip(&all) {
            assert_eq!(recorded.position, position);
            let number = recorded.event.id.as_u128() as u64;
            assert!(appended.get(&position).is_none_or(|appended| *appended == number), "another event at {position}");
            assert_eq!(recorded.event, event(number));
        }
        let stream = &all.last().map_or(contact(0), |last| last.stream.clone());
        let own = store.read_stream(stream, 0, Direction::Forward, usize::MAX).await.unwrap();
        assert!(own.iter().zip(0..).all(|(recorded, revision)| recorded.revision == revision));
        for recorded in &all {
            assert_eq!(store.find(recorded.event.marks[0]).await.unwrap().as_ref(), Some(recorded));
        }
        drop(store);
        check_file(left.path(), "log.db");
        check_file(left.path(), "log-index.db");
    }
}

/// So the test above can tell: the same with a commit that does not wait for the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_flush_at_every_commit_a_power_cut_would_lose_what_was_promised() {
    let careless = |options| EventStoreOptions { synchronous: Synchronous::Normal, ..options };
    let (_, cuts) = cuts(careless, 1_000).await;
    let mut lost = 0;
    for Cut { promised, left } in cuts {
        let store = log_in(left.path(), EventStoreOptions::default());
        lost += usize::from(store.head().await.unwrap() < promised);
    }
    assert!(lost > 0, "the test can't tell careless from careful");
}

/// Makes contacts, each with a key and one event sealed by it, and cuts the power meanwhile. Answers how many contacts
/// were found with an event and without a key.
async fn contacts_without_key(before_commit: fn(&dyn Keyring) -> Result<(), String>) -> usize {
    let disk = Disk::new();
    let folder = DataFolder::open(disk.folder()).unwrap();
    let keyring = keys_in(&folder, KeyringOptions { vfs: Some(disk.vfs()), ..KeyringOptions::default() });
    let flushed = Arc::clone(&keyring);
    let options = EventStoreOptions { before_commit: Box::new(move || before_commit(&*flushed)), ..on(&disk) };
    let store = SqliteEventStore::open(&folder, options).unwrap();
    let mut without = 0;
    for number in 0..400_u64 {
        let stream = contact(number);
        let Stream::Contact(id) = stream else { unreachable!("a contact's stream") };
        keyring.create_if_absent(id.0).await.unwrap();
        let appended = store.append(&stream, after(0), vec![event(number)]).await.unwrap();
        if number % 10 == 0 {
            store.durable(appended.position).await.unwrap();
        }
        if number % 37 == 36 {
            let left = disk.cut(Unflushed::Chance(number));
            without += keyless(left.path()).await;
        }
    }
    without
}

async fn keyless(folder: &Path) -> usize {
    let data = DataFolder::open(folder).unwrap();
    let keyring = keys_in(&data, KeyringOptions::default());
    let store = SqliteEventStore::open(&data, EventStoreOptions::default()).unwrap();
    let mut without = 0;
    for recorded in all_of(&store).await {
        let Stream::Contact(id) = recorded.stream else { continue };
        without += usize::from(keyring.find(id.0).await.unwrap() == KeyState::Missing);
    }
    without
}

#[tokio::test]
async fn no_event_survives_a_power_cut_without_the_key_that_seals_it() {
    assert_eq!(contacts_without_key(|keyring| keyring.flush().map_err(|error| error.to_string())).await, 0);
}

#[tokio::test]
async fn without_the_flush_before_the_commit_events_would_survive_their_keys() {
    assert!(contacts_without_key(|_| Ok(())).await > 0, "the test can't tell");
}

#[tokio::test]
async fn a_tombstone_survives_a_power_cut_once_it_was_answered() {
    let disk = Disk::new();
    let folder = DataFolder::open(disk.folder()).unwrap();
    let keyring = keys_in(&folder, KeyringOptions { vfs: Some(disk.vfs()), ..KeyringOptions::default() });
    for number in 0..40_u128 {
        let holder = uuid::Uuid::from_u128(number);
        keyring.create_if_absent(holder).await.unwrap();
        keyring.flush().unwrap();
        keyring.destroy(holder).await.unwrap();
        let left = disk.cut(if number % 2 == 0 { Unflushed::Lost } else { Unflushed::Chance(number as u64) });
        let after = DataFolder::open(left.path()).unwrap();
        let keyring = keys_in(&after, KeyringOptions::default());
        assert_eq!(keyring.destroyed().await.unwrap().len() as u128, number + 1);
        assert_eq!(keyring.find(holder).await.unwrap(), KeyState::Destroyed);
        check_file(left.path(), "keys.db");
    }
}
