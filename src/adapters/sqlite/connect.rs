//! Opening a SQLite file: ours or refused, in WAL mode, with the durability that was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Why an embedded engine did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder.
    #[error(
        "the data folder {} is in use by another process{}: stop it, or name another folder with --data",
        .folder.display(), .served_at.as_ref().map(|address| format!(", which serves it at {address}")).unwrap_or_default()
    )]
    InUse {
        /// Which folder.
        folder: PathBuf,
        /// Where that process can be asked, if it serves the folder.
        served_at: Option<String>,
    },
    /// The file system refused.
    #[error("{doing} {} failed: {source}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("opening {} failed: {source}", .file.display())]
    Engine {
        /// Which file.
        file: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is a database of something else.
    #[error("{} is not {expected}: move it away, or name another folder with --data", .file.display())]
    Foreign {
        /// Which file.
        file: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// A newer program wrote the file.
    #[error(
        "{} has format {found}, and this version knows formats up to {known}: use the newer version that wrote it",
        .file.display()
    )]
    Newer {
        /// Which file.
        file: PathBuf,
        /// Format found.
        found: i32,
        /// Newest format known.
        known: i32,
    },
    /// A database that should hold an engine.
    #[error("{place} can't be used: {reason}")]
    Database {
        /// Where it is, without any password.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// Keys without the master key that opens them.
    #[error("{0}")]
    MasterKey(String),
}

/// How hard a commit presses on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// A commit is on the disk when it answers.
    #[default]
    Full,
    /// A commit survives the process, not the power: only for what can be made again, and for showing what is lost.
    Normal,
}

/// What a file must be.
pub(in crate::adapters) struct Format {
    /// What it is, for messages.
    pub(in crate::adapters) name: &'static str,
    /// `PRAGMA application_id`.
    pub(in crate::adapters) application_id: i32,
    /// `PRAGMA user_version`.
    pub(in crate::adapters) version: i32,
    /// Makes the tables of an empty file.
    pub(in crate::adapters) schema: &'static str,
    /// What makes of a file of format 1 one of format 2, and so on.
    pub(in crate::adapters) upgrades: &'static [&'static str],
}

/// Where and how to open.
#[derive(Clone, Debug)]
pub(in crate::adapters) struct Place {
    pub(in crate::adapters) file: PathBuf,
    /// A registered VFS other than the default one.
    pub(in crate::adapters) vfs: Option<String>,
    pub(in crate::adapters) synchronous: Synchronous,
}

impl Place {
    fn engine(&self) -> impl Fn(rusqlite::Error) -> OpenError + '_ {
        |source| OpenError::Engine { file: self.file.clone(), source }
    }

    /// Opens the file for writing, making it if it is not there.
    pub(in crate::adapters) fn create(&self, format: &Format, page_size: u32) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = self.connect(flags).map_err(self.engine())?;
        let found = self.check(&connection, format)?;
        self.prepare(&connection, page_size).map_err(self.engine())?;
        match found {
            None => make_tables(&connection, format).map_err(self.engine())?,
            Some(found) => upgrade(&connection, format, found).map_err(self.engine())?,
        }
        Ok(connection)
    }

    /// Another connection to a file that is open already; it writes nothing but checkpoints.
    pub(super) fn join(&self) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = self.connect(flags).map_err(self.engine())?;
        self.tune(&connection).map_err(self.engine())?;
        Ok(connection)
    }

    fn connect(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let connection = match &self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.file, flags, vfs.as_str())?,
            None => Connection::open_with_flags(&self.file, flags)?,
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(connection)
    }

    /// The format of the file, `None` if it is empty; refuses what is not ours, before anything is written to it.
    fn check(&self, connection: &Connection, format: &Format) -> Result<Option<i32>, OpenError> {
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
        let foreign = || OpenError::Foreign { file: self.file.clone(), expected: format.name };
        let application_id = number("application_id").map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => foreign(),
            _ => self.engine()(error),
        })?;
        let found = number("user_version").map_err(self.engine())?;
        let tables = number("schema_version").map_err(self.engine())?;
        if (application_id, found, tables) == (0, 0, 0) {
            return Ok(None);
        }
        if application_id != format.application_id {
            return Err(foreign());
        }
        if found > format.version {
            return Err(OpenError::Newer { file: self.file.clone(), found, known: format.version });
        }
        Ok(Some(found))
    }

    fn prepare(&self, connection: &Connection, page_size: u32) -> rusqlite::Result<()> {
        connection.pragma_update(None, "page_size", page_size)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| {
            let mode: String = row.get(0)?;
            if mode == "wal" { Ok(()) } else { Err(rusqlite::Error::InvalidQuery) }
        })?;
        self.tune(connection)
    }

    fn tune(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.pragma_update(
            None,
            "synchronous",
            match self.synchronous {
                Synchronous::Full => "full",
                Synchronous::Normal => "normal",
            },
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        keep_plans(connection)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(())
    }
}

/// Without this a statement from the cache is compiled anew whenever its parameters are bound, in case other values want
/// another plan; ours never do.
pub(super) fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn make_tables(connection: &Connection, format: &Format) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(format.schema)?;
    transaction.pragma_update(None, "application_id", format.application_id)?;
    transaction.pragma_update(None, "user_version", format.version)?;
    transaction.commit()
}

fn upgrade(connection: &Connection, format: &Format, found: i32) -> rusqlite::Result<()> {
    let done = usize::try_from(found - 1).unwrap_or_default();
    let Some(steps) = format.upgrades.get(done..).filter(|steps| !steps.is_empty()) else { return Ok(()) };
    let transaction = connection.unchecked_transaction()?;
    steps.iter().try_for_each(|step| transaction.execute_batch(step))?;
    transaction.pragma_update(None, "user_version", format.version)?;
    transaction.commit()
}

/// A file that SQLite keeps beside another one.
pub(super) fn beside(path: &Path, side: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(side);
    PathBuf::from(name)
}

/// The name of the file at a path, for errors that must not show where the folder is.
pub(super) fn place_in(file: &Path, row: impl std::fmt::Display) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{name}: {row}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format {
        name: "a test file",
        application_id: 0x4473_7400,
        version: 2,
        schema: "CREATE TABLE things(name TEXT NOT NULL) STRICT",
        upgrades: &["ALTER TABLE old RENAME TO things"],
    };

    fn place(folder: &tempfile::TempDir) -> Place {
        Place { file: folder.path().join("things.db"), vfs: None, synchronous: Synchronous::Full }
    }

    #[test]
    fn a_file_of_our_format_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder);
        place.create(&FORMAT, 4096).unwrap().execute("INSERT INTO things VALUES ('one')", []).unwrap();
        let count: i64 = place
            .create(&FORMAT, 4096)
            .unwrap()
            .query_row("SELECT count(*) FROM things", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn a_file_of_an_older_format_becomes_one_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder);
        let older =
            Format { version: 1, schema: "CREATE TABLE old(name TEXT NOT NULL) STRICT", upgrades: &[], ..FORMAT };
        place.create(&older, 4096).unwrap();
        for _ in ["upgraded", "opened again"] {
            place.create(&FORMAT, 4096).unwrap().execute("INSERT INTO things VALUES ('one')", []).unwrap();
        }
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder);
        place.create(&FORMAT, 4096).unwrap().pragma_update(None, "user_version", 3).unwrap();
        assert!(matches!(place.create(&FORMAT, 4096), Err(OpenError::Newer { found: 3, known: 2, .. })));
    }

    #[test]
    fn another_programs_file_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder);
        Connection::open(&place.file).unwrap().execute_batch("CREATE TABLE theirs(x)").unwrap();
        let before = std::fs::read(&place.file).unwrap();
        assert!(matches!(place.create(&FORMAT, 4096), Err(OpenError::Foreign { .. })));
        assert_eq!(std::fs::read(&place.file).unwrap(), before);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder);
        std::fs::write(
            &place.file,
            "a letter to my aunt, long enough to be no database header at all, I hope; it goes on",
        )
        .unwrap();
        assert!(matches!(place.create(&FORMAT, 4096), Err(OpenError::Foreign { .. })));
    }
}
