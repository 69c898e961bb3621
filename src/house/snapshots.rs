//! Snapshots of the directory as files of the data folder, each sealed with a key of its own.
//!
//! A snapshot may know somebody who is erased later. So its key is destroyed together with every contact's, durably and
//! before the erasure is answered. While it is written its key is in memory alone. Its id stands in the name of its
//! file, which is on the disk before the key is: whatever a crash leaves behind, the key of every file is known and can
//! be destroyed.
//!
//! A key that is destroyed leaves no tombstone. That is safe since an id is random, made for one file and never asked
//! for again once that is gone: nobody could come to make it another key. And a file that outlived its key, in a copy
//! of the folder too, is of no use without one, whether the keyring says destroyed or does not know it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use dossier_domain::sabotage::{Break, armed};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::adapters::sqlite::{DataFolder, SqliteKeyring};
use crate::app::AppError;
use crate::ports::{KeyState, Keyring, KeyringError, SecretKey};
use crate::sealing::chunks::{SealedReader, SealedWriter};
use crate::sealing::cipher;

/// What files of snapshots begin with; the id follows.
const BEGINNING: &str = "index-";
/// What the name of a whole one ends with,
const WHOLE: &str = ".snapshot";
/// and that of one that is being written.
const WRITING: &str = ".writing";

/// A snapshot can't be written or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    /// The file system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Its key was destroyed, since somebody was erased; or the keyring is another one.
    #[error("its key is gone")]
    NoKey,
}

/// The snapshots of a data folder.
pub(super) struct Snapshots {
    folder: DataFolder,
    keyring: Arc<SqliteKeyring>,
    /// Those that may have a key. Whoever erases destroys the keys of all of them.
    known: Mutex<BTreeSet<Uuid>>,
}

/// A snapshot that is being written.
pub(super) struct Draft {
    id: Uuid,
    file: File,
    key: SecretKey,
}

impl Draft {
    /// Where it is written to.
    pub(super) fn writer(&self) -> io::Result<SealedWriter<File>> {
        Ok(SealedWriter::new(self.file.try_clone()?, self.key.clone(), self.id))
    }
}

fn named(folder: &DataFolder, ending: &str) -> io::Result<Vec<Uuid>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.path())? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(BEGINNING)?.strip_suffix(ending));
        found.extend(id.and_then(|id| Uuid::parse_str(id).ok()));
    }
    Ok(found)
}

/// Under which ids the snapshots of a folder may have keys.
pub(super) fn holders(folder: &DataFolder) -> io::Result<BTreeSet<Uuid>> {
    let (whole, broken_off) = (named(folder, WHOLE)?, named(folder, WRITING)?);
    Ok(whole.into_iter().chain(broken_off).collect())
}

impl Snapshots {
    /// Those of a folder, as earlier processes left them.
    pub(super) fn of(folder: &DataFolder, keyring: &Arc<SqliteKeyring>) -> io::Result<Self> {
        let known = Mutex::new(holders(folder)?);
        Ok(Snapshots { folder: folder.clone(), keyring: keyring.clone(), known })
    }

    /// The ids in the names of files that end so.
    fn named(&self, ending: &str) -> io::Result<Vec<Uuid>> {
        named(&self.folder, ending)
    }

    fn file(&self, id: Uuid, ending: &str) -> PathBuf {
        self.folder.file(&format!("{BEGINNING}{}{ending}", id.simple()))
    }

    /// The whole snapshot that is there. There is at most one with a key.
    pub(super) fn whole(&self) -> io::Result<Option<Uuid>> {
        Ok(self.named(WHOLE)?.into_iter().find(|id| self.known.lock().contains(id)))
    }

    /// Opens a whole snapshot.
    pub(super) async fn open(&self, id: Uuid) -> Result<SealedReader<File>, SnapshotError> {
        let KeyState::Live(key) = self.keyring.find(id).await? else { return Err(SnapshotError::NoKey) };
        Ok(SealedReader::new(File::open(self.file(id, WHOLE))?, &key, id)?)
    }

    /// Begins a new one. From now on whoever erases sees to it that it never becomes whole.
    pub(super) fn begin(&self) -> Result<Draft, SnapshotError> {
        let key = cipher::random_key().map_err(|_| io::Error::other("the system's random source failed"))?;
        let id = Uuid::new_v4();
        self.known.lock().insert(id);
        let file = File::create_new(self.file(id, WRITING))?;
        self.folder.flush()?;
        Ok(Draft { id, file, key })
    }

    /// The draft is whole: it takes the place of every other one.
    pub(super) fn place(&self, draft: Draft) -> Result<(), SnapshotError> {
        draft.file.sync_all()?;
        // Whoever erases waits meanwhile, and then finds it by either name.
        let mut known = self.known.lock();
        if !known.contains(&draft.id) {
            return Err(SnapshotError::NoKey);
        }
        let others: Vec<Uuid> = known.iter().copied().filter(|id| *id != draft.id).collect();
        self.discard(&mut known, &others)?;
        self.keyring.keep(draft.id, &draft.key)?;
        std::fs::rename(self.file(draft.id, WRITING), self.file(draft.id, WHOLE))?;
        self.folder.flush()?;
        Ok(())
    }

    /// Destroys the keys of all, and removes their files.
    pub(super) fn destroy_all(&self) -> Result<(), KeyringError> {
        let mut known = self.known.lock();
        let ids: Vec<Uuid> = known.iter().copied().collect();
        self.discard(&mut known, &ids)
    }

    /// Destroys what was never finished.
    pub(super) fn destroy_unfinished(&self) -> Result<(), SnapshotError> {
        let mut known = self.known.lock();
        let ids = self.named(WRITING)?;
        Ok(self.discard(&mut known, &ids)?)
    }

    /// Destroys the keys of some, and removes their files.
    fn discard(&self, known: &mut BTreeSet<Uuid>, ids: &[Uuid]) -> Result<(), KeyringError> {
        if !ids.is_empty() {
            self.keyring.discard(ids)?;
            self.remove(ids);
            ids.iter().for_each(|id| _ = known.remove(id));
        }
        Ok(())
    }

    /// Removes files. What stays behind can't be read any more, and is removed at the next start.
    fn remove(&self, ids: &[Uuid]) {
        // In the order of their lives: a draft that becomes whole meanwhile is met by one name or by the other.
        for file in ids.iter().flat_map(|id| [WRITING, WHOLE].map(|ending| self.file(*id, ending))) {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, "a snapshot whose key is destroyed stays behind");
                }
                _ => {}
            }
        }
    }
}

/// The keyring as the application has it: with the key of a contact go those of all snapshots, which may know the contact.
pub(super) struct WithSnapshots {
    pub(super) keyring: Arc<SqliteKeyring>,
    pub(super) snapshots: Arc<Snapshots>,
}

#[async_trait]
impl Keyring for WithSnapshots {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        self.keyring.create_if_absent(holder).await
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        self.keyring.find(holder).await
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        self.keyring.at_hand(holder)
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        if !armed(Break::SnapshotsOutliveErasures) {
            self.snapshots.destroy_all()?;
        }
        self.keyring.destroy(holder).await
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        self.keyring.destroyed().await
    }

    async fn rewrap(&self, new: &SecretKey) -> Result<(), KeyringError> {
        self.keyring.rewrap(new).await
    }

    fn flush(&self) -> Result<(), KeyringError> {
        self.keyring.flush()
    }
}

impl WithSnapshots {
    /// A keyring that destroys the keys of a folder's snapshots with every contact's.
    pub(super) fn of(folder: &DataFolder, keyring: Arc<SqliteKeyring>) -> Result<Self, AppError> {
        let snapshots = Snapshots::of(folder, &keyring).map_err(|error| AppError::Unavailable(error.to_string()))?;
        Ok(WithSnapshots { keyring, snapshots: Arc::new(snapshots) })
    }
}

#[cfg(test)]
mod tests;
