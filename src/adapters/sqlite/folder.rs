//! The data folder, held by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::connect::OpenError;

/// A data folder that this process holds. Dropped with the last clone, or with the process, however it ends.
#[derive(Clone, Debug)]
pub struct DataFolder(Arc<Held>);

#[derive(Debug)]
struct Held {
    path: PathBuf,
    /// The lock lives as long as the file is open.
    lock: File,
}

impl DataFolder {
    /// Opens the folder, making it (mode 0700) if it does not exist, and takes its lock.
    ///
    /// # Errors
    /// [`OpenError::InUse`] while another process, or another store of this one, holds it; else what the file system
    /// says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let io = |doing| move |source| OpenError::Io { doing, path: path.to_owned(), source };
        make(path).map_err(io("making the data folder"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(io("opening the lock file of the data folder"))?;
        match lock.try_lock() {
            Ok(()) => {
                // Whatever an earlier holder said of itself is over.
                lock.set_len(0).map_err(io("emptying the lock file of the data folder"))?;
                Ok(DataFolder(Arc::new(Held { path: path.to_owned(), lock })))
            }
            Err(TryLockError::WouldBlock) => {
                let said = std::fs::read_to_string(path.join("lock")).unwrap_or_default();
                let served_at = Some(said.trim().to_owned()).filter(|address| !address.is_empty());
                Err(OpenError::InUse { folder: path.to_owned(), served_at })
            }
            Err(TryLockError::Error(source)) => Err(io("locking the data folder")(source)),
        }
    }

    /// Says where this process can be asked, for whoever finds the folder in use.
    ///
    /// # Errors
    /// The lock file can't be written.
    pub fn served_at(&self, address: &str) -> std::io::Result<()> {
        (&self.0.lock).write_all(address.as_bytes())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Flushes the names of its files.
    ///
    /// # Errors
    /// What the file system says.
    pub fn flush(&self) -> std::io::Result<()> {
        sync_folder(&self.0.path)
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path.join(name)
    }
}

/// Makes the folder so that its very name survives a power cut.
fn make(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(parent)
}

/// Flushes the names in a folder.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere a folder can't be opened for flushing, and the file system orders names itself.
#[cfg(not(unix))]
pub(super) fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_is_refused_by_name_and_free_again_once_let_go() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/dossier-data");
        let first = DataFolder::open(&path).unwrap();
        let second = first.clone();
        drop(first);
        let error = DataFolder::open(&path).unwrap_err().to_string();
        assert!(error.contains("dossier-data") && error.contains("stop it"), "{error}");
        second.served_at("http://127.0.0.1:7171").unwrap();
        let error = DataFolder::open(&path).unwrap_err().to_string();
        assert!(error.contains("which serves it at http://127.0.0.1:7171"), "{error}");
        drop(second);
        let third = DataFolder::open(&path).unwrap();
        assert!(!DataFolder::open(&path).unwrap_err().to_string().contains("http"));
        drop(third);
        DataFolder::open(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_new_folder_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path().join("data")).unwrap();
        let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
