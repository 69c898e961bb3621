//! The mark index: which event bears a mark, found without a search through the log, which the server has no index for.
//!
//! It follows the log, in a small file of the data folder. What was read since the file was last written is in memory; a
//! crash forgets that, and it is read again. Whoever bears a mark first keeps it.

use std::collections::HashMap;

use dossier_domain::ids::Mark;
use eventstore::Position;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::adapters::sqlite::{DataFolder, Format, OpenError, Place, Synchronous};
use crate::ports::StoreError;

/// Name of the file in the data folder.
pub const FILE: &str = "marks.db";
const FORMAT: Format = Format {
    name: "a Dossier mark index",
    application_id: i32::from_be_bytes(*b"DsMi"),
    version: 1,
    schema: include_str!("index.sql"),
    upgrades: &[],
};
const PAGE_SIZE: u32 = 4096;
/// Events of ours from one milestone to the next.
const MILESTONE_EVERY: u64 = 1_000;

/// The last event that was read of the log, whoever's it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    pub(super) position: Position,
    /// Tells another log from this one.
    pub(super) event: Uuid,
}

/// See the module.
pub(super) struct Index {
    connection: Connection,
    /// Marks that are not in the file yet.
    fresh: HashMap<Mark, u64>,
    milestones: Vec<u64>,
    followed: Option<Followed>,
    /// Position of the last event of ours.
    head: u64,
    since_milestone: u64,
    /// So many events of ours are read before the file is written.
    pending: usize,
    /// Events of ours that were read since it was.
    unwritten: usize,
    is_changed: bool,
}

impl Index {
    /// Opens the file of a folder, making it if there is none.
    pub(super) fn open(folder: &DataFolder, pending: usize) -> Result<Self, OpenError> {
        // What a power cut takes away is read from the log again.
        let place = Place { file: folder.file(FILE), vfs: None, synchronous: Synchronous::Normal };
        let connection = place.create(&FORMAT, PAGE_SIZE)?;
        let engine = |source| OpenError::Engine { file: folder.file(FILE), source };
        let found = read_followed(&connection).map_err(engine)?;
        let (followed, head) = found.map_or((None, 0), |(followed, head)| (Some(followed), head));
        Ok(Index {
            connection,
            fresh: HashMap::new(),
            milestones: Vec::new(),
            followed,
            head,
            since_milestone: 0,
            pending,
            unwritten: 0,
            is_changed: false,
        })
    }

    /// How far it is.
    pub(super) fn followed(&self) -> Option<Followed> {
        self.followed
    }

    /// Position of the last event of ours; 0 if there is none.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// An event of ours was read.
    pub(super) fn take(&mut self, position: u64, marks: &[Mark]) -> Result<(), StoreError> {
        for mark in marks {
            if self.find(*mark)?.is_none() {
                self.fresh.insert(*mark, position);
            }
        }
        if self.since_milestone == 0 {
            self.milestones.push(position);
        }
        self.since_milestone = (self.since_milestone + 1) % MILESTONE_EVERY;
        self.head = position;
        self.unwritten += 1;
        Ok(())
    }

    /// The log was read up to here. Writes the file when enough has come together.
    pub(super) fn reached(&mut self, followed: Followed) -> Result<(), StoreError> {
        self.followed = Some(followed);
        self.is_changed = true;
        if self.unwritten < self.pending { Ok(()) } else { self.write() }
    }

    /// Position of the first bearer.
    pub(super) fn find(&self, mark: Mark) -> Result<Option<u64>, StoreError> {
        if let Some(position) = self.fresh.get(&mark) {
            return Ok(Some(*position));
        }
        let mut asked = self.connection.prepare_cached("SELECT position FROM marks WHERE mark = ?1").map_err(failed)?;
        let found: Option<i64> = asked.query_row([&mark.0[..]], |row| row.get(0)).optional().map_err(failed)?;
        Ok(found.map(i64::cast_unsigned))
    }

    /// The last milestone up to a position.
    pub(super) fn milestone(&self, up_to: u64) -> Result<Option<u64>, StoreError> {
        if let Some(position) = self.milestones.iter().rev().find(|position| **position <= up_to) {
            return Ok(Some(*position));
        }
        let up_to = i64::try_from(up_to).unwrap_or(i64::MAX);
        let mut asked = self
            .connection
            .prepare_cached("SELECT max(position) FROM milestones WHERE position <= ?1")
            .map_err(failed)?;
        let found: Option<i64> = asked.query_row([up_to], |row| row.get(0)).map_err(failed)?;
        Ok(found.map(i64::cast_unsigned))
    }

    /// Puts what is in memory into the file.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        if !self.is_changed {
            return Ok(());
        }
        let Some(Followed { position, event }) = self.followed else { return Ok(()) };
        let transaction = self.connection.transaction().map_err(failed)?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT OR IGNORE INTO marks VALUES (?1, ?2)").map_err(failed)?;
            for (mark, position) in &self.fresh {
                insert.execute(params![&mark.0[..], position.cast_signed()]).map_err(failed)?;
            }
            let mut insert =
                transaction.prepare_cached("INSERT OR IGNORE INTO milestones VALUES (?1)").map_err(failed)?;
            for position in &self.milestones {
                insert.execute([position.cast_signed()]).map_err(failed)?;
            }
            let place = [position.commit, position.prepare, self.head].map(u64::cast_signed);
            transaction
                .execute(
                    "INSERT OR REPLACE INTO followed VALUES (1, ?1, ?2, ?3, ?4)",
                    params![place[0], place[1], event.as_bytes(), place[2]],
                )
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        self.fresh.clear();
        self.milestones.clear();
        (self.unwritten, self.is_changed) = (0, false);
        Ok(())
    }

    /// Forgets everything: it was made from another log.
    pub(super) fn clear(&mut self) -> Result<(), StoreError> {
        let all = "DELETE FROM marks; DELETE FROM milestones; DELETE FROM followed;";
        self.connection.execute_batch(all).map_err(failed)?;
        self.fresh.clear();
        self.milestones.clear();
        (self.followed, self.head, self.since_milestone) = (None, 0, 0);
        (self.unwritten, self.is_changed) = (0, false);
        Ok(())
    }
}

fn read_followed(connection: &Connection) -> rusqlite::Result<Option<(Followed, u64)>> {
    let read = |row: &rusqlite::Row<'_>| {
        let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let event: [u8; 16] = row.get(2)?;
        let position = Position { commit: number(0)?, prepare: number(1)? };
        Ok((Followed { position, event: Uuid::from_bytes(event) }, number(3)?))
    };
    connection.query_row("SELECT commit_position, prepare_position, event, head FROM followed", [], read).optional()
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable { doing: "using the mark index", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(commit: u64) -> Followed {
        Followed { position: Position { commit, prepare: commit }, event: Uuid::from_u128(commit.into()) }
    }

    #[test]
    fn the_first_bearer_keeps_a_mark_in_memory_and_in_the_file() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let mut index = Index::open(&folder, 3).unwrap();
        let [one, two] = [Mark([1; 16]), Mark([2; 16])];
        index.take(10, &[one]).unwrap();
        index.take(20, &[one, two]).unwrap();
        index.reached(followed(25)).unwrap();
        assert_eq!((index.find(one).unwrap(), index.find(two).unwrap()), (Some(10), Some(20)));
        index.write().unwrap();
        index.take(30, &[two]).unwrap();
        index.reached(followed(35)).unwrap();
        assert_eq!(index.find(two).unwrap(), Some(20));
        drop(index);
        let index = Index::open(&folder, 3).unwrap();
        assert_eq!((index.find(one).unwrap(), index.find(two).unwrap()), (Some(10), Some(20)));
        assert_eq!((index.followed(), index.head()), (Some(followed(25)), 20), "what came later is read again");
    }

    #[test]
    fn a_milestone_is_found_from_any_position() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let mut index = Index::open(&folder, 10_000).unwrap();
        for number in 0..MILESTONE_EVERY * 2 + 1 {
            index.take(number * 10 + 5, &[]).unwrap();
            if number == 1 {
                index.reached(followed(15)).unwrap();
                index.write().unwrap();
            }
        }
        let at = |up_to| index.milestone(up_to).unwrap();
        assert_eq!(
            [at(4), at(5), at(10_004), at(10_005), at(u64::MAX)],
            [None, Some(5), Some(5), Some(10_005), Some(20_005)]
        );
    }
}
