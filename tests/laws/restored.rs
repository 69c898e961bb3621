//! No restored copy brings an erased contact back (rule 19).

use std::path::Path;
use std::sync::Arc;

use dossier::app::AppError;
use dossier::app::ask::Ask;
use dossier::house::{House, Options};
use dossier::ports::{KeyState, Keyring};
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;

use crate::support::asks;

async fn open(folder: &Path) -> Arc<House> {
    let house = House::open(folder, Options::default()).await.expect("a house");
    house.start().await.expect("it starts");
    house
}

async fn done(house: &House, key: &str, ask: Ask) -> ContactId {
    let answer = house.execute(asks::command(Some(key), ask)).await.expect("done");
    house.wait_for(answer.position, std::time::Duration::from_secs(60)).await.expect("projected");
    answer.contact_id.expect("a contact")
}

async fn close(house: Arc<House>) {
    house.stop().await.expect("it stops");
    let weak = Arc::downgrade(&house);
    drop(house);
    // The tasks that follow the log let go of it when they hear of the stop.
    while weak.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_log_restored_beside_the_keys_shows_nothing_of_who_was_erased() {
    let (folder, backup) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let house = open(folder.path()).await;
    let id = done(&house, "1", asks::inbound_with("a", "1", &[("company", Some("secret"))])).await;
    let other = done(&house, "2", asks::inbound("b", "1")).await;
    close(house).await;
    let log = "log.db";
    copy(folder.path(), backup.path(), log);
    let house = open(folder.path()).await;
    done(&house, "3", asks::delete(id)).await;
    close(house).await;
    copy(backup.path(), folder.path(), log);
    for projection in dossier::ports::read_store::Projection::ALL {
        copy(backup.path(), folder.path(), &format!("read-{}.db", projection.name()));
    }
    let house = open(folder.path()).await;
    let (shown, kept) = (
        house.contact("default", &asks::by_id(id), None).await,
        house.contact("default", &asks::by_id(other), None).await,
    );
    let told = format!("{shown:?}");
    assert!(!told.contains("secret"), "{told}");
    assert!(kept.is_ok());
    close(house).await;
}
