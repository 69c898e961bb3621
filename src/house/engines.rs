//! Which log a house stands on: the embedded one, or that of a server which is named. What only one of them has stays here.

use std::fmt;
use std::sync::Arc;

use super::HouseError;
use crate::adapters::eventstore::{EventStoreDb, Options as ClusterOptions, index};
use crate::adapters::sqlite::{DataFolder, EventStoreOptions, SqliteEventStore, event_store};
use crate::app::AppError;
use crate::ports::{EventStore, Keyring};

/// How a server is reached. It may hold a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString(String);

impl From<String> for ConnectionString {
    fn from(text: String) -> Self {
        ConnectionString(text)
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionString(..)")
    }
}

/// The log of a house.
pub(super) enum Log {
    Embedded(Arc<SqliteEventStore>),
    Cluster(Arc<EventStoreDb>),
}

impl Log {
    /// Opens the log of a folder, or of a server. Keys are durable before the events that they seal.
    pub(super) async fn open(
        folder: &DataFolder,
        keyring: &Arc<dyn Keyring>,
        server: Option<&ConnectionString>,
    ) -> Result<Self, HouseError> {
        let flushed = keyring.clone();
        let flush = move || flushed.flush().map_err(|error| error.to_string());
        Self::open_with(folder, server, flush, true).await
    }

    /// Opens a log to which another one is copied, or from which one is: what is in it is sealed already, under keys
    /// that are stored, and its marks were looked for when it was first appended.
    pub(super) async fn open_for_copying(
        folder: &DataFolder,
        server: Option<&ConnectionString>,
    ) -> Result<Self, HouseError> {
        Self::open_with(folder, server, || Ok(()), false).await
    }

    async fn open_with(
        folder: &DataFolder,
        server: Option<&ConnectionString>,
        flush: impl Fn() -> Result<(), String> + Send + Sync + 'static,
        looks_for_marks: bool,
    ) -> Result<Self, HouseError> {
        let flush = Box::new(flush);
        let holds = |name: &str| folder.file(name).exists();
        let folder_name = || folder.path().display().to_string();
        match server {
            None if holds(index::FILE) => Err(HouseError::ServersFolder { folder: folder_name() }),
            Some(_) if holds(event_store::FILE) => Err(HouseError::EmbeddedFolder { folder: folder_name() }),
            None => {
                let options = EventStoreOptions { before_commit: flush, ..EventStoreOptions::default() };
                Ok(Log::Embedded(Arc::new(SqliteEventStore::open(folder, options)?)))
            }
            Some(ConnectionString(server)) => {
                let options = ClusterOptions { before_append: flush, looks_for_marks, ..ClusterOptions::default() };
                Ok(Log::Cluster(Arc::new(EventStoreDb::open(server, folder, options).await?)))
            }
        }
    }

    /// As the application knows it.
    pub(super) fn store(&self) -> Arc<dyn EventStore> {
        match self {
            Log::Embedded(store) => store.clone(),
            Log::Cluster(store) => store.clone(),
        }
    }

    /// Whether it is in the data folder.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self, Log::Embedded(_))
    }

    /// Why it takes no events, now.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        match self {
            Log::Embedded(_) => self.failure(),
            Log::Cluster(store) => store.is_in_trouble().then_some("the event store does not answer as it should"),
        }
    }

    /// Why it takes no events until a person has looked.
    pub(super) fn failure(&self) -> Option<&'static str> {
        match self {
            Log::Embedded(store) => store.is_failed().then_some("the log takes no more events: a write failed"),
            Log::Cluster(_) => None,
        }
    }

    /// Waits until everything appended is durable.
    pub(super) async fn flush(&self) -> Result<(), AppError> {
        let store = self.store();
        Ok(store.durable(store.head().await?).await?)
    }

    /// Closes it: everything appended is durable then.
    pub(super) async fn close(&self) -> Result<(), AppError> {
        match self {
            Log::Embedded(store) => Ok(store.close()?),
            Log::Cluster(store) => Ok(store.close().await?),
        }
    }
}

/// Whether a folder was used before, with the embedded log or with a server's.
pub(crate) fn is_used(path: &std::path::Path) -> bool {
    [event_store::FILE, index::FILE].iter().any(|name| path.join(name).is_file())
}
