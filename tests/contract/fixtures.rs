//! The adapters under test.

use std::sync::Arc;

use dossier::adapters::memory::{MemoryEventStore, MemoryKeyring};
use dossier::adapters::sqlite::{
    DataFolder, EventStoreOptions, KeyringOptions, MasterKey, SqliteEventStore, SqliteKeyring,
};
use dossier::ports::{EventStore, Keyring};
use tempfile::TempDir;

use crate::support::{Gate, KeyringFixture, LogFixture};

#[derive(Default)]
pub(crate) struct MemoryLog(Arc<MemoryEventStore>);

impl LogFixture for MemoryLog {
    fn store(&self) -> Arc<dyn EventStore> {
        self.0.clone()
    }

    fn hold(&self) {
        self.0.hold();
    }

    fn release(&self) {
        self.0.release();
    }

    fn reopen(&mut self) {
        self.0.crash();
    }
}

#[derive(Default)]
pub(crate) struct MemoryKeys(Arc<MemoryKeyring>);

impl KeyringFixture for MemoryKeys {
    fn keyring(&self) -> Arc<dyn Keyring> {
        self.0.clone()
    }

    fn reopen(&mut self) {}
}

pub(crate) struct SqliteLog {
    store: Option<Arc<SqliteEventStore>>,
    gate: Gate,
    folder: TempDir,
}

impl Default for SqliteLog {
    fn default() -> Self {
        let mut log = SqliteLog { store: None, gate: Gate::default(), folder: tempfile::tempdir().unwrap() };
        log.reopen();
        log
    }
}

impl LogFixture for SqliteLog {
    fn store(&self) -> Arc<dyn EventStore> {
        self.store.clone().unwrap()
    }

    fn hold(&self) {
        self.gate.close();
    }

    fn release(&self) {
        self.gate.open();
    }

    /// With memories so small that nearly everything is forgotten and looked up again.
    fn reopen(&mut self) {
        if let Some(store) = self.store.take() {
            store.close().unwrap();
            assert_eq!(Arc::strong_count(&store), 1, "a case keeps no store over its reopening");
        }
        let gate = self.gate.clone();
        let options = EventStoreOptions {
            before_commit: Box::new(move || {
                gate.pass();
                Ok(())
            }),
            remembered: 2,
            recent_marks: 2,
            indexed_at_once: 3,
            ..EventStoreOptions::default()
        };
        let folder = DataFolder::open(self.folder.path()).unwrap();
        self.store = Some(Arc::new(SqliteEventStore::open(&folder, options).unwrap()));
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.gate.open();
    }
}

pub(crate) struct SqliteKeys {
    keyring: Option<Arc<SqliteKeyring>>,
    folder: TempDir,
}

impl Default for SqliteKeys {
    fn default() -> Self {
        let mut keys = SqliteKeys { keyring: None, folder: tempfile::tempdir().unwrap() };
        keys.reopen();
        keys
    }
}

impl KeyringFixture for SqliteKeys {
    fn keyring(&self) -> Arc<dyn Keyring> {
        self.keyring.clone().unwrap()
    }

    /// With a cache so small that most keys are read from the file.
    fn reopen(&mut self) {
        self.keyring = None;
        let folder = DataFolder::open(self.folder.path()).unwrap();
        let master = MasterKey::given_or_kept(None, &folder).unwrap();
        let options = KeyringOptions { cached: 16, ..KeyringOptions::default() };
        self.keyring = Some(Arc::new(SqliteKeyring::open(&folder, &master, options).unwrap()));
    }
}
