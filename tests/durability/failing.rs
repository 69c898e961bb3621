//! A log whose disk or keyring fails acknowledges nothing, and goes on being read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dossier::adapters::sqlite::{DataFolder, EventStoreOptions, SqliteEventStore};
use dossier::ports::{AppendError, Direction, EventStore, StoreError};
use dossier_domain::ids::Mark;
use futures::poll;

use crate::disk::{Disk, Trouble, Unflushed};
use crate::support::{after, contact, event, log_in, on};

fn unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. })
}

/// Ten durable events in a stream.
async fn ten(store: &SqliteEventStore) {
    for turn in 0..10 {
        store.append(&contact(1), after(turn), vec![event(turn)]).await.unwrap();
    }
    store.durable(10).await.unwrap();
}

/// What a failed store answers that had ten durable events.
async fn expect_failed(store: &SqliteEventStore) {
    assert!(unavailable(&store.durable(11).await.unwrap_err()));
    assert!(store.is_failed() && store.failure().is_some());
    assert!(unavailable(&store.wait_past(10).await.unwrap_err()));
    let refused = store.append(&contact(2), after(0), vec![event(99)]).await.unwrap_err();
    assert!(matches!(refused, AppendError::Store(error) if unavailable(&error)));
    assert_eq!(store.head().await.unwrap(), 10);
    assert_eq!(store.durable(10).await.ok(), Some(()));
    assert_eq!(store.read_all(0, 100).await.unwrap().len(), 10);
    let own = store.read_stream(&contact(1), 0, Direction::Forward, 100).await.unwrap();
    assert_eq!(own.len(), 10, "what was staged never happened");
    assert_eq!(store.find(Mark(10_u128.to_be_bytes())).await.unwrap(), None);
    assert!(store.find(Mark(9_u128.to_be_bytes())).await.unwrap().is_some());
    assert!(unavailable(&store.close().unwrap_err()));
}

#[tokio::test]
async fn when_flushing_fails_nothing_is_acknowledged_ever_again() {
    for trouble in [Trouble::Flush, Trouble::Full] {
        let disk = Disk::new();
        let store = log_in(disk.folder(), on(&disk));
        ten(&store).await;
        disk.fail(Some(trouble));
        store.append(&contact(1), after(10), vec![event(10)]).await.unwrap();
        expect_failed(&store).await;
        // The next flush would succeed, and prove nothing of the last one.
        disk.fail(None);
        expect_failed(&store).await;
        let left = disk.cut(Unflushed::Lost);
        assert_eq!(log_in(left.path(), EventStoreOptions::default()).head().await.unwrap(), 10);
    }
}

#[tokio::test]
async fn what_is_found_when_opening_is_made_durable_before_it_is_called_so() {
    let disk = Disk::new();
    let store = log_in(disk.folder(), on(&disk));
    ten(&store).await;
    disk.fail(Some(Trouble::Flush));
    store.append(&contact(1), after(10), vec![event(10)]).await.unwrap();
    store.durable(11).await.unwrap_err();
    drop(store);
    disk.fail(None);
    // The bytes of the eleventh lie in the write-ahead log, written and never flushed.
    let store = log_in(disk.folder(), on(&disk));
    let head = store.head().await.unwrap();
    let left = disk.cut(Unflushed::Lost);
    assert!(log_in(left.path(), EventStoreOptions::default()).head().await.unwrap() >= head);
}

#[tokio::test]
async fn a_keyring_that_can_not_flush_fails_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(false));
    let keyring = Arc::clone(&broken);
    let flush = move || if keyring.load(Ordering::SeqCst) { Err("the keyring is gone".to_owned()) } else { Ok(()) };
    let store = log_in(folder.path(), EventStoreOptions { before_commit: Box::new(flush), ..Default::default() });
    ten(&store).await;
    broken.store(true, Ordering::SeqCst);
    let mut waiting = store.durable(12);
    assert!(poll!(&mut waiting).is_pending());
    store.append(&contact(1), after(10), vec![event(10), event(11)]).await.unwrap();
    let error = waiting.await.unwrap_err();
    assert!(error.to_string().contains("the keyring is gone"), "{error}");
    expect_failed(&store).await;
    drop(store);
    let store = log_in(folder.path(), EventStoreOptions::default());
    assert_eq!(store.head().await.unwrap(), 10, "the transaction was taken back");
}

#[tokio::test]
async fn a_writer_that_panics_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let armed = Arc::new(AtomicBool::new(false));
    let trigger = Arc::clone(&armed);
    let panic = move || {
        assert!(!trigger.load(Ordering::SeqCst), "on purpose");
        Ok(())
    };
    let store = log_in(folder.path(), EventStoreOptions { before_commit: Box::new(panic), ..Default::default() });
    ten(&store).await;
    armed.store(true, Ordering::SeqCst);
    store.append(&contact(1), after(10), vec![event(10)]).await.unwrap();
    expect_failed(&store).await;
}

#[tokio::test]
async fn closing_keeps_what_was_staged_and_refuses_what_comes_after() {
    let folder = tempfile::tempdir().unwrap();
    let store = log_in(folder.path(), EventStoreOptions::default());
    for turn in 0..500 {
        store.append(&contact(1), after(turn), vec![event(turn)]).await.unwrap();
    }
    let mut never = store.durable(501);
    assert!(poll!(&mut never).is_pending());
    store.close().unwrap();
    assert!(unavailable(&never.await.unwrap_err()));
    assert!(!store.is_failed());
    let refused = store.append(&contact(1), after(500), vec![event(500)]).await.unwrap_err();
    assert!(matches!(refused, AppendError::Store(error) if unavailable(&error)));
    assert_eq!(store.read_all(0, 1000).await.unwrap().len(), 500);
    store.close().unwrap();
    let wal = std::fs::metadata(folder.path().join("log.db-wal")).map_or(0, |wal| wal.len());
    assert_eq!(wal, 0, "everything is in the database");
    drop(store);
    assert_eq!(log_in(folder.path(), EventStoreOptions::default()).head().await.unwrap(), 500);
}

#[tokio::test]
async fn an_append_waits_while_too_much_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let (let_go, gate) = std::sync::mpsc::channel::<()>();
    let gate = parking_lot::Mutex::new(gate);
    let hold = move || {
        gate.lock().recv().ok();
        Ok(())
    };
    let options = EventStoreOptions { before_commit: Box::new(hold), max_pending: 3, ..Default::default() };
    let store = log_in(folder.path(), options);
    for turn in 0..3 {
        store.append(&contact(1), after(turn), vec![event(turn)]).await.unwrap();
    }
    let stream = contact(1);
    let mut fourth = store.append(&stream, after(3), vec![event(3)]);
    assert!(poll!(&mut fourth).is_pending());
    drop(let_go);
    assert_eq!(fourth.await.unwrap().position, 4);
    store.durable(4).await.unwrap();
}

#[tokio::test]
async fn the_write_ahead_log_stays_small_however_much_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = EventStoreOptions { checkpoint_bytes: 200_000, max_batch: 8, ..Default::default() };
    let store = log_in(folder.path(), options);
    for turn in 0..3_000 {
        let appended = store.append(&contact(turn % 50), after(turn / 50), vec![event(turn)]).await.unwrap();
        if turn % 8 == 0 {
            store.durable(appended.position).await.unwrap();
        }
    }
    store.durable(3_000).await.unwrap();
    let [wal, database] =
        ["log.db-wal", "log.db"].map(|name| std::fs::metadata(folder.path().join(name)).unwrap().len());
    assert!(database > 1_400_000, "{database} bytes");
    assert!(wal < 1_500_000, "{wal} bytes");
}

#[tokio::test]
async fn a_folder_is_held_by_one_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let store = SqliteEventStore::open(&data, EventStoreOptions::default()).unwrap();
    drop(data);
    let error = DataFolder::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
    drop(store);
    DataFolder::open(folder.path()).unwrap();
}
