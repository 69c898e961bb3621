//! A projection made anew in a folder of its own beside the living files, whose file then takes the living one's place.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;

use super::super::connect::beside;
use super::file::{Journal, failed_by};
use super::rows::Rows;
use super::{SqliteReadStore, file_of};
use crate::ports::read_store::{Beside, Projection, ReadError, ReadStore};
use crate::sealing::{Codec, Marks};

/// What folders of read models begin with that are only needed while something is compared or rebuilt.
const SCRATCH: &str = "scratch-";

/// A store in a folder that goes when this is dropped. Whatever lies in it is sealed as the living files are.
pub(super) struct Scratch {
    living: SqliteReadStore,
    projection: Projection,
    fresh: Arc<SqliteReadStore>,
    folder: TempDir,
}

impl Scratch {
    /// Makes an empty one.
    pub(super) fn make(living: SqliteReadStore, projection: Projection) -> Result<Self, ReadError> {
        let (fresh, folder) = SqliteReadStore::scratch(&living.folder, living.codec.clone(), living.marks.clone())?;
        Ok(Scratch { living, projection, fresh: Arc::new(fresh), folder })
    }
}

#[async_trait]
impl Beside for Scratch {
    fn store(&self) -> Arc<dyn ReadStore> {
        self.fresh.clone()
    }

    async fn swap(self: Box<Self>) -> Result<(), ReadError> {
        let Scratch { living, projection, fresh, folder } = *self;
        let Some(fresh) = Arc::into_inner(fresh) else {
            let reason = "it is in use before it serves".to_owned();
            return Err(ReadError::Unavailable { doing: SWAPPING, reason });
        };
        living.take(projection, fresh)?;
        drop(folder);
        Ok(())
    }

    async fn discard(self: Box<Self>) -> Result<(), ReadError> {
        let Scratch { fresh, folder, .. } = *self;
        drop(fresh);
        folder.close().map_err(|error| failed_by("removing a scratch folder", &error))
    }
}

impl SqliteReadStore {
    /// Puts the file of a projection that was rebuilt in another folder in the place of the living one.
    fn take(&self, projection: Projection, rebuilt: SqliteReadStore) -> Result<(), ReadError> {
        let from = rebuilt.file(projection);
        from.checkpoint_file()?;
        let from_path = from.path().to_owned();
        drop(from);
        drop(rebuilt);
        let mut living = self.files[projection as usize].write();
        let path = file_of(&self.folder, projection);
        living.checkpoint_file()?;
        std::fs::rename(&from_path, &path).map_err(|error| failed_by(SWAPPING, &error))?;
        for side in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&path, side));
        }
        *living = Arc::new(Rows::open(&path, super::form_of(projection), Journal::WriteAhead)?);
        Ok(())
    }

    /// An empty store in a folder of its own below another one; it goes with the second of the two.
    ///
    /// # Errors
    /// The folder can't be made.
    pub(in crate::adapters) fn scratch(
        below: &Path,
        codec: Arc<Codec>,
        marks: Arc<Marks>,
    ) -> Result<(Self, TempDir), ReadError> {
        let made = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(below);
        let folder = made.map_err(|error| failed_by("making a scratch folder", &error))?;
        Ok((SqliteReadStore::open_with(folder.path(), codec, marks, Journal::None)?, folder))
    }

    /// Removes scratch folders that a process left behind which was killed; for whoever holds the data folder.
    pub fn clear_scratch(folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(SCRATCH)) {
            if let Err(error) = std::fs::remove_dir_all(entry.path()) {
                tracing::warn!(%error, "a scratch folder of an earlier run stays behind");
            }
        }
    }
}

const SWAPPING: &str = "swapping a rebuilt read model in";
