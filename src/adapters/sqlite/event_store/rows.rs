//! Rows and the values they are read into.

use std::collections::HashMap;
use std::sync::Arc;

use dossier_domain::event::EVENT_TYPES;
use dossier_domain::ids::{ContactId, IdentityId, Mark, Stream};
use rusqlite::Row;
use uuid::Uuid;

use crate::ports::{NewEvent, Recorded};

/// The columns that [`RowReader::read`] expects, in its order.
pub(super) const COLUMNS: &str = "event.position, event.stream, event.revision, event.id, event.type, event.version, \
                                  event.data, event.meta, event.marks";

/// The bytes by which a stream is known in the file.
pub(super) fn stream_key(stream: &Stream) -> Vec<u8> {
    let (category, rest): (u8, &[u8]) = match stream {
        Stream::Contact(id) => (b'c', id.0.as_bytes()),
        Stream::Identity(id) => (b'i', id.0.as_bytes()),
        Stream::Workspace(name) => (b'w', name.as_bytes()),
    };
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(category);
    key.extend_from_slice(rest);
    key
}

/// The stream in a column; `None` if it names none.
pub(super) fn read_stream_key(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Stream>> {
    Ok(stream_of(row.get_ref(column)?.as_blob()?))
}

/// The marks in a column; `None` if they are torn.
pub(super) fn read_marks(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Vec<Mark>>> {
    Ok(marks_of(row.get_ref(column)?.as_blob_or_null()?))
}

fn stream_of(key: &[u8]) -> Option<Stream> {
    let (category, rest) = key.split_first()?;
    Some(match category {
        b'c' => Stream::Contact(ContactId(Uuid::from_slice(rest).ok()?)),
        b'i' => Stream::Identity(IdentityId(Uuid::from_slice(rest).ok()?)),
        b'w' => Stream::Workspace(std::str::from_utf8(rest).ok()?.into()),
        _ => return None,
    })
}

/// The marks of an event in one blob; `None` if it bears none.
pub(super) fn marks_blob(marks: &[Mark]) -> Option<Vec<u8>> {
    (!marks.is_empty()).then(|| marks.iter().flat_map(|mark| mark.0).collect())
}

fn marks_of(blob: Option<&[u8]>) -> Option<Vec<Mark>> {
    let (marks, rest) = blob.unwrap_or_default().as_chunks::<16>();
    rest.is_empty().then(|| marks.iter().copied().map(Mark).collect())
}

/// Reads rows, sharing the texts that all of them repeat.
pub(super) struct RowReader {
    types: HashMap<Box<str>, Arc<str>>,
}

impl RowReader {
    pub(super) fn new() -> Self {
        let types = EVENT_TYPES.iter().map(|(name, _)| (Box::from(*name), Arc::from(*name))).collect();
        RowReader { types }
    }

    /// `Ok(None)`: the row is there and is no event.
    pub(super) fn read(&self, row: &Row<'_>) -> rusqlite::Result<Option<Recorded>> {
        let stream = read_stream_key(row, 1)?;
        let id = Uuid::from_slice(row.get_ref(3)?.as_blob()?).ok();
        let marks = read_marks(row, 8)?;
        let (Some(stream), Some(id), Some(marks)) = (stream, id, marks) else {
            return Ok(None);
        };
        let event = NewEvent {
            id,
            event_type: self.event_type(row.get_ref(4)?.as_str()?),
            version: row.get(5)?,
            data: row.get_ref(6)?.as_blob()?.to_vec(),
            meta: row.get_ref(7)?.as_blob()?.to_vec(),
            marks,
        };
        Ok(Some(Recorded { position: number(row, 0)?, revision: number(row, 2)?, stream, event }))
    }

    fn event_type(&self, name: &str) -> Arc<str> {
        self.types.get(name).map_or_else(|| name.into(), Arc::clone)
    }
}

/// Positions and revisions are kept as SQLite's signed integers and never reach their end.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// The nearest number that SQLite can hold.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_stream_is_found_again_by_its_key() {
        let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef);
        for stream in [
            Stream::Contact(ContactId(uuid)),
            Stream::Identity(IdentityId(uuid)),
            Stream::Workspace("".into()),
            Stream::Workspace("ümlaut".into()),
        ] {
            assert_eq!(stream_of(&stream_key(&stream)), Some(stream));
        }
        assert_eq!(stream_of(b""), None);
        assert_eq!(stream_of(b"c123"), None);
        assert_eq!(stream_of(b"x0123456789abcdef"), None);
    }

    #[test]
    fn marks_are_found_again_and_a_torn_blob_is_not() {
        let marks = vec![Mark([1; 16]), Mark([2; 16])];
        let blob = marks_blob(&marks).unwrap();
        assert_eq!(marks_of(Some(&blob)), Some(marks));
        assert_eq!(marks_blob(&[]), None);
        assert_eq!(marks_of(None), Some(vec![]));
        assert_eq!(marks_of(Some(&blob[1..])), None);
    }
}
