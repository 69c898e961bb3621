//! Stores on a disk, and what is written to them.

use std::path::Path;
use std::sync::Arc;

use dossier::adapters::sqlite::{
    DataFolder, EventStoreOptions, KeyringOptions, MasterKey, SqliteEventStore, SqliteKeyring,
};
use dossier::ports::{Expected, NewEvent};
use dossier_domain::ids::{ContactId, Mark, Stream};
use uuid::Uuid;

use crate::disk::Disk;

pub(crate) fn contact(number: u64) -> Stream {
    Stream::Contact(ContactId(Uuid::from_u128(number.into())))
}

/// An event that can be told from every other one, with a mark of its own.
pub(crate) fn event(number: u64) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number.into()),
        event_type: "comment_added".into(),
        version: 1,
        data: format!(r#"{{"number":{number},"padding":"{}"}}"#, "x".repeat(number as usize % 700)).into_bytes(),
        meta: br#"{"workspace":"default"}"#.to_vec(),
        marks: vec![Mark(u128::from(number).to_be_bytes())],
    }
}

pub(crate) fn after(count: u64) -> Expected {
    count.checked_sub(1).map_or(Expected::NoStream, Expected::Revision)
}

/// Options for a store on a disk.
pub(crate) fn on(disk: &Disk) -> EventStoreOptions {
    EventStoreOptions { vfs: Some(disk.vfs()), ..EventStoreOptions::default() }
}

pub(crate) fn log_in(folder: &Path, options: EventStoreOptions) -> SqliteEventStore {
    SqliteEventStore::open(&DataFolder::open(folder).unwrap(), options).unwrap()
}

/// The master key of every keyring here.
pub(crate) const MASTER: &str = "4242424242424242424242424242424242424242424242424242424242424242";

pub(crate) fn keys_in(folder: &DataFolder, options: KeyringOptions) -> Arc<SqliteKeyring> {
    let master = MasterKey::given_or_kept(Some(MASTER.into()), folder).unwrap();
    Arc::new(SqliteKeyring::open(folder, &master, options).unwrap())
}
