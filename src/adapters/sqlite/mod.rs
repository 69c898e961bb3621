//! The embedded engines: the log, the keyring and the read models, each in SQLite files of the data folder.

mod connect;
pub mod event_store;
pub mod folder;
pub mod keyring;
pub mod master_key;
mod pool;
pub mod read_store;

pub(in crate::adapters) use connect::{Format, Place};
pub use connect::{OpenError, Synchronous};
pub use event_store::{Options as EventStoreOptions, SqliteEventStore};
pub use folder::DataFolder;
pub use keyring::{FlushAhead, Options as KeyringOptions, SqliteKeyring};
pub use master_key::MasterKey;
pub use read_store::SqliteReadStore;
