//! The master key: from the environment, or from a file that only its owner may read.

use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::connect::OpenError;
use super::folder::{DataFolder, sync_folder};
use super::keyring;
use crate::ports::{Keyring, SecretKey};
use crate::sealing::cipher;

/// The environment variable that holds the key instead of the file, or names another file as `@FILE`.
pub const VARIABLE: &str = "DOSSIER_MASTER_KEY";
/// Name of the file in the data folder.
pub const FILE: &str = "master.key";
/// Where the next key lies while the keys are being wrapped with it.
const NEXT: &str = "master.key.next";

/// The key that wraps all keys.
pub struct MasterKey {
    key: SecretKey,
    /// From a change of the key that was cut off: perhaps the keys are wrapped with this one already.
    next: Option<SecretKey>,
    source: Source,
}

/// Where a master key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From [`VARIABLE`].
    Environment,
    /// From a file that was there.
    File(PathBuf),
    /// Just made, into this file: whoever starts the store should be told to keep a copy elsewhere.
    Made(PathBuf),
}

impl MasterKey {
    /// The key of a folder: from the environment if it is given there, else from the folder's file, which is made if
    /// the folder holds no keys yet.
    ///
    /// # Errors
    /// [`OpenError::MasterKey`]: it is no key, or others may read the file, or there are keys and no file.
    pub fn load(folder: &DataFolder) -> Result<Self, OpenError> {
        Self::given_or_kept(environment(), folder)
    }

    /// The key that the environment gives, if it gives one.
    ///
    /// # Errors
    /// It is no key.
    pub fn given() -> Result<Option<Self>, OpenError> {
        environment().map(Self::read).transpose()
    }

    /// As [`MasterKey::load`], with what the environment says as an argument.
    ///
    /// # Errors
    /// As [`MasterKey::load`].
    pub fn given_or_kept(given: Option<String>, folder: &DataFolder) -> Result<Self, OpenError> {
        if let Some(text) = given {
            return Self::read(text);
        }
        let file = folder.file(FILE);
        if let Some(key) = read(&file)? {
            return Ok(MasterKey { key, next: read(&folder.file(NEXT))?, source: Source::File(file) });
        }
        if folder.file(keyring::FILE).exists() {
            return Err(refused(format!(
                "{} is missing, and the keys of this folder can't be opened without it: put the file back, or set \
                 {VARIABLE}",
                file.display()
            )));
        }
        let key = cipher::random_key().map_err(|_| refused("the system's random source failed".into()))?;
        write(folder, FILE, &key)?;
        Ok(MasterKey { key, next: None, source: Source::Made(file) })
    }

    /// The key in what the environment says, or in the file that it names.
    fn read(text: String) -> Result<Self, OpenError> {
        let text = Zeroizing::new(text);
        let key = match text.strip_prefix('@') {
            None => parse(&text).ok_or_else(|| refused(format!("{VARIABLE} is {NOT_A_KEY}")))?,
            Some(file) => named(Path::new(file))?,
        };
        Ok(MasterKey { key, next: None, source: Source::Environment })
    }

    /// Where it came from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    pub(in crate::adapters) fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The keys that may be the one in use.
    pub(in crate::adapters) fn candidates(&self) -> impl IntoIterator<Item = &SecretKey> {
        std::iter::once(&self.key).chain(&self.next)
    }

    /// The keyring knows this key: finishes or takes back a change that was cut off.
    pub(in crate::adapters) fn settle(&self, known: &SecretKey) -> Result<(), OpenError> {
        let (Some(next), Source::File(file)) = (&self.next, &self.source) else {
            return Ok(());
        };
        let waiting = file.with_file_name(NEXT);
        let done = if next == known { std::fs::rename(&waiting, file) } else { std::fs::remove_file(&waiting) };
        done.map_err(|source| OpenError::Io { doing: "finishing the change of", path: file.clone(), source })
    }
}

/// Makes a new master key, wraps every key of a keyring with it, and puts it into the folder's file. Cut off at any
/// point, the next start finds either the old key or the new one in use. Keep a copy of the new file elsewhere.
///
/// # Errors
/// The keys are still wrapped with the old key, or the new file only has to be renamed, which the next start does.
pub async fn rotate(folder: &DataFolder, keyring: &dyn Keyring) -> Result<(), OpenError> {
    let key = cipher::random_key().map_err(|_| refused("the system's random source failed".into()))?;
    write(folder, NEXT, &key)?;
    keyring.rewrap(&key).await.map_err(|error| refused(error.to_string()))?;
    let file = folder.file(FILE);
    std::fs::rename(folder.file(NEXT), &file)
        .and_then(|()| sync_folder(folder.path()))
        .map_err(|source| OpenError::Io { doing: "putting the new key into", path: file, source })
}

const NOT_A_KEY: &str = "not a master key: 32 bytes in hexadecimal or base64 are expected";

fn environment() -> Option<String> {
    std::env::var_os(VARIABLE).map(|text| text.into_string().unwrap_or_default())
}

fn refused(reason: String) -> OpenError {
    OpenError::MasterKey(reason)
}

/// 32 bytes in hexadecimal or base64 of any alphabet.
fn parse(text: &str) -> Option<SecretKey> {
    let text = text.trim();
    let bytes = hex::decode(text)
        .ok()
        .or_else(|| {
            [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().find_map(|form| form.decode(text).ok())
        })
        .map(Zeroizing::new)?;
    bytes.as_slice().try_into().ok().map(SecretKey)
}

/// The key in a file outside of the folder. Who may read that is up to whoever put it there: containers and services
/// are handed it in ways of their own.
fn named(file: &Path) -> Result<SecretKey, OpenError> {
    let io = |source| OpenError::Io { doing: "reading", path: file.to_owned(), source };
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(io)?);
    parse(&text).ok_or_else(|| refused(format!("{} is {NOT_A_KEY}", file.display())))
}

/// The key in a file; `None` if there is no file.
fn read(file: &Path) -> Result<Option<SecretKey>, OpenError> {
    let io = |source| OpenError::Io { doing: "reading", path: file.to_owned(), source };
    match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(metadata) => check_owner_only(file, &metadata)?,
    }
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(io)?);
    parse(&text).map(Some).ok_or_else(|| refused(format!("{} is {NOT_A_KEY}", file.display())))
}

#[cfg(unix)]
fn check_owner_only(file: &Path, metadata: &std::fs::Metadata) -> Result<(), OpenError> {
    use std::os::unix::fs::PermissionsExt;

    if metadata.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let file = file.display();
    Err(refused(format!("{file} can be read by others than its owner: run `chmod 600 {file}` and consider a new key")))
}

/// Elsewhere the folder's own rights decide.
#[cfg(not(unix))]
fn check_owner_only(_file: &Path, _metadata: &std::fs::Metadata) -> Result<(), OpenError> {
    Ok(())
}

/// Writes a key into a file of the folder, whole or not at all.
fn write(folder: &DataFolder, name: &str, key: &SecretKey) -> Result<(), OpenError> {
    let (file, draft) = (folder.file(name), folder.file(&format!("{name}.draft")));
    let write = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open = options.open(&draft)?;
        open.write_all(Zeroizing::new(hex::encode(key.0) + "\n").as_bytes())?;
        open.sync_all()?;
        std::fs::rename(&draft, &file)?;
        sync_folder(folder.path())
    };
    write().map_err(|source| OpenError::Io { doing: "writing", path: file.clone(), source })
}
