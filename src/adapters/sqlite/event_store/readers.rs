//! Read connections: what is committed, as of now.

use std::sync::Arc;

use dossier_domain::ids::{Mark, Stream};
use rusqlite::{Connection, OptionalExtension, ToSql};

use super::super::connect::{OpenError, Place, place_in};
use super::super::pool::Pool;
use super::index::{Index, Spot};
use super::rows::{COLUMNS, RowReader, number, stream_key, to_sql};
use crate::ports::{Direction, Recorded, StoreError};

/// Events read under one lock of one connection. Longer reads are cut, so that none holds up the write-ahead log or a
/// thread of the runtime for long.
pub(super) const PAGE: usize = 1024;

/// The queries, on a pool of connections.
pub(super) struct Readers {
    pool: Pool,
    index: Arc<Index>,
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
    pub(super) fn open(place: &Place, index: Arc<Index>, count: usize) -> Result<Self, OpenError> {
        let pool = Pool::open(place, count)?;
        let file = index.file().to_string_lossy();
        let attach = |connection: &Connection| connection.execute("ATTACH ?1 AS sought", [&file]).map(drop);
        pool.each(attach).map_err(|source| OpenError::Engine { file: index.file().to_owned(), source })?;
        Ok(Readers { pool, index, rows: RowReader::new(), place: place.clone() })
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
            // In memory first: what is merged meanwhile is in the file then.
            let head_of = |stream: &Stream| match self.index.head(stream) {
                None => stream_head(&connection, stream),
                known => Ok(known),
            };
            let bearer_of = |mark: &Mark| match self.index.bearer(*mark) {
                None => mark_position(&connection, *mark),
                known => Ok(known),
            };
            let head = stream.map(head_of).transpose()?;
            let taken = marks.iter().find_map(|mark| bearer_of(mark).transpose()).transpose()?;
            Ok(LookUp { head, taken })
        };
        look().map_err(unavailable("checking an append"))
    }

    /// The event that bears a mark.
    pub(super) fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        const DOING: &str = "finding a mark";
        if let Some(position) = self.index.bearer(mark) {
            return self.at(position, DOING);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM sought.marks AS found CROSS JOIN events AS event USING (position) WHERE mark = ?1"
        );
        Ok(self.page(&sql, &[&mark.0], 1, DOING)?.pop())
    }

    fn at(&self, position: u64, doing: &'static str) -> Result<Option<Recorded>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM events AS event WHERE position = ?1");
        Ok(self.page(&sql, &[&to_sql(position)], 1, doing)?.pop())
    }

    /// One page of events after a position.
    pub(super) fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM events AS event WHERE position > ?1 ORDER BY position");
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
        let limit = limit.min(PAGE);
        // In memory first: what is merged meanwhile is in the file then.
        let newest = self.index.spots(stream);
        match direction {
            Direction::Forward => self.read_forward(stream, from, limit, &newest),
            Direction::Backward => self.read_backward(stream, from, limit, &newest),
        }
    }

    fn read_forward(
        &self,
        stream: &Stream,
        from: u64,
        limit: usize,
        newest: &[Spot],
    ) -> Result<Vec<Recorded>, StoreError> {
        let ends = newest.first().map_or(u64::MAX, |spot| spot.revision);
        let mut events = Vec::new();
        if from < ends {
            let sql = in_stream(">= ?2 AND found.revision < ?3 ORDER BY found.revision");
            events = self.page(&sql, &[&stream_key(stream), &to_sql(from), &to_sql(ends)], limit, READING)?;
        }
        let rest = newest.iter().filter(|spot| spot.revision >= from).take(limit - events.len());
        self.add_spots(rest, events)
    }

    fn read_backward(
        &self,
        stream: &Stream,
        from: u64,
        limit: usize,
        newest: &[Spot],
    ) -> Result<Vec<Recorded>, StoreError> {
        let wanted = newest.iter().rev().filter(|spot| spot.revision <= from).take(limit);
        let mut events = self.add_spots(wanted, Vec::new())?;
        let from = newest.first().map_or(Some(from), |spot| Some(spot.revision.checked_sub(1)?.min(from)));
        if let Some(from) = from
            && events.len() < limit
        {
            let sql = in_stream("<= ?2 ORDER BY found.revision DESC");
            events.extend(self.page(&sql, &[&stream_key(stream), &to_sql(from)], limit - events.len(), READING)?);
        }
        Ok(events)
    }

    fn add_spots<'s>(
        &self,
        spots: impl Iterator<Item = &'s Spot>,
        mut events: Vec<Recorded>,
    ) -> Result<Vec<Recorded>, StoreError> {
        for spot in spots {
            events.extend(self.at(spot.position, READING)?);
        }
        Ok(events)
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
            Keys::Marks => "SELECT mark FROM sought.marks WHERE mark > ?1 ORDER BY mark",
            Keys::Streams => "SELECT DISTINCT stream FROM sought.streams WHERE stream > ?1 ORDER BY stream",
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

const READING: &str = "reading a stream";

/// Events of a stream that is merged, with what is asked of their revision.
fn in_stream(asked: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM sought.streams AS found CROSS JOIN events AS event USING (position)
         WHERE found.stream = ?1 AND found.revision {asked}"
    )
}

fn stream_head(connection: &Connection, stream: &Stream) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT revision FROM sought.streams WHERE stream = ?1 ORDER BY revision DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row([stream_key(stream)], |row| number(row, 0)).optional()
}

fn mark_position(connection: &Connection, mark: Mark) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT position FROM sought.marks WHERE mark = ?1";
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
