//! Snapshots of the directory as files of the data folder, each sealed with a key of its own.
//!
//! A snapshot may know somebody who is erased later. So its key is destroyed together with every contact's, durably and
//! before the erasure is answered. Its id stands in the name of its file, which is on the disk before the key is: whatever
//! a crash leaves behind, the key of every file is known and can be destroyed.

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

impl Snapshots {
    /// Those of a folder, as earlier processes left them.
    pub(super) fn of(folder: &DataFolder, keyring: &Arc<SqliteKeyring>) -> io::Result<Self> {
        let known = Mutex::new(BTreeSet::new());
        let snapshots = Snapshots { folder: folder.clone(), keyring: keyring.clone(), known };
        let (whole, broken_off) = (snapshots.named(WHOLE)?, snapshots.named(WRITING)?);
        snapshots.known.lock().extend(whole.into_iter().chain(broken_off));
        Ok(snapshots)
    }

    /// The ids in the names of files that end so.
    fn named(&self, ending: &str) -> io::Result<Vec<Uuid>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.folder.path())? {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_prefix(BEGINNING)?.strip_suffix(ending));
            found.extend(id.and_then(|id| Uuid::parse_str(id).ok()));
        }
        Ok(found)
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

    /// Begins a new one. From now on whoever erases destroys its key too.
    pub(super) async fn begin(&self) -> Result<Draft, SnapshotError> {
        let id = Uuid::new_v4();
        self.known.lock().insert(id);
        let file = File::create_new(self.file(id, WRITING))?;
        self.folder.flush()?;
        let key = self.keyring.create_if_absent(id).await?;
        Ok(Draft { id, file, key })
    }

    /// The draft is whole: it takes the place of every other one.
    pub(super) fn place(&self, draft: Draft) -> Result<(), SnapshotError> {
        draft.file.sync_all()?;
        self.keyring.flush()?;
        // Whoever erases waits meanwhile, and then finds it by either name.
        let mut known = self.known.lock();
        if !known.contains(&draft.id) {
            return Err(SnapshotError::NoKey);
        }
        let others: Vec<Uuid> = known.iter().copied().filter(|id| *id != draft.id).collect();
        self.keyring.destroy_all(&others)?;
        self.remove(&others);
        known.retain(|id| *id == draft.id);
        std::fs::rename(self.file(draft.id, WRITING), self.file(draft.id, WHOLE))?;
        self.folder.flush()?;
        Ok(())
    }

    /// Those that may have a key.
    fn known(&self) -> Vec<Uuid> {
        self.known.lock().iter().copied().collect()
    }

    /// Destroys the keys of all, and removes their files.
    pub(super) fn destroy_all(&self) -> Result<(), KeyringError> {
        let ids = self.known();
        if !ids.is_empty() {
            self.keyring.destroy_all(&ids)?;
            self.forget(&ids);
        }
        Ok(())
    }

    /// Destroys what was never finished.
    pub(super) fn destroy_unfinished(&self) -> Result<(), SnapshotError> {
        let ids = self.named(WRITING)?;
        if !ids.is_empty() {
            self.keyring.destroy_all(&ids)?;
            self.forget(&ids);
        }
        Ok(())
    }

    /// Their keys are destroyed.
    fn forget(&self, ids: &[Uuid]) {
        self.remove(ids);
        let mut known = self.known.lock();
        ids.iter().for_each(|id| _ = known.remove(id));
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
        let ids = if armed(Break::SnapshotsOutliveErasures) { Vec::new() } else { self.snapshots.known() };
        let holders: Vec<Uuid> = ids.iter().copied().chain([holder]).collect();
        self.keyring.destroy_all(&holders)?;
        self.snapshots.forget(&ids);
        Ok(())
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
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::adapters::sqlite::{KeyringOptions, MasterKey};

    fn keyring(folder: &DataFolder) -> Arc<SqliteKeyring> {
        let master = MasterKey::load(folder).unwrap();
        Arc::new(SqliteKeyring::open(folder, &master, KeyringOptions::default()).unwrap())
    }

    async fn placed(snapshots: &Snapshots, text: &[u8]) -> Uuid {
        let draft = snapshots.begin().await.unwrap();
        let id = draft.id;
        write(&draft, text);
        snapshots.place(draft).unwrap();
        id
    }

    fn write(draft: &Draft, text: &[u8]) {
        let mut writer = draft.writer().unwrap();
        writer.write_all(text).unwrap();
        writer.finish().unwrap();
    }

    async fn read(snapshots: &Snapshots) -> Option<String> {
        let id = snapshots.whole().unwrap()?;
        let mut text = String::new();
        snapshots.open(id).await.unwrap().read_to_string(&mut text).unwrap();
        Some(text)
    }

    fn files(folder: &DataFolder) -> usize {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(BEGINNING)).count()
    }

    #[tokio::test]
    async fn the_latest_is_found_by_the_next_process_and_every_other_key_is_destroyed() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let keyring = keyring(&folder);
        let snapshots = Snapshots::of(&folder, &keyring).unwrap();
        assert_eq!(read(&snapshots).await, None);
        let first = placed(&snapshots, b"first").await;
        placed(&snapshots, b"second").await;
        assert_eq!(keyring.find(first).await.unwrap(), KeyState::Destroyed);
        let next = Snapshots::of(&folder, &keyring).unwrap();
        assert_eq!((read(&next).await.as_deref(), files(&folder)), (Some("second"), 1));
    }

    #[tokio::test]
    async fn what_a_crash_left_half_written_is_destroyed_by_its_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let keyring = keyring(&folder);
        let snapshots = Snapshots::of(&folder, &keyring).unwrap();
        placed(&snapshots, b"whole").await;
        let draft = snapshots.begin().await.unwrap();
        write(&draft, b"half");
        keyring.flush().unwrap();
        let next = Snapshots::of(&folder, &keyring).unwrap();
        next.destroy_unfinished().unwrap();
        assert_eq!(keyring.find(draft.id).await.unwrap(), KeyState::Destroyed);
        assert_eq!((read(&next).await.as_deref(), files(&folder)), (Some("whole"), 1));
        assert!(matches!(next.place(draft), Err(SnapshotError::NoKey)));
    }

    #[tokio::test]
    async fn with_a_contacts_key_go_the_keys_and_files_of_all_snapshots_drafts_too() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let keyring = keyring(&folder);
        let snapshots = Arc::new(Snapshots::of(&folder, &keyring).unwrap());
        let guarded = WithSnapshots { keyring: keyring.clone(), snapshots: snapshots.clone() };
        let contact = Uuid::new_v4();
        guarded.create_if_absent(contact).await.unwrap();
        let whole = placed(&snapshots, b"whole").await;
        let draft = snapshots.begin().await.unwrap();
        guarded.destroy(contact).await.unwrap();
        for holder in [contact, whole, draft.id] {
            assert_eq!(keyring.find(holder).await.unwrap(), KeyState::Destroyed);
        }
        assert_eq!((read(&snapshots).await, files(&folder)), (None, 0));
        assert!(matches!(snapshots.place(draft), Err(SnapshotError::NoKey)), "it may know who was erased");
        assert_eq!(files(&folder), 0);
    }
}
