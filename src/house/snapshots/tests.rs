use std::io::{Read, Write};

use super::*;
use crate::adapters::sqlite::{KeyringOptions, MasterKey};

fn keyring(folder: &DataFolder) -> Arc<SqliteKeyring> {
    let master = MasterKey::load(folder).unwrap();
    Arc::new(SqliteKeyring::open(folder, &master, KeyringOptions::default()).unwrap())
}

async fn placed(snapshots: &Snapshots, text: &[u8]) -> Uuid {
    let draft = snapshots.begin().unwrap();
    let id = draft.id;
    write(&draft, text);
    snapshots.place(draft).unwrap();
    id
}

fn write(draft: &Draft, text: &[u8]) {
    let mut writer = draft.writer().unwrap();
    writer.write_all(text).unwrap();
    writer.finish().unwrap();
}

async fn read(snapshots: &Snapshots) -> Option<String> {
    let id = snapshots.whole().unwrap()?;
    let mut text = String::new();
    snapshots.open(id).await.unwrap().read_to_string(&mut text).unwrap();
    Some(text)
}

fn files(folder: &DataFolder) -> usize {
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(BEGINNING)).count()
}

#[tokio::test]
async fn the_latest_is_found_by_the_next_process_and_every_other_key_is_destroyed() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    let keyring = keyring(&folder);
    let snapshots = Snapshots::of(&folder, &keyring).unwrap();
    assert_eq!(read(&snapshots).await, None);
    let first = placed(&snapshots, b"first").await;
    placed(&snapshots, b"second").await;
    assert_eq!(keyring.find(first).await.unwrap(), KeyState::Destroyed);
    let next = Snapshots::of(&folder, &keyring).unwrap();
    assert_eq!((read(&next).await.as_deref(), files(&folder)), (Some("second"), 1));
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_destroyed_by_its_name() {
    for has_key in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let keyring = keyring(&folder);
        let snapshots = Snapshots::of(&folder, &keyring).unwrap();
        placed(&snapshots, b"whole").await;
        let draft = snapshots.begin().unwrap();
        write(&draft, b"half");
        assert_eq!(keyring.find(draft.id).await.unwrap(), KeyState::Missing, "it is in memory alone");
        if has_key {
            // Killed just before it got its other name.
            keyring.keep(draft.id, &draft.key).unwrap();
        }
        let next = Snapshots::of(&folder, &keyring).unwrap();
        next.destroy_unfinished().unwrap();
        assert!(!matches!(keyring.find(draft.id).await.unwrap(), KeyState::Live(_)));
        assert_eq!((read(&next).await.as_deref(), files(&folder)), (Some("whole"), 1));
        assert!(matches!(next.place(draft), Err(SnapshotError::NoKey)));
    }
}

#[tokio::test]
async fn with_a_contacts_key_go_the_keys_and_files_of_all_snapshots_drafts_too() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    let keyring = keyring(&folder);
    let snapshots = Arc::new(Snapshots::of(&folder, &keyring).unwrap());
    let guarded = WithSnapshots { keyring: keyring.clone(), snapshots: snapshots.clone() };
    let contact = Uuid::new_v4();
    guarded.create_if_absent(contact).await.unwrap();
    let whole = placed(&snapshots, b"whole").await;
    let draft = snapshots.begin().unwrap();
    guarded.destroy(contact).await.unwrap();
    for holder in [contact, whole] {
        assert_eq!(keyring.find(holder).await.unwrap(), KeyState::Destroyed);
    }
    assert_eq!((read(&snapshots).await, files(&folder)), (None, 0));
    let id = draft.id;
    assert!(matches!(snapshots.place(draft), Err(SnapshotError::NoKey)), "it may know who was erased");
    assert_eq!(files(&folder), 0);
    assert!(!matches!(keyring.find(id).await.unwrap(), KeyState::Live(_)));
}

#[tokio::test]
async fn however_many_snapshots_there_were_they_leave_one_slot_and_no_tombstones() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    let mut contacts = Vec::new();
    for round in 0..6 {
        // Each time another process, which knows of no earlier snapshot but by its file.
        let keyring = keyring(&folder);
        let snapshots = Arc::new(Snapshots::of(&folder, &keyring).unwrap());
        let guarded = WithSnapshots { keyring: keyring.clone(), snapshots: snapshots.clone() };
        contacts.push(Uuid::new_v4());
        guarded.create_if_absent(contacts[round]).await.unwrap();
        keyring.flush().unwrap();
        placed(&snapshots, b"one").await;
        placed(&snapshots, b"the next").await;
        if round % 2 == 0 {
            guarded.destroy(contacts[round]).await.unwrap();
        }
        let mut destroyed = keyring.destroyed().await.unwrap();
        let mut erased: Vec<Uuid> = contacts.iter().copied().step_by(2).collect();
        destroyed.sort();
        erased.sort();
        assert_eq!(destroyed, erased);
        let table = rusqlite::Connection::open(root.path().join("keys.db")).unwrap();
        let slots: i64 = table.query_row("SELECT count(*) FROM keys", [], |row| row.get(0)).unwrap();
        assert_eq!(slots, contacts.len() as i64 + 1, "round {round}");
    }
}
