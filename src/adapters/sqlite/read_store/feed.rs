//! The feed of segments, in a table of its own beside the documents: it is written with them, and no rebuild makes it
//! again. It holds ids alone, no personal data.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_projections::segments::Crossing;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::file::{after_prefix, failed};
use super::keys::{of_workspace, workspace_of};
use crate::ports::read_store::{FeedEntry, FeedPart, FeedState, FeedWrite, ReadError};

/// How far a workspace's feed is: `epoch | as of`.
const STATE: u8 = b's';
/// Entries of a segment that belong together, by the number of the first: `at | position`, then `entered | contact` each.
const ENTRIES: u8 = b'e';
/// Entries in a row, at most.
const ENTRIES_MAX: usize = 1_000;
const HEAD: usize = 16;
const ENTRY: usize = 17;

const WRITING: &str = "writing a feed";
const READING: &str = "reading a feed";

type Row = (Vec<u8>, Vec<u8>);

pub(super) fn write(file: &Connection, feed: &[FeedWrite]) -> Result<(), ReadError> {
    for write in feed {
        let epoch = state(file, &write.workspace)?.map_or_else(Uuid::new_v4, |state| state.epoch);
        let value = [&epoch.as_bytes()[..], &write.as_of.timestamp_micros().to_be_bytes()].concat();
        put(file, &of_workspace(STATE, &write.workspace, &[]), &value)?;
        for removed in &write.removed {
            let prefix = prefix(&write.workspace, *removed);
            let mut remove =
                file.prepare_cached("DELETE FROM feed WHERE key >= ?1 AND key < ?2").map_err(failed(WRITING))?;
            remove.execute(params![prefix, after_prefix(&prefix)]).map_err(failed(WRITING))?;
        }
        // In the order of their times, and of one time those of a segment stand together.
        let one = |one: &Crossing, other: &Crossing| (one.segment, one.at) == (other.segment, other.at);
        for together in write.crossings.chunk_by(one).flat_map(|together| together.chunks(ENTRIES_MAX)) {
            append(file, write, together)?;
        }
    }
    Ok(())
}

fn append(file: &Connection, write: &FeedWrite, together: &[Crossing]) -> Result<(), ReadError> {
    let Some(first) = together.first() else { return Ok(()) };
    let prefix = prefix(&write.workspace, first.segment);
    let number = last(file, &prefix)?.map_or(0, |row| after(&row));
    let mut value = Vec::with_capacity(HEAD + ENTRY * together.len());
    value.extend(first.at.timestamp_micros().to_be_bytes());
    value.extend(write.position.to_be_bytes());
    for crossing in together {
        value.push(crossing.entered.into());
        value.extend(crossing.contact.0.as_bytes());
    }
    put(file, &[&prefix[..], &number.to_be_bytes()].concat(), &value)
}

fn put(file: &Connection, key: &[u8], value: &[u8]) -> Result<(), ReadError> {
    let put = "INSERT INTO feed VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let mut put = file.prepare_cached(put).map_err(failed(WRITING))?;
    put.execute(params![key, value]).map(drop).map_err(failed(WRITING))
}

fn prefix(workspace: &str, segment: SegmentId) -> Vec<u8> {
    of_workspace(ENTRIES, workspace, segment.0.as_bytes())
}

fn state(file: &Connection, workspace: &str) -> Result<Option<FeedState>, ReadError> {
    let mut find = file.prepare_cached("SELECT value FROM feed WHERE key = ?1").map_err(failed(READING))?;
    let value: Option<Vec<u8>> = find
        .query_row(params![of_workspace(STATE, workspace, &[])], |row| row.get(0))
        .optional()
        .map_err(failed(READING))?;
    Ok(value.as_deref().and_then(state_of))
}

fn state_of(value: &[u8]) -> Option<FeedState> {
    let (epoch, as_of) = value.split_first_chunk::<16>()?;
    let as_of = DateTime::from_timestamp_micros(i64::from_be_bytes(as_of.try_into().ok()?))?;
    Some(FeedState { epoch: Uuid::from_bytes(*epoch), as_of })
}

pub(super) fn states(file: &Connection) -> Result<Vec<(Arc<str>, FeedState)>, ReadError> {
    let rows = rows(file, "key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3", &[STATE], &[STATE + 1], usize::MAX)?;
    let read = |(key, value): &Row| Some((workspace_of(key)?.0.into(), state_of(value)?));
    Ok(rows.iter().filter_map(read).collect())
}

fn rows(file: &Connection, which: &str, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, ReadError> {
    let mut find =
        file.prepare_cached(&format!("SELECT key, value FROM feed WHERE {which}")).map_err(failed(READING))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows =
        find.query_map(params![from, to, limit], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed(READING))?;
    rows.collect::<Result<_, _>>().map_err(failed(READING))
}

/// The row with the last entries of a segment up to a number.
fn last_up_to(file: &Connection, prefix: &[u8], number: u64) -> Result<Option<Row>, ReadError> {
    let to = [prefix, &number.to_be_bytes()].concat();
    Ok(rows(file, "key >= ?1 AND key <= ?2 ORDER BY key DESC LIMIT ?3", prefix, &to, 1)?.pop())
}

fn last(file: &Connection, prefix: &[u8]) -> Result<Option<Row>, ReadError> {
    last_up_to(file, prefix, u64::MAX)
}

fn number((key, _): &Row) -> u64 {
    key.last_chunk::<8>().map_or(0, |number| u64::from_be_bytes(*number))
}

/// The number after those of a row.
fn after(row: &Row) -> u64 {
    number(row) + (row.1.len().saturating_sub(HEAD) / ENTRY) as u64
}

fn at(value: &[u8]) -> DateTime<Utc> {
    let micros = value.first_chunk::<8>().map_or(0, |micros| i64::from_be_bytes(*micros));
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

fn entries(row: &Row) -> impl Iterator<Item = FeedEntry> {
    let (value, first) = (&row.1, number(row));
    let at = at(value);
    let position = value.get(8..HEAD).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
    let each = value.get(HEAD..).unwrap_or_default().chunks_exact(ENTRY);
    (first..).zip(each).filter_map(move |(number, entry)| {
        let (entered, contact) = entry.split_first()?;
        let contact = ContactId(Uuid::from_slice(contact).ok()?);
        Some(FeedEntry { number, contact, entered: *entered == 1, at, position })
    })
}

pub(super) fn part(
    file: &Connection,
    workspace: &str,
    segment: SegmentId,
    from: u64,
    limit: usize,
) -> Result<FeedPart, ReadError> {
    let (prefix, state) = (prefix(workspace, segment), state(file, workspace)?);
    let end = after_prefix(&prefix);
    let oldest = rows(file, "key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3", &prefix, &end, 1)?.pop();
    let mut part = FeedPart {
        epoch: state.map_or(Uuid::nil(), |state| state.epoch),
        oldest: oldest.as_ref().map_or(0, number),
        next: last(file, &prefix)?.map_or(0, |row| after(&row)),
        entries: Vec::new(),
    };
    // The row in which the number lies begins before it.
    let begin = last_up_to(file, &prefix, from)?.map_or_else(|| prefix.clone(), |(key, _)| key);
    let wanted = rows(file, "key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3", &begin, &end, limit.saturating_add(1))?;
    part.entries = wanted.iter().flat_map(entries).filter(|entry| entry.number >= from).take(limit).collect();
    Ok(part)
}

/// Rows of a segment stand in the order of their times: they are looked at until one is young. The last is kept, for
/// numbers go on from it.
pub(super) fn trim(file: &Connection, older_than: DateTime<Utc>) -> Result<(), ReadError> {
    const PAGE: usize = 1_000;
    let mut remove = file.prepare_cached("DELETE FROM feed WHERE key = ?1").map_err(failed(WRITING))?;
    let page =
        |from: &[u8], to: &[u8], limit| rows(file, "key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3", from, to, limit);
    let mut from = vec![ENTRIES];
    while let Some((first, _)) = page(&from, &[ENTRIES + 1], 1)?.pop() {
        let segment = first.get(..first.len().saturating_sub(8)).unwrap_or_default().to_vec();
        let end = after_prefix(&segment);
        loop {
            let rows = page(&segment, &end, PAGE)?;
            let old = rows.windows(2).take_while(|two| at(&two[0].1) < older_than).count();
            for (key, _) in &rows[..old] {
                remove.execute(params![key]).map_err(failed(WRITING))?;
            }
            if old + 1 < PAGE {
                break;
            }
        }
        from = end;
    }
    Ok(())
}
