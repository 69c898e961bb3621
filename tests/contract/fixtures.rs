//! The adapters under test.

use std::sync::Arc;

use dossier::adapters::eventstore::{EventStoreDb, Options as EventStoreDbOptions};
use dossier::adapters::memory::{MemoryEventStore, MemoryKeyring};
use dossier::adapters::postgres::{Address, PostgresKeyring};
use dossier::adapters::sqlite::{
    DataFolder, EventStoreOptions, KeyringOptions, MasterKey, SqliteEventStore, SqliteKeyring,
};
use dossier::ports::{EventStore, Keyring};
use dossier_double::Double;
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::private::Postgres;
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

/// Names a server beside which the cases are run, instead of the double.
const SERVER: &str = "DOSSIER_TEST_EVENTSTORE";

pub(crate) struct EventStoreLog {
    store: Option<Arc<EventStoreDb>>,
    /// `None` where a real server is asked.
    double: Option<Double>,
    connection: String,
    /// On a real server other cases have their events too.
    prefix: String,
    folder: TempDir,
}

impl Default for EventStoreLog {
    fn default() -> Self {
        let double = std::env::var(SERVER).is_err().then(Double::start);
        let connection = double.as_ref().map_or_else(|| std::env::var(SERVER).unwrap(), Double::connection);
        let prefix = if double.is_some() { String::new() } else { format!("{}-", uuid::Uuid::new_v4()) };
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventStoreLog { store: None, double, connection, prefix, folder };
        log.reopen();
        log
    }
}

impl LogFixture for EventStoreLog {
    fn store(&self) -> Arc<dyn EventStore> {
        self.store.clone().unwrap()
    }

    fn hold(&self) {
        self.double.iter().for_each(Double::hold);
    }

    fn release(&self) {
        self.double.iter().for_each(Double::release);
    }

    fn holds(&self) -> bool {
        self.double.is_some()
    }

    fn stages(&self) -> bool {
        false
    }

    /// With so few marks in memory that most are found in the file.
    fn reopen(&mut self) {
        if let Some(store) = self.store.take() {
            assert_eq!(Arc::strong_count(&store), 1, "a case keeps no store over its reopening");
        }
        let options =
            EventStoreDbOptions { prefix: self.prefix.clone(), marks_pending: 2, ..EventStoreDbOptions::default() };
        let (connection, path) = (self.connection.clone(), self.folder.path().to_owned());
        let open = async move {
            let folder = DataFolder::open(path).unwrap();
            EventStoreDb::open(&connection, &folder, options).await.unwrap()
        };
        let opened = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(open));
        self.store = Some(Arc::new(opened));
    }
}

pub(crate) struct PostgresKeys {
    keyring: Option<Arc<PostgresKeyring>>,
    folder: TempDir,
    server: Postgres,
}

impl Default for PostgresKeys {
    fn default() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), Postgres::small());
        let mut keys = PostgresKeys { keyring: None, folder, server };
        keys.reopen();
        keys
    }
}

impl PostgresKeys {
    fn opened(&self) -> PostgresKeyring {
        let folder = DataFolder::open(self.folder.path()).unwrap();
        let master = MasterKey::given_or_kept(None, &folder).unwrap();
        let address = Address::parse(&self.server.address(), "dossier_keys").unwrap();
        let opened = PostgresKeyring::open(&address, &master, 16);
        tokio::task::block_in_place(|| Handle::current().block_on(opened)).unwrap()
    }
}

impl KeyringFixture for PostgresKeys {
    fn keyring(&self) -> Arc<dyn Keyring> {
        self.keyring.clone().unwrap()
    }

    /// With a cache so small that most keys are read from the table.
    fn reopen(&mut self) {
        self.keyring = Some(Arc::new(self.opened()));
    }
}
