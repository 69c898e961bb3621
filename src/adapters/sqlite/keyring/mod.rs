//! The keyring in a SQLite file of its own: one random key a holder, wrapped by the master key.
//!
//! New keys are handed out at once and become durable with the next [`Keyring::flush`], which the log calls before it
//! commits: so a key is durable before any event that it seals, and a thousand keys cost one flush. A destroyed key is
//! overwritten where it lies, and the write-ahead log cut off, before the destruction is answered (rules 18, 19).

mod ahead;
mod copying;
mod table;

use std::collections::HashMap;
use std::sync::OnceLock;

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use self::ahead::Calls;
pub use self::ahead::FlushAhead;
use self::table::{Found, Table, Trouble};
use super::super::keys::cache::Cache;
use super::super::keys::wrapping::Master;
use super::connect::{OpenError, Place, Synchronous};
use super::folder::DataFolder;
use super::master_key::MasterKey;
use super::pool::Pool;
use crate::ports::{KeyState, Keyring, KeyringError, SecretKey};
use crate::sealing::cipher;

/// Name of the file in the data folder.
pub const FILE: &str = "keys.db";
const STORING: &str = "storing keys";

/// What may be chosen about a keyring.
pub struct Options {
    /// Keys kept in memory, at about 100 bytes each.
    pub cached: usize,
    /// Read connections. At least 1.
    pub readers: usize,
    /// As in the event store's options.
    pub synchronous: Synchronous,
    /// A registered SQLite VFS other than the default one.
    pub vfs: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { cached: 1 << 20, readers: 2, synchronous: Synchronous::Full, vfs: None }
    }
}

/// The embedded keyring.
pub struct SqliteKeyring {
    cache: Cache,
    /// Handed out, and not yet durable.
    staged: Mutex<HashMap<Uuid, SecretKey>>,
    /// Held by whoever writes, from the first look to the last change in memory.
    table: Mutex<Table>,
    readers: Pool,
    master: RwLock<Master>,
    calls: Calls,
    /// Why a flush failed: what the file holds is then known only after opening it anew, so none is tried again.
    failure: OnceLock<String>,
    _folder: DataFolder,
}

impl SqliteKeyring {
    /// Opens the keyring of a folder, making it if there is none.
    ///
    /// # Errors
    /// [`OpenError::MasterKey`] if the master key is not the one that wrapped these keys.
    pub fn open(folder: &DataFolder, master: &MasterKey, options: Options) -> Result<Self, OpenError> {
        let place = Place { file: folder.file(FILE), vfs: options.vfs, synchronous: options.synchronous };
        let (table, master) = Table::open(&place, master)?;
        let keyring = SqliteKeyring {
            cache: Cache::holding(options.cached),
            staged: Mutex::default(),
            table: Mutex::new(table),
            readers: Pool::open(&place, options.readers)?,
            master: RwLock::new(master),
            calls: Calls::default(),
            failure: OnceLock::new(),
            _folder: folder.clone(),
        };
        keyring.recall(options.cached);
        Ok(keyring)
    }

    /// Fills the memory with the newest keys: one pass over many costs less than a look-up for each.
    fn recall(&self, at_most: usize) {
        let since = self.cache.epoch();
        let tell = |holder, state: &KeyState| self.cache.put(holder, state, since);
        // Whoever needs a key will look it up, and hear what is wrong.
        if let Err(trouble) = table::newest(&self.readers.get(), &self.master.read(), at_most, tell) {
            tracing::warn!(?trouble, "keys can't be read ahead");
        }
    }

    /// Wraps every key anew with another master key, in one transaction; afterwards only that one opens them. Nothing
    /// else changes: neither the keys nor anything sealed with them.
    ///
    /// # Errors
    /// Nothing has changed.
    pub fn rotate(&self, new: &SecretKey) -> Result<(), KeyringError> {
        self.change_master(new).map_err(|trouble| trouble.while_doing("changing the master key"))
    }

    fn change_master(&self, new: &SecretKey) -> Result<(), Trouble> {
        let mut table = self.table.lock();
        let old = self.master.read().clone();
        let new = Master { key: new.clone(), generation: old.generation + 1 };
        let transaction = table.rewrap(&old, &new)?;
        // Nobody may read a row by the one key and open it with the other.
        let mut master = self.master.write();
        transaction.commit()?;
        *master = new;
        drop(master);
        // A failure here leaves only keys of the old generation behind, and the next destruction removes them.
        if let Err(trouble) = table.cut_off() {
            tracing::warn!(?trouble, "keys wrapped with the old master key are left in the write-ahead log");
        }
        Ok(())
    }

    /// Destroys many keys with one flush; as [`Keyring::destroy`].
    ///
    /// # Errors
    /// As [`Keyring::destroy`]; any of the keys may still exist.
    pub fn destroy_all(&self, holders: &[Uuid]) -> Result<(), KeyringError> {
        const DOING: &str = "destroying keys";
        let mut table = self.table.lock();
        table.destroy(holders).map_err(|trouble| trouble.while_doing(DOING))?;
        for holder in holders {
            self.cache.destroy(*holder);
            self.staged.lock().remove(holder);
        }
        table.cut_off().map_err(|trouble| trouble.while_doing(DOING))
    }

    /// Keeps a key, durably when this returns, for a holder whose id is new and will be [`SqliteKeyring::discard`]ed: a
    /// file, for instance. It takes the place of one that was.
    ///
    /// # Errors
    /// The key may be stored or not; nothing else has changed.
    pub fn keep(&self, holder: Uuid, key: &SecretKey) -> Result<(), KeyringError> {
        let mut table = self.table.lock();
        self.must_be_sound()?;
        table.put(&self.master.read(), holder, key).map_err(|trouble| self.fails(trouble))
    }

    /// Destroys keys that were kept, without tombstones: nobody may ever ask for their holders again, nor make them
    /// keys. Whoever has none is passed over.
    ///
    /// # Errors
    /// Any of the keys may still exist.
    pub fn discard(&self, holders: &[Uuid]) -> Result<(), KeyringError> {
        const DOING: &str = "discarding keys";
        let mut table = self.table.lock();
        if !table.vacate(holders).map_err(|trouble| trouble.while_doing(DOING))? {
            return Ok(());
        }
        holders.iter().for_each(|holder| self.cache.destroy(*holder));
        table.cut_off().map_err(|trouble| trouble.while_doing(DOING))
    }

    fn must_be_sound(&self) -> Result<(), KeyringError> {
        match self.failure.get() {
            Some(reason) => Err(KeyringError::Unavailable { doing: STORING, reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// Keys could not be stored.
    fn fails(&self, trouble: Trouble) -> KeyringError {
        let error = trouble.while_doing(STORING);
        let _ = self.failure.set(error.to_string());
        error
    }

    /// What the file says.
    fn look_up(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        let master = self.master.read();
        let since = self.cache.epoch();
        let found = table::find(&self.readers.get(), holder).map_err(|trouble| trouble.while_doing("finding a key"))?;
        let state = match found {
            Found::Nothing => return Ok(KeyState::Missing),
            Found::Tombstone => KeyState::Destroyed,
            Found::Wrapped(bytes) => {
                KeyState::Live(master.unwrap(holder, &bytes).map_err(|_| KeyringError::WrongMasterKey { holder })?)
            }
        };
        self.cache.put(holder, &state, since);
        Ok(state)
    }

    fn create(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        // Locked until the end: of two who create, the second finds the first one's key. What is not staged was
        // never made, or is in the file by now.
        let mut staged = self.staged.lock();
        if let Some(key) = staged.get(&holder) {
            return Ok(key.clone());
        }
        let since = self.cache.epoch();
        match self.look_up(holder)? {
            KeyState::Live(key) => Ok(key),
            KeyState::Destroyed => Err(KeyringError::Destroyed),
            KeyState::Missing => {
                let key = cipher::random_key().map_err(|_| Trouble::Cipher.while_doing("making a key"))?;
                staged.insert(holder, key.clone());
                self.cache.put(holder, &KeyState::Live(key.clone()), since);
                drop(staged);
                self.calls.call();
                Ok(key)
            }
        }
    }
}

#[async_trait]
impl Keyring for SqliteKeyring {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        match self.cache.get(holder) {
            Some(KeyState::Live(key)) => Ok(key),
            Some(KeyState::Destroyed) => Err(KeyringError::Destroyed),
            Some(KeyState::Missing) | None => self.create(holder),
        }
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        if let Some(state) = self.cache.get(holder) {
            return Ok(state);
        }
        let staged = self.staged.lock().get(&holder).cloned();
        staged.map_or_else(|| self.look_up(holder), |key| Ok(KeyState::Live(key)))
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        self.cache.get(holder)
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        self.destroy_all(&[holder])
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        table::tombstones(&self.readers.get()).map_err(|trouble| trouble.while_doing("listing destroyed keys"))
    }

    async fn rewrap(&self, new: &SecretKey) -> Result<(), KeyringError> {
        self.rotate(new)
    }

    fn flush(&self) -> Result<(), KeyringError> {
        // The table first: whoever is flushing already has taken keys that must be durable when this returns.
        let mut table = self.table.lock();
        let taken: Vec<(Uuid, SecretKey)> =
            self.staged.lock().iter().map(|(holder, key)| (*holder, key.clone())).collect();
        if taken.is_empty() {
            return Ok(());
        }
        self.must_be_sound()?;
        table.insert(&self.master.read(), &taken).map_err(|trouble| self.fails(trouble))?;
        let mut staged = self.staged.lock();
        taken.iter().for_each(|(holder, _)| _ = staged.remove(holder));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
