//! Keys by themselves, without the log and read models of a house: for copying them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::snapshots;
use crate::adapters::postgres::{Address, AddressError, PostgresKeyring, keyring as postgres};
use crate::adapters::sqlite::master_key::Source;
use crate::adapters::sqlite::{DataFolder, KeyringOptions, MasterKey, OpenError, SqliteKeyring, keyring};
use crate::copying::{CopiedKeys, KeyCopyError, copy_keys};
use crate::ports::KeyCopying;

/// Where keys are.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    /// In a data folder.
    Folder(PathBuf),
    /// In a database.
    Database(Box<Address>),
}

/// Why keys are not copied.
#[derive(Debug, thiserror::Error)]
pub enum KeysNotCopied {
    /// A keyring can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There are none.
    #[error("there are no keys in {}: name the data folder that holds them with --from", .0.display())]
    NoKeys(PathBuf),
    /// Nobody says what wraps them.
    #[error("neither place is a data folder: set DOSSIER_MASTER_KEY to the master key, or to @FILE")]
    NoMasterKey,
    /// They can't be copied.
    #[error(transparent)]
    Copy(#[from] KeyCopyError),
}

impl KeyPlace {
    /// A data folder, or what is written like an address.
    ///
    /// # Errors
    /// The address is not one.
    pub fn read(text: &str) -> Result<Self, AddressError> {
        match text.contains("://") {
            true => Address::parse(text, postgres::SCHEMA).map(Box::new).map(KeyPlace::Database),
            false => Ok(KeyPlace::Folder(text.into())),
        }
    }

    /// Copies the keys that are here to another place, each wrapped with the master key of its place: that of the
    /// environment, or of the data folder; a database has that of the folder on the other side.
    ///
    /// Answers what came of it, and the file of the master key that was made for the other place, if one was.
    ///
    /// # Errors
    /// See [`KeysNotCopied`].
    pub async fn copy_to(&self, other: &KeyPlace) -> Result<(CopiedKeys, Option<PathBuf>), KeysNotCopied> {
        if let KeyPlace::Folder(path) = self
            && !path.join(keyring::FILE).is_file()
        {
            return Err(KeysNotCopied::NoKeys(path.clone()));
        }
        let (here, there) = (self.taken()?, other.taken()?);
        let (from, _) = here.keyring(&there).await?;
        let (to, source) = there.keyring(&here).await?;
        // A snapshot of the index is left behind, and its key with it.
        let snapshots = match &here {
            Taken::Folder(folder) => snapshots::holders(folder).map_err(|source| unread(folder, source))?,
            Taken::Database(_) => BTreeSet::new(),
        };
        let copied = copy_keys(&*from, &*to, &snapshots).await?;
        let made = match source {
            Source::Made(file) => Some(file),
            Source::Environment | Source::File(_) => None,
        };
        Ok((copied, made))
    }

    fn taken(&self) -> Result<Taken<'_>, OpenError> {
        Ok(match self {
            KeyPlace::Folder(path) => Taken::Folder(DataFolder::open(path)?),
            KeyPlace::Database(address) => Taken::Database(address),
        })
    }
}

/// A place that no other process uses, as far as that can be seen to.
enum Taken<'p> {
    Folder(DataFolder),
    Database(&'p Address),
}

impl Taken<'_> {
    fn folder(&self) -> Option<&DataFolder> {
        match self {
            Taken::Folder(folder) => Some(folder),
            Taken::Database(_) => None,
        }
    }

    async fn keyring(&self, other: &Taken<'_>) -> Result<(Box<dyn KeyCopying>, Source), KeysNotCopied> {
        let master = match self.folder().or(other.folder()) {
            Some(folder) => MasterKey::load(folder)?,
            None => MasterKey::given()?.ok_or(KeysNotCopied::NoMasterKey)?,
        };
        let options = KeyringOptions::default();
        let keyring: Box<dyn KeyCopying> = match self {
            Taken::Folder(folder) => Box::new(SqliteKeyring::open(folder, &master, options)?),
            Taken::Database(address) => Box::new(PostgresKeyring::open(address, &master, options.cached).await?),
        };
        Ok((keyring, master.source().clone()))
    }
}

fn unread(folder: &DataFolder, source: std::io::Error) -> OpenError {
    OpenError::Io { doing: "reading the names in", path: folder.path().to_owned(), source }
}
