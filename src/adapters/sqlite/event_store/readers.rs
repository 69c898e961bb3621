//! Read connections: what is committed, as of now.

use dossier_domain::ids::{Mark, Stream};
use rusqlite::{Connection, OptionalExtension, ToSql};

use super::super::connect::{OpenError, Place, place_in};
use super::super::pool::Pool;
use super::rows::{COLUMNS, RowReader, number, stream_key, to_sql};
use crate::ports::{Direction, Recorded, StoreError};

/// Events read under one lock of one connection. Longer reads are cut, so that none holds up the write-ahead log or a
/// thread of the runtime for long.
pub(super) const PAGE: usize = 1024;

/// The queries, on a pool of connections.
pub(super) struct Readers {
    pool: Pool,
    rows: RowReader,
    place: Place,
}

/// What the file says of an append that is about to be made.
pub(super) struct LookUp {
    /// Revision of the stream's last event, `Some(None)` if it has none; `None` if that was not asked.
    pub(super) head: Option<Option<u64>>,
    /// Position of an event that bears one of the marks.
    pub(super) taken: Option<u64>,
}

/// What the filter is filled with.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    Marks,
    Streams,
}

impl Readers {
    pub(super) fn open(place: &Place, count: usize) -> Result<Self, OpenError> {
        Ok(Readers { pool: Pool::open(place, count)?, rows: RowReader::new(), place: place.clone() })
    }

    /// Position of the last event committed.
    pub(super) fn committed_head(&self) -> rusqlite::Result<u64> {
        self.pool.get().query_row("SELECT coalesce(max(position), 0) FROM events", [], |row| number(row, 0))
    }

    /// The head of a stream, if there is one to look up, and whether any of the marks is taken; each as of now or
    /// later, which is all that the caller needs.
    pub(super) fn look_up(&self, stream: Option<&Stream>, marks: &[Mark]) -> Result<LookUp, StoreError> {
        let connection = self.pool.get();
        let look = || -> rusqlite::Result<LookUp> {
            let head = stream.map(|stream| stream_head(&connection, stream)).transpose()?;
            let taken = marks.iter().find_map(|mark| mark_position(&connection, *mark).transpose()).transpose()?;
            Ok(LookUp { head, taken })
        };
        look().map_err(unavailable("checking an append"))
    }

    /// The event that bears a mark.
    pub(super) fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM events WHERE position = (SELECT position FROM marks WHERE mark = ?1)");
        Ok(self.page(&sql, &[&mark.0], 1, "finding a mark")?.pop())
    }

    /// One page of events after a position.
    pub(super) fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM events WHERE position > ?1 ORDER BY position");
        self.page(&sql, &[&to_sql(after)], limit, "reading all events")
    }

    /// One page of a stream.
    pub(super) fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        let (compare, order) = match direction {
            Direction::Forward => (">=", "ASC"),
            Direction::Backward => ("<=", "DESC"),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM events WHERE stream = ?1 AND revision {compare} ?2 ORDER BY revision {order}"
        );
        self.page(&sql, &[&stream_key(stream), &to_sql(from)], limit, "reading a stream")
    }

    /// The first rows, at most a page of them. The query has no LIMIT: SQLite would compile it anew for each value.
    fn page(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        limit: usize,
        doing: &'static str,
    ) -> Result<Vec<Recorded>, StoreError> {
        let limit = limit.min(PAGE);
        let connection = self.pool.get();
        let mut query = connection.prepare_cached(sql).map_err(unavailable(doing))?;
        let mut rows = query.query(params).map_err(unavailable(doing))?;
        let mut events = Vec::new();
        while events.len() < limit
            && let Some(row) = rows.next().map_err(unavailable(doing))?
        {
            match self.rows.read(row) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => return Err(self.damaged(row, "a column has the wrong length")),
                Err(error) => return Err(self.damaged(row, &error.to_string())),
            }
        }
        Ok(events)
    }

    /// Some of the keys that the filter must know, after the one given; none: that was all.
    pub(super) fn keys(&self, of: Keys, after: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = match of {
            Keys::Marks => "SELECT mark FROM marks WHERE mark > ?1 ORDER BY mark",
            Keys::Streams => "SELECT DISTINCT stream FROM events WHERE stream > ?1 ORDER BY stream",
        };
        let connection = self.pool.get();
        let some = || -> rusqlite::Result<Vec<Vec<u8>>> {
            connection.prepare_cached(sql)?.query_map([after], |row| row.get(0))?.take(PAGE).collect()
        };
        some().map_err(unavailable("reading what is known"))
    }

    fn damaged(&self, row: &rusqlite::Row<'_>, reason: &str) -> StoreError {
        let position = number(row, 0).map_or_else(|_| "an unreadable position".into(), |at| format!("position {at}"));
        StoreError::Damaged { place: place_in(&self.place.file, position), reason: reason.into() }
    }
}

fn stream_head(connection: &Connection, stream: &Stream) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT revision FROM events WHERE stream = ?1 ORDER BY revision DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row([stream_key(stream)], |row| number(row, 0)).optional()
}

fn mark_position(connection: &Connection, mark: Mark) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT position FROM marks WHERE mark = ?1";
    connection.prepare_cached(sql)?.query_row([mark.0], |row| number(row, 0)).optional()
}

fn unavailable(doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StoreError::Damaged { place: format!("the log, {doing}"), reason: error.to_string() }
        }
        _ => StoreError::Unavailable { doing, reason: error.to_string() },
    }
}
