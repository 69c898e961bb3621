//! A destroyed key is nowhere in the folder any more, and a changed master key leaves nothing to the old one.

use std::path::Path;
use std::sync::Arc;

use dossier::adapters::sqlite::{DataFolder, KeyringOptions, MasterKey, SqliteKeyring, master_key};
use dossier::ports::{KeyState, Keyring, SecretKey};
use rusqlite::Connection;
use uuid::Uuid;

use crate::support::keys_in;

/// Spread like real ones, so that they fall into all pages of the index.
fn holder(number: u128) -> Uuid {
    Uuid::from_u128((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

async fn create(keyring: &SqliteKeyring, numbers: impl Iterator<Item = u128>) {
    for number in numbers {
        keyring.create_if_absent(holder(number)).await.unwrap();
    }
    keyring.flush().unwrap();
}

/// The wrapped bytes of a key, as they lie in the file.
fn wrapped(folder: &Path, holder: Uuid) -> Vec<u8> {
    let file = Connection::open(folder.join("keys.db")).unwrap();
    file.query_row("SELECT wrapped FROM keys WHERE holder = ?1", [holder.as_bytes()], |row| row.get(0)).unwrap()
}

/// Whether any file of the folder holds the bytes.
fn lies_about(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn a_destroyed_key_is_nowhere_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keys_in(&DataFolder::open(folder.path()).unwrap(), KeyringOptions::default());
    // Grows past several pages, with destructions in between, so that pages split and fill.
    for round in 0..6 {
        create(&keyring, round * 300..(round + 1) * 300).await;
        for number in (round * 300..(round + 1) * 300).step_by(61) {
            let secret = wrapped(folder.path(), holder(number));
            // Nonce and ciphertext; the generation in front is the same for all.
            let secret = &secret[4..48];
            assert!(lies_about(folder.path(), secret), "the search finds what is there");
            keyring.destroy(holder(number)).await.unwrap();
            assert!(!lies_about(folder.path(), secret), "number {number}");
        }
    }
}

#[tokio::test]
async fn many_are_destroyed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keys_in(&DataFolder::open(folder.path()).unwrap(), KeyringOptions::default());
    create(&keyring, 0..500).await;
    let secrets: Vec<_> = (0..500).step_by(50).map(|number| wrapped(folder.path(), holder(number))).collect();
    let holders: Vec<_> = (0..500).map(holder).collect();
    keyring.destroy_all(&holders).unwrap();
    for secret in secrets {
        assert!(!lies_about(folder.path(), &secret[4..48]));
    }
    assert_eq!(keyring.destroyed().await.unwrap().len(), 500);
}

#[tokio::test]
async fn no_key_lies_in_the_folder_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keys_in(&DataFolder::open(folder.path()).unwrap(), KeyringOptions::default());
    let key = keyring.create_if_absent(holder(1)).await.unwrap();
    keyring.flush().unwrap();
    assert!(!lies_about(folder.path(), &key.0));
}

/// A folder with a master key in its file, and 3,000 keys, one of them destroyed.
async fn house(folder: &Path) -> (DataFolder, Arc<SqliteKeyring>) {
    let data = DataFolder::open(folder).unwrap();
    let master = MasterKey::given_or_kept(None, &data).unwrap();
    let keyring = Arc::new(SqliteKeyring::open(&data, &master, KeyringOptions::default()).unwrap());
    create(&keyring, 0..3_000).await;
    keyring.destroy(holder(7)).await.unwrap();
    (data, keyring)
}

async fn all(keyring: &dyn Keyring) -> Vec<KeyState> {
    let mut states = Vec::new();
    for number in 0..3_001 {
        states.push(keyring.find(holder(number)).await.unwrap());
    }
    states
}

#[tokio::test]
async fn another_master_key_opens_the_same_keys_and_the_old_one_none() {
    let folder = tempfile::tempdir().unwrap();
    let (data, keyring) = house(folder.path()).await;
    let before = all(&*keyring).await;
    let old_file = std::fs::read(data.file("master.key")).unwrap();
    let old_wrapped = wrapped(folder.path(), holder(1));
    let unflushed = keyring.create_if_absent(holder(9_999)).await.unwrap();
    master_key::rotate(&data, &*keyring).await.unwrap();
    assert_eq!(all(&*keyring).await, before);
    assert!(!lies_about(folder.path(), &old_wrapped[4..48]));
    keyring.flush().unwrap();
    drop(keyring);
    let master = MasterKey::given_or_kept(None, &data).unwrap();
    let keyring = SqliteKeyring::open(&data, &master, KeyringOptions::default()).unwrap();
    assert_eq!(all(&keyring).await, before);
    assert_eq!(keyring.find(holder(9_999)).await.unwrap(), KeyState::Live(unflushed));
    drop(keyring);
    std::fs::write(data.file("master.key"), old_file).unwrap();
    let master = MasterKey::given_or_kept(None, &data).unwrap();
    let refused = SqliteKeyring::open(&data, &master, KeyringOptions::default()).err().unwrap();
    assert!(refused.to_string().contains("does not open"), "{refused}");
}

#[tokio::test]
async fn a_change_of_the_master_key_cut_off_on_either_side_is_finished_or_taken_back() {
    for wrapped_already in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (data, keyring) = house(folder.path()).await;
        let before = all(&*keyring).await;
        let next = SecretKey([0x17; 32]);
        std::fs::copy(data.file("master.key"), data.file("master.key.next")).unwrap();
        std::fs::write(data.file("master.key.next"), "17".repeat(32)).unwrap();
        if wrapped_already {
            keyring.rotate(&next).unwrap();
        }
        drop(keyring);
        for _ in ["the first start", "the next one"] {
            let master = MasterKey::given_or_kept(None, &data).unwrap();
            let keyring = SqliteKeyring::open(&data, &master, KeyringOptions::default()).unwrap();
            assert_eq!(all(&keyring).await, before, "wrapped already: {wrapped_already}");
            assert!(!data.file("master.key.next").exists());
        }
    }
}

#[tokio::test]
async fn a_key_moved_to_another_holder_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let keyring = keys_in(&data, KeyringOptions::default());
    create(&keyring, 0..2).await;
    drop(keyring);
    let file = Connection::open(data.file("keys.db")).unwrap();
    let moved = "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE holder = ?1) WHERE holder = ?2";
    file.execute(moved, [holder(0).as_bytes(), holder(1).as_bytes()]).unwrap();
    drop(file);
    let keyring = keys_in(&data, KeyringOptions::default());
    assert!(matches!(keyring.find(holder(0)).await, Ok(KeyState::Live(_))));
    assert!(keyring.find(holder(1)).await.is_err());
}
