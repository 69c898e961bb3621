//! Rows by key in one SQLite file, with the checkpoint they stand at: what [`super::rows`] keeps nothing of in memory.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::super::connect::{beside, keep_plans};
use super::feed;
use crate::ports::read_store::{FeedWrite, ReadError};

/// Values lie apart from what finds them: a page that is written again for one of them has few others.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
INSERT OR IGNORE INTO checkpoint VALUES (1, 0);
CREATE TABLE IF NOT EXISTS feed (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
";

/// A row: its key, its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// One change of a row.
pub(super) enum Write {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    RemovePrefix(Vec<u8>),
}

impl Write {
    /// Where in the file it happens.
    pub(super) fn key(&self) -> &[u8] {
        match self {
            Write::Put(key, _) | Write::Remove(key) | Write::RemovePrefix(key) => key,
        }
    }
}

/// What a crash leaves of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Journal {
    /// A whole number of batches.
    WriteAhead,
    /// Nothing of use: who is cut off begins anew.
    None,
}

impl Journal {
    fn setup(self) -> &'static str {
        match self {
            // Losing the last batches at a power cut is harmless: the checkpoint goes with its rows, and the log is the truth.
            Journal::WriteAhead => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 16000;"
            }
            Journal::None => "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;",
        }
    }
}

/// A file of rows. Readers see whole batches only.
pub(super) struct RowFile {
    path: PathBuf,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl RowFile {
    /// Opens the file, making it if it is not there, and anew if its rows are of another form.
    pub(super) fn open(path: &Path, form: u32, journal: Journal) -> Result<Self, ReadError> {
        remove_of_another_form(path, form)?;
        let writer = Connection::open(path).map_err(failed("opening a read model"))?;
        // What is deleted is overwritten, so that no erased value lingers in a free page.
        // A small page cache: large batches go through the file once, in its order.
        // Small pages: each change of a contact somewhere writes one, to the write-ahead file and again to this one.
        let setup = "PRAGMA page_size = 2048; PRAGMA secure_delete = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;";
        for setup in [setup, journal.setup()] {
            writer.execute_batch(setup).map_err(failed("opening a read model"))?;
        }
        writer.execute_batch(SCHEMA).map_err(failed("opening a read model"))?;
        writer.pragma_update(None, "user_version", form).map_err(failed("opening a read model"))?;
        let reader =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(failed("opening a read model"))?;
        for connection in [&writer, &reader] {
            keep_plans(connection).map_err(failed("opening a read model"))?;
        }
        Ok(RowFile { path: path.to_owned(), writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn checkpoint(&self) -> Result<u64, ReadError> {
        let reader = self.reader.lock();
        let position: i64 = reader
            .query_row("SELECT position FROM checkpoint", [], |row| row.get(0))
            .map_err(failed("reading a checkpoint"))?;
        Ok(position.unsigned_abs())
    }

    /// Writes a batch and moves the checkpoint, together. Answers where the checkpoint is if it is not at `from`.
    pub(super) fn write(
        &self,
        writes: impl IntoIterator<Item = Result<Write, ReadError>>,
        feed: &[FeedWrite],
        from: u64,
        to: u64,
    ) -> Result<Option<u64>, ReadError> {
        const DOING: &str = "writing a batch";
        let mut writer = self.writer.lock();
        let batch = writer.transaction().map_err(failed(DOING))?;
        let actual: i64 =
            batch.query_row("SELECT position FROM checkpoint", [], |row| row.get(0)).map_err(failed(DOING))?;
        if actual.unsigned_abs() != from {
            return Ok(Some(actual.unsigned_abs()));
        }
        {
            let put =
                "INSERT INTO rows (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            let mut put = batch.prepare_cached(put).map_err(failed(DOING))?;
            let mut remove = batch.prepare_cached("DELETE FROM rows WHERE key = ?1").map_err(failed(DOING))?;
            let range = "DELETE FROM rows WHERE key >= ?1 AND key < ?2";
            let mut remove_prefix = batch.prepare_cached(range).map_err(failed(DOING))?;
            for write in writes {
                match write? {
                    Write::Put(key, value) => put.execute(params![key, value]),
                    Write::Remove(key) => remove.execute(params![key]),
                    Write::RemovePrefix(prefix) => remove_prefix.execute(params![prefix, after_prefix(&prefix)]),
                }
                .map_err(failed(DOING))?;
            }
        }
        feed::write(&batch, feed)?;
        batch.execute("UPDATE checkpoint SET position = ?1", params![to.cast_signed()]).map_err(failed(DOING))?;
        batch.commit().map_err(failed(DOING))?;
        Ok(None)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let reader = self.reader.lock();
        let mut find =
            reader.prepare_cached("SELECT value FROM rows WHERE key = ?1").map_err(failed("reading a row"))?;
        find.query_row([key], |row| row.get(0)).optional().map_err(failed("reading a row"))
    }

    /// At most `limit` rows whose key begins with the prefix and lies after a key, ascending.
    pub(super) fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, ReadError> {
        const DOING: &str = "reading rows";
        let reader = self.reader.lock();
        let sql = "SELECT key, value FROM rows WHERE key >= ?1 AND key > ?2 AND key < ?3 ORDER BY key LIMIT ?4";
        let mut find = reader.prepare_cached(sql).map_err(failed(DOING))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = after.unwrap_or_default();
        let rows = find
            .query_map(params![prefix, after, after_prefix(prefix), limit], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(failed(DOING))?;
        rows.collect::<Result<_, _>>().map_err(failed(DOING))
    }

    /// Works in a transaction of its own, which leaves the checkpoint where it is.
    pub(super) fn alter<T>(&self, work: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        const DOING: &str = "writing a feed";
        let mut writer = self.writer.lock();
        let batch = writer.transaction().map_err(failed(DOING))?;
        let done = work(&batch)?;
        batch.commit().map_err(failed(DOING))?;
        Ok(done)
    }

    /// Reads as of one moment.
    pub(super) fn look<T>(&self, work: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        const DOING: &str = "reading a feed";
        let mut reader = self.reader.lock();
        let moment = reader.transaction().map_err(failed(DOING))?;
        work(&moment)
    }

    /// Folds the write-ahead file into the main one and empties it; then all is on the disk.
    pub(super) fn checkpoint_file(&self) -> Result<(), ReadError> {
        const DOING: &str = "emptying a write-ahead file";
        let writer = self.writer.lock();
        let busy: bool =
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(failed(DOING))?;
        // A write-ahead file that is left would be taken for that of the file that comes into the place.
        if busy {
            return Err(ReadError::Unavailable { doing: DOING, reason: "it is being read".to_owned() });
        }
        let file = std::fs::File::open(&self.path).and_then(|file| file.sync_all());
        file.map_err(|error| failed_by(DOING, &error))
    }
}

/// Removes a file whose rows this version can't read: the log has all that is in it.
fn remove_of_another_form(path: &Path, form: u32) -> Result<(), ReadError> {
    const DOING: &str = "looking at the form of a read model";
    if !path.is_file() {
        return Ok(());
    }
    let file = Connection::open(path).map_err(failed(DOING))?;
    let found: u32 = file.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed(DOING))?;
    let is_new =
        file.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(failed(DOING))?;
    drop(file);
    if found == form || is_new {
        return Ok(());
    }
    tracing::info!(found, form, "a read model is of another form: it is made anew");
    for side in ["-wal", "-shm", ""] {
        match std::fs::remove_file(beside(path, side)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ReadError::Unavailable { doing: DOING, reason: error.to_string() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first key after all that begin with the prefix. Prefixes here never end in 0xff alone.
pub(super) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 64]
}

pub(super) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> ReadError {
    move |error| ReadError::Unavailable { doing, reason: error.to_string() }
}

/// As [`failed`], of the system.
pub(super) fn failed_by(doing: &'static str, error: &std::io::Error) -> ReadError {
    ReadError::Unavailable { doing, reason: error.to_string() }
}
