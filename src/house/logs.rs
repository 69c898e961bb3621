//! A log by itself, without the keys and read models of a house: for copying it.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::engines::{ConnectionString, Log};
use super::{AppError, HouseError};
use crate::adapters::sqlite::{DataFolder, OpenError, event_store};
use crate::ports::EventStore;

/// Where a log is.
#[derive(Clone, Debug)]
pub enum LogPlace {
    /// In a data folder.
    Folder(PathBuf),
    /// On a server.
    Server(ConnectionString),
}

/// What is written like an address is a server's, so that a mistyped one is refused without being repeated: it may hold
/// a password.
impl From<String> for LogPlace {
    fn from(text: String) -> Self {
        match text.contains("://") {
            true => LogPlace::Server(text.into()),
            false => LogPlace::Folder(text.into()),
        }
    }
}

impl LogPlace {
    /// Whether both name the same log, as far as their names tell.
    pub fn is(&self, other: &LogPlace) -> bool {
        match (self, other) {
            (LogPlace::Server(one), LogPlace::Server(other)) => one == other,
            (LogPlace::Folder(one), LogPlace::Folder(other)) => match (one.canonicalize(), other.canonicalize()) {
                (Ok(one), Ok(other)) => one == other,
                _ => one == other,
            },
            _ => false,
        }
    }

    /// Whether there is a log. Nobody can tell of a server's without asking, so there is.
    pub fn exists(&self) -> bool {
        match self {
            LogPlace::Folder(path) => path.join(event_store::FILE).is_file(),
            LogPlace::Server(_) => true,
        }
    }

    /// Opens it; in a folder it is made if there is none. Of a server nobody is asked yet.
    ///
    /// # Errors Another process has the folder open, the log of the folder is on a server, a file is damaged or of a
    /// newer version, or the server's address is not understood.
    pub async fn open(&self) -> Result<LogAlone, HouseError> {
        let (folder, server, scratch) = match self {
            LogPlace::Folder(path) => (DataFolder::open(path)?, None, None),
            LogPlace::Server(server) => {
                let scratch = scratch()?;
                (DataFolder::open(scratch.path())?, Some(server), Some(scratch))
            }
        };
        let log = Log::open_for_copying(&folder, server).await?;
        Ok(LogAlone { log, _scratch: scratch })
    }
}

/// A server's marks are followed into an index, which is of no use afterwards.
fn scratch() -> Result<TempDir, OpenError> {
    let failed = |source| OpenError::Io { doing: "making a folder in", path: std::env::temp_dir(), source };
    tempfile::tempdir().map_err(failed)
}

/// A log, opened.
pub struct LogAlone {
    log: Log,
    _scratch: Option<TempDir>,
}

impl LogAlone {
    /// As whoever copies knows it.
    pub fn store(&self) -> Arc<dyn EventStore> {
        self.log.store()
    }

    /// Closes it: everything appended is durable then.
    ///
    /// # Errors
    /// The log failed.
    pub async fn close(&self) -> Result<(), AppError> {
        self.log.close().await
    }
}
