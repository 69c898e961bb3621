//! The index in its file: which streams and marks lead to which events, up to a position of the log.

use dossier_domain::ids::Mark;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB, OptionalExtension, params};
use uuid::Uuid;

use super::super::super::connect::{Format, OpenError, Place, beside};
use super::super::rows::{number, read_marks, read_stream_key, stream_key, to_sql};
use super::tail::{Entry, Spot, Tail, Tails};

/// The format of the file.
const FORMAT: Format = Format {
    name: "the index of a Dossier log",
    application_id: i32::from_be_bytes(*b"DsIx"),
    version: 1,
    schema: include_str!("schema.sql"),
    upgrades: &[],
};
const PAGE_SIZE: u32 = 4096;
/// One merge goes through the whole file in its order.
const CACHE_KIB: i32 = 16 << 10;

/// Opens the file beside a log, anew if it is not of this very log or can't be used.
pub(super) fn open(place: &Place, log: &Connection) -> Result<Connection, OpenError> {
    match usable(place, log) {
        Ok(Some(connection)) => return Ok(connection),
        Ok(None) => tracing::warn!("the index is not of this log: it is made anew"),
        Err(error) => tracing::warn!(%error, "the index of the log can't be used: it is made anew"),
    }
    for side in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(&place.file, side));
    }
    created(place)
}

fn created(place: &Place) -> Result<Connection, OpenError> {
    let connection = place.create(&FORMAT, PAGE_SIZE)?;
    let engine = |source| OpenError::Engine { file: place.file.clone(), source };
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(engine)?;
    Ok(connection)
}

/// `None`: the last event in it is not in the log. An older copy of the log was put in the place of a newer one.
fn usable(place: &Place, log: &Connection) -> Result<Option<Connection>, OpenError> {
    let connection = created(place)?;
    let engine = |source| OpenError::Engine { file: place.file.clone(), source };
    let Some((position, id)) = last(&connection).map_err(engine)? else { return Ok(Some(connection)) };
    let sql = "SELECT id = ?2 FROM events WHERE position = ?1";
    let fits = log.query_row(sql, params![to_sql(position), id.as_bytes()], |row| row.get(0)).optional();
    Ok(fits.map_err(engine)?.unwrap_or(false).then_some(connection))
}

/// Position and id of the last event that is in the file.
fn last(connection: &Connection) -> rusqlite::Result<Option<(u64, Uuid)>> {
    let read = |row: &rusqlite::Row<'_>| Ok((number(row, 0)?, Uuid::from_bytes(row.get(1)?)));
    connection.query_row("SELECT position, id FROM indexed", [], read).optional()
}

/// Reads what the log holds beyond the file, merging whenever much has come together.
pub(super) fn catch_up(file: &mut Connection, log: &Connection, tails: &Tails, at_once: usize) -> rusqlite::Result<()> {
    let after = last(file)?.map_or(0, |(position, _)| position);
    let sql = "SELECT position, stream, revision, id, marks FROM events WHERE position > ?1 ORDER BY position";
    let mut query = log.prepare(sql)?;
    let mut rows = query.query([to_sql(after)])?;
    while let Some(row) = rows.next()? {
        let spot = Spot { position: number(row, 0)?, revision: number(row, 2)? };
        // A damaged row is told to whoever reads the whole log; nothing leads to it.
        let (Some(stream), Some(marks)) = (read_stream_key(row, 1)?, read_marks(row, 4)?) else { continue };
        let entry = Entry { stream: &stream, spot, id: Uuid::from_bytes(row.get(3)?), marks: &marks };
        if tails.add([entry]) >= at_once {
            merge(file, &tails.take())?;
            tails.merged();
        }
    }
    Ok(())
}

/// Writes all of a tail, or nothing. In the order of the keys each page of the file is written once.
pub(super) fn merge(file: &mut Connection, tail: &Tail) -> rusqlite::Result<()> {
    let Some((position, id)) = tail.last else { return Ok(()) };
    let transaction = file.transaction()?;
    {
        let mut insert = transaction.prepare_cached("INSERT INTO streams VALUES (?1, ?2, ?3)")?;
        let mut streams: Vec<(Vec<u8>, &Vec<Spot>)> =
            tail.streams.iter().map(|(stream, spots)| (stream_key(stream), spots)).collect();
        streams.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (stream, spots) in streams {
            for Spot { revision, position } in spots {
                insert.execute(params![stream, to_sql(*revision), to_sql(*position)])?;
            }
        }
        let mut insert = transaction.prepare_cached("INSERT INTO marks VALUES (?1, ?2)")?;
        let mut marks: Vec<(&Mark, &u64)> = tail.marks.iter().collect();
        marks.sort_unstable();
        for (mark, position) in marks {
            insert.execute(params![mark.0, to_sql(*position)])?;
        }
        transaction
            .execute("INSERT OR REPLACE INTO indexed VALUES (1, ?1, ?2)", params![to_sql(position), id.as_bytes()])?;
    }
    transaction.commit()?;
    // Where readers hold an older state, the next merge moves it.
    if let Err(error) = file.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE) {
        tracing::warn!(%error, "a checkpoint of the index failed and will be tried again");
    }
    Ok(())
}
