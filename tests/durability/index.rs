//! The index of the log holds nothing that the log has not: whatever becomes of its file, everything is found.

use std::path::Path;

use dossier::adapters::sqlite::{EventStoreOptions, SqliteEventStore};
use dossier::ports::{AppendError, Direction, EventStore};
use dossier_domain::ids::Mark;

use crate::support::{after, contact, event, log_in};

const INDEX: &str = "log-index.db";
const STREAMS: u64 = 7;

/// A store whose index is merged after every few events.
fn open(folder: &Path) -> SqliteEventStore {
    log_in(folder, EventStoreOptions { indexed_at_once: 10, ..EventStoreOptions::default() })
}

async fn write(store: &SqliteEventStore, numbers: std::ops::Range<u64>) {
    for number in numbers.clone() {
        store.append(&contact(number % STREAMS), after(number / STREAMS), vec![event(number)]).await.unwrap();
    }
    store.durable(numbers.end).await.unwrap();
}

/// Every event is found by its stream, either way, and by its mark; and no later one is.
async fn all_is_found(store: &SqliteEventStore, count: u64) {
    assert_eq!(store.head().await.unwrap(), count);
    for stream in 0..STREAMS {
        let numbers: Vec<u64> = (0..count).filter(|number| number % STREAMS == stream).collect();
        let mut read = store.read_stream(&contact(stream), 0, Direction::Forward, usize::MAX).await.unwrap();
        let found: Vec<u64> = read.iter().map(|recorded| recorded.event.id.as_u128() as u64).collect();
        assert_eq!(found, numbers);
        let backward = store.read_stream(&contact(stream), u64::MAX, Direction::Backward, usize::MAX).await.unwrap();
        read.reverse();
        assert_eq!(backward, read);
    }
    for number in 0..count {
        let found = store.find(Mark(u128::from(number).to_be_bytes())).await.unwrap().unwrap();
        assert_eq!((found.position, &found.event), (number + 1, &event(number)));
    }
    assert!(store.find(Mark(u128::from(count).to_be_bytes())).await.unwrap().is_none());
}

#[tokio::test]
async fn an_index_that_is_gone_or_no_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write(&store, 0..95).await;
    all_is_found(&store, 95).await;
    drop(store);
    std::fs::remove_file(folder.path().join(INDEX)).unwrap();
    let store = open(folder.path());
    all_is_found(&store, 95).await;
    drop(store);
    std::fs::write(folder.path().join(INDEX), "no database, and long enough to be none: it goes on and on, and on")
        .unwrap();
    let store = open(folder.path());
    all_is_found(&store, 95).await;
    write(&store, 95..150).await;
    all_is_found(&store, 150).await;
}

#[tokio::test]
async fn an_index_behind_its_log_is_brought_up_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write(&store, 0..60).await;
    drop(store);
    let older = std::fs::read(folder.path().join(INDEX)).unwrap();
    let store = open(folder.path());
    write(&store, 60..140).await;
    drop(store);
    std::fs::write(folder.path().join(INDEX), older).unwrap();
    all_is_found(&open(folder.path()), 140).await;
}

/// An older copy of the log was put back, and the index was not: what the newer log had is forgotten.
#[tokio::test]
async fn an_index_of_another_log_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write(&store, 0..60).await;
    drop(store);
    let older = std::fs::read(folder.path().join("log.db")).unwrap();
    let store = open(folder.path());
    write(&store, 60..140).await;
    drop(store);
    std::fs::write(folder.path().join("log.db"), older).unwrap();
    let store = open(folder.path());
    all_is_found(&store, 60).await;
    write(&store, 60..100).await;
    all_is_found(&store, 100).await;
}

#[tokio::test]
async fn a_mark_and_a_revision_are_taken_wherever_the_index_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let forgetful = || EventStoreOptions { indexed_at_once: 10, remembered: 1, recent_marks: 1, ..Default::default() };
    let store = log_in(folder.path(), forgetful());
    write(&store, 0..50).await;
    for number in 0..50 {
        let refused = store.append(&contact(999), after(0), vec![event(number)]).await;
        assert!(matches!(refused, Err(AppendError::MarkTaken { position }) if position == number + 1), "{refused:?}");
        let refused = store.append(&contact(number % STREAMS), after(0), vec![event(1_000)]).await;
        assert!(matches!(refused, Err(AppendError::WrongRevision { actual: Some(_) })), "{refused:?}");
    }
}
