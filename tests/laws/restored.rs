//! No restored copy brings an erased contact back (rule 19).

use std::path::Path;
use std::sync::Arc;

use dossier::adapters::sqlite::DataFolder;
use dossier::app::AppError;
use dossier::app::ask::Ask;
use dossier::house::{House, Options};
use dossier::ports::KeyState;
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;

use crate::support::asks;

/// How often a folder is tried that the tasks of a stopped house have not let go of yet.
const TRIED_AT_MOST: usize = 1_000_000;

async fn open(folder: &Path) -> Arc<House> {
    let house = House::open(folder, Options::default()).await.expect("a house");
    house.start().await.expect("it starts");
    house
}

/// Waits until nobody holds the folder.
async fn is_free(folder: &Path) {
    for _ in 0..TRIED_AT_MOST {
        if DataFolder::open(folder).is_ok() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the folder stays in use");
}

async fn done(house: &House, key: &str, ask: Ask) -> ContactId {
    let answer = house.execute(asks::command(Some(key), ask)).await.expect("done");
    house.wait_for(answer.position, std::time::Duration::from_secs(60)).await.expect("projected");
    answer.contact_id.expect("a contact")
}

/// Stops a house; after this no file of its folder is open.
async fn close(house: Arc<House>) {
    house.stop().await.expect("it stops");
    let folder = house.path().to_owned();
    drop(house);
    is_free(&folder).await;
}

/// Copies the files of a database, its write-ahead files included.
fn copy(from: &Path, to: &Path, database: &str) {
    for ending in ["", "-wal", "-shm"] {
        let name = format!("{database}{ending}");
        let _ = std::fs::remove_file(to.join(&name));
        if from.join(&name).exists() {
            std::fs::copy(from.join(&name), to.join(&name)).expect("copied");
        }
    }
}

/// The body of a contact in words, or why there is none.
async fn shown(house: &House, id: ContactId) -> String {
    format!("{:?}", house.contact("default", &asks::by_id(id), None).await)
}

async fn is_erased(house: &House, id: ContactId) -> bool {
    match house.contact("default", &asks::by_id(id), None).await {
        Err(AppError::Rejected(Rejection::ContactErased { contact })) => contact == id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_keys_restored_are_destroyed_again_at_the_start() {
    let (folder, backup) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let house = open(folder.path()).await;
    let id = done(&house, "1", asks::inbound("a", "1")).await;
    close(house).await;
    copy(folder.path(), backup.path(), "keys.db");
    let house = open(folder.path()).await;
    done(&house, "2", asks::delete(id)).await;
    close(house).await;
    copy(backup.path(), folder.path(), "keys.db");
    let house = open(folder.path()).await;
    assert!(matches!(house.keyring().find(id.0).await.expect("known"), KeyState::Destroyed));
    assert!(is_erased(&house, id).await);
    close(house).await;
}

/// Puts back the log as it was, and forgets the read models.
fn restore_log(backup: &Path, folder: &Path) {
    copy(backup, folder, "log.db");
    for projection in dossier::ports::read_store::Projection::ALL {
        copy(backup, folder, &format!("read-{}.db", projection.name()));
    }
}

async fn caught_up(house: &House) {
    let head = house.store().head().await.expect("the head");
    house.wait_for(head, std::time::Duration::from_secs(60)).await.expect("projected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_erased_is_erased_again_in_an_older_log_restored_beside_the_keys() {
    let (folder, backup) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let house = open(folder.path()).await;
    let id = done(&house, "1", asks::inbound_with("a", "1", &[("company", Some("secret"))])).await;
    let other = done(&house, "2", asks::inbound_with("b", "1", &[("company", Some("open to all"))])).await;
    assert!(shown(&house, id).await.contains("secret"));
    close(house).await;
    copy(folder.path(), backup.path(), "log.db");
    let house = open(folder.path()).await;
    done(&house, "3", asks::delete(id)).await;
    close(house).await;
    restore_log(backup.path(), folder.path());
    let house = open(folder.path()).await;
    caught_up(&house).await;
    assert!(is_erased(&house, id).await);
    assert!(shown(&house, other).await.contains("open to all"));
    assert_ne!(done(&house, "4", asks::inbound("a", "2")).await, id, "its identity is free again");
    close(house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_had_come_out_of_an_erased_contacts_tree_comes_out_again() {
    let (folder, backup) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let house = open(folder.path()).await;
    let mut ids = Vec::new();
    for handle in ["a", "b", "c", "d"] {
        ids.push(done(&house, handle, asks::inbound(handle, "1")).await);
    }
    let [root, erased_with_it, left, above] = ids[..] else { panic!() };
    done(&house, "1", asks::merge(root, erased_with_it, &[])).await;
    done(&house, "2", asks::merge(root, left, &[])).await;
    done(&house, "3", asks::merge(above, root, &[])).await;
    close(house).await;
    copy(folder.path(), backup.path(), "log.db");
    let house = open(folder.path()).await;
    done(&house, "4", asks::unmerge_pair(above, root)).await;
    done(&house, "5", asks::unmerge_pair(root, left)).await;
    done(&house, "6", asks::delete(root)).await;
    close(house).await;
    restore_log(backup.path(), folder.path());
    let house = open(folder.path()).await;
    caught_up(&house).await;
    assert!(is_erased(&house, root).await && is_erased(&house, erased_with_it).await);
    for lives in [left, above] {
        let body = house.contact("default", &asks::by_id(lives), None).await.expect("it lives");
        assert_eq!((body.id, body.channels.len()), (lives, 1));
    }
    close(house).await;
}
