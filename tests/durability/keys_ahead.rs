//! Keys flushed ahead of the log's commits, on a disk of our own.

use dossier::adapters::sqlite::{DataFolder, FlushAhead, KeyringOptions};
use dossier::ports::{KeyState, Keyring};
use uuid::Uuid;

use crate::disk::{Disk, Trouble, Unflushed};
use crate::support::keys_in;

fn on(disk: &Disk) -> KeyringOptions {
    KeyringOptions { vfs: Some(disk.vfs()), ..KeyringOptions::default() }
}

fn holder(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[tokio::test]
async fn keys_are_durable_though_nothing_was_committed() {
    let disk = Disk::new();
    let keyring = keys_in(&DataFolder::open(disk.folder()).unwrap(), on(&disk));
    let ahead = FlushAhead::start(&keyring);
    let mut made = Vec::new();
    for number in 0..100 {
        made.push(keyring.create_if_absent(holder(number)).await.unwrap());
    }
    ahead.stop();
    let left = disk.cut(Unflushed::Lost);
    let found = keys_in(&DataFolder::open(left.path()).unwrap(), KeyringOptions::default());
    for (number, key) in (0..).zip(made) {
        assert_eq!(found.find(holder(number)).await.unwrap(), KeyState::Live(key), "key {number}");
    }
}

#[tokio::test]
async fn a_flush_that_failed_ahead_fails_every_later_one() {
    let disk = Disk::new();
    let keyring = keys_in(&DataFolder::open(disk.folder()).unwrap(), on(&disk));
    let ahead = FlushAhead::start(&keyring);
    disk.fail(Some(Trouble::Flush));
    keyring.create_if_absent(holder(1)).await.unwrap();
    ahead.stop();
    // The next flush would succeed, and prove nothing of the one that failed.
    disk.fail(None);
    keyring.flush().unwrap_err();
}

#[tokio::test]
async fn the_folder_is_free_once_the_flushing_is_stopped() {
    let disk = Disk::new();
    let keyring = keys_in(&DataFolder::open(disk.folder()).unwrap(), on(&disk));
    let ahead = FlushAhead::start(&keyring);
    keyring.create_if_absent(holder(1)).await.unwrap();
    drop((ahead, keyring));
    DataFolder::open(disk.folder()).unwrap();
}
