//! Appends through the port.

use std::sync::Arc;
use std::time::Instant;

use dossier::adapters::sqlite::{DataFolder, EventStoreOptions, SqliteEventStore};
use dossier::ports::{EventStore, Expected};

use super::load::{Measured, drive};

pub(crate) fn appends(tasks: usize, events: usize) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let store = Arc::new(SqliteEventStore::open(&data, EventStoreOptions::default()).unwrap());
    drive(tasks, events, |mut load, count| {
        let store: Arc<dyn EventStore> = store.clone();
        async move {
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let next = load.next();
                let expected = next.last.map_or(Expected::NoStream, Expected::Revision);
                let started = Instant::now();
                let appended = store.append(&next.stream, expected, vec![next.event]).await.unwrap();
                store.durable(appended.position).await.unwrap();
                times.push(started.elapsed());
            }
            times
        }
    })
}
