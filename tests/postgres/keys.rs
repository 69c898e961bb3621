//! Keys in Postgres, shared by processes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dossier::adapters::postgres::{Address, PostgresKeyring};
use dossier::adapters::sqlite::{DataFolder, MasterKey, master_key};
use dossier::ports::{KeyState, Keyring, KeyringError};
use tempfile::TempDir;
use uuid::Uuid;

use super::postgres::Postgres;

/// What is destroyed is served by nobody after this.
const SERVED_AT_MOST: Duration = Duration::from_secs(1);

struct Ring {
    postgres: Postgres,
    folder: TempDir,
}

impl Ring {
    fn new() -> Self {
        Ring { postgres: Postgres::small(), folder: tempfile::tempdir().unwrap() }
    }

    /// The keyring, as one more process has it.
    async fn process(&self) -> PostgresKeyring {
        let folder = DataFolder::open(self.folder.path()).unwrap();
        let master = MasterKey::given_or_kept(None, &folder).unwrap();
        let address = Address::parse(&self.postgres.address(), "dossier_keys").unwrap();
        PostgresKeyring::open(&address, &master, 1 << 10).await.unwrap()
    }
}

fn holder(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_create_one_key_get_the_same() {
    let ring = Ring::new();
    let (one, other) = (Arc::new(ring.process().await), Arc::new(ring.process().await));
    for number in 0..100 {
        let both = [&one, &other].map(|process| {
            let process = process.clone();
            tokio::spawn(async move { process.create_if_absent(holder(number)).await.unwrap() })
        });
        let [first, second] = both;
        assert_eq!(first.await.unwrap(), second.await.unwrap(), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_key_destroyed_by_one_process_is_served_by_no_other_a_second_later() {
    let ring = Ring::new();
    let (one, other) = (ring.process().await, ring.process().await);
    for number in 0..5 {
        let key = one.create_if_absent(holder(number)).await.unwrap();
        assert_eq!(other.find(holder(number)).await.unwrap(), KeyState::Live(key.clone()));
        assert_eq!(other.at_hand(holder(number)), Some(KeyState::Live(key)), "it is remembered");
        one.destroy(holder(number)).await.unwrap();
        let acknowledged = Instant::now();
        while other.at_hand(holder(number)) != Some(KeyState::Destroyed) {
            assert!(acknowledged.elapsed() < SERVED_AT_MOST, "{number}: it is still served");
            tokio::task::yield_now().await;
        }
        assert!(matches!(other.create_if_absent(holder(number)).await, Err(KeyringError::Destroyed)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn who_can_not_hear_of_destructions_believes_no_memory() {
    let ring = Ring::new();
    let process = ring.process().await;
    let key = process.create_if_absent(holder(1)).await.unwrap();
    process.destroy(holder(2)).await.unwrap();
    tokio::task::block_in_place(|| ring.postgres.crash());
    let cut_off = Instant::now();
    while process.at_hand(holder(1)).is_some() {
        assert!(cut_off.elapsed() < SERVED_AT_MOST, "memory is still believed");
        tokio::task::yield_now().await;
    }
    assert!(matches!(process.find(holder(1)).await, Err(KeyringError::Unavailable { .. })));
    assert_eq!(process.find(holder(2)).await.unwrap(), KeyState::Destroyed, "a tombstone is for ever");
    tokio::task::block_in_place(|| ring.postgres.run());
    while process.at_hand(holder(1)).is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(process.find(holder(1)).await.unwrap(), KeyState::Live(key));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_master_key_opens_the_same_keys_and_the_old_one_makes_none() {
    let ring = Ring::new();
    let (one, other) = (ring.process().await, ring.process().await);
    let old = std::fs::read(ring.folder.path().join("master.key")).unwrap();
    let mut keys = Vec::new();
    for number in 0..2_500 {
        keys.push(one.create_if_absent(holder(number)).await.unwrap());
    }
    one.destroy(holder(7)).await.unwrap();
    let folder = DataFolder::open(ring.folder.path()).unwrap();
    master_key::rotate(&folder, &one).await.unwrap();
    drop(folder);
    let refused = other.create_if_absent(holder(9_999)).await.unwrap_err().to_string();
    assert!(refused.contains("start again with the new one"), "{refused}");
    let fresh = ring.process().await;
    for process in [&one, &fresh] {
        for (number, key) in (0..).zip(&keys).filter(|(number, _)| *number != 7) {
            assert_eq!(process.find(holder(number)).await.unwrap(), KeyState::Live(key.clone()));
        }
        assert_eq!(process.find(holder(7)).await.unwrap(), KeyState::Destroyed);
    }
    fresh.create_if_absent(holder(9_999)).await.unwrap();
    std::fs::write(ring.folder.path().join("master.key"), old).unwrap();
    let folder = DataFolder::open(ring.folder.path()).unwrap();
    let master = MasterKey::given_or_kept(None, &folder).unwrap();
    let address = Address::parse(&ring.postgres.address(), "dossier_keys").unwrap();
    let refused = PostgresKeyring::open(&address, &master, 16).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("the master key does not open the keys in Postgres at "), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_holds_a_key_that_was_destroyed_or_one_in_the_clear() {
    let ring = Ring::new();
    let process = ring.process().await;
    let key = process.create_if_absent(holder(1)).await.unwrap();
    let stored = ring.postgres.answer("select encode(wrapped, 'hex') from dossier_keys.keys");
    assert!(stored.len() == 128 && !stored.contains(&hex::encode(key.0)), "{stored}");
    process.destroy(holder(1)).await.unwrap();
    assert_eq!(ring.postgres.answer("select wrapped is null, destroyed from dossier_keys.keys"), "t|1");
}
