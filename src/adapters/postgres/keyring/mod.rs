//! The keyring in Postgres: one random key a holder, wrapped by the master key, for several processes.
//!
//! A key is committed before it is handed out, so there is nothing to flush. Keys stay in memory, and what another
//! process destroyed is heard by asking every quarter of a second; memory is believed only while the last answer is
//! young. So no process serves a destroyed key for longer than a second, whatever becomes of its connection.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use parking_lot::RwLock;
use uuid::Uuid;

use self::table::{Found, RowTrouble};
use self::watch::Trust;
use super::Address;
use super::connect::{self, Trouble};
use crate::adapters::keys::cache::Cache;
use crate::adapters::keys::wrapping::Master;
use crate::adapters::sqlite::{MasterKey, OpenError};
use crate::ports::{KeyState, Keyring, KeyringError, SecretKey};
use crate::sealing::cipher;

mod copying;
mod table;
mod watch;

/// What the schema is called where an address does not say.
pub const SCHEMA: &str = "dossier_keys";

mod migrations {
    refinery::embed_migrations!("schemas/postgres/keyring");
}

/// A keyring in Postgres. Must be opened in a runtime, which it asks on while it lives.
pub struct PostgresKeyring(Arc<Keys>);

/// What the task that asks for destructions shares.
struct Keys {
    pool: Pool,
    cache: Cache,
    trust: Trust,
    master: RwLock<Master>,
}

impl PostgresKeyring {
    /// Opens the keyring of an address, making what is not there. Up to `cached` keys stay in memory, at about 100 bytes
    /// each, and are read ahead.
    ///
    /// # Errors
    /// [`OpenError::MasterKey`] if the master key is not the one that wrapped these keys; [`OpenError::Database`].
    pub async fn open(address: &Address, master: &MasterKey, cached: usize) -> Result<Self, OpenError> {
        let failed = |trouble: Trouble| OpenError::Database { place: address.to_string(), reason: trouble.to_string() };
        let pool = connect::pool(address).map_err(failed)?;
        let runner = migrations::migrations::runner();
        connect::migrate(&pool, address.schema(), &runner).await.map_err(failed)?;
        let known = table::recognise(&pool, master).await.map_err(failed)?;
        let known = known.ok_or_else(|| {
            OpenError::MasterKey(format!(
                "the master key does not open the keys in {address}: give the one that they were made with"
            ))
        })?;
        master.settle(&known.key)?;
        let (cache, trust) = (Cache::holding(cached), Trust::default());
        let keys = Arc::new(Keys { pool, cache, trust, master: RwLock::new(known) });
        let asked = keys.trust.asks();
        let last = table::last_destruction(&keys.pool).await.map_err(failed)?;
        keys.recall(cached).await.map_err(failed)?;
        keys.trust.heard(asked);
        watch::follow(&keys, last);
        Ok(PostgresKeyring(keys))
    }
}

impl Keys {
    /// Fills the memory: one pass over many costs less than a look-up for each. A key that the master key does not open
    /// is left out: whoever looks it up hears of it.
    async fn recall(&self, at_most: usize) -> Result<(), Trouble> {
        let (since, master) = (self.cache.epoch(), self.master.read().clone());
        let tell = |holder, found: &Found| match found {
            Found::Tombstone => self.cache.put(holder, &KeyState::Destroyed, since),
            Found::Wrapped(wrapped) => {
                if let Ok(key) = master.unwrap(holder, wrapped) {
                    self.cache.put(holder, &KeyState::Live(key), since);
                }
            }
        };
        table::each(&self.pool, at_most, tell).await
    }

    /// What memory says, as far as it can be believed. A tombstone always can.
    fn remembered(&self, holder: Uuid) -> Option<KeyState> {
        self.cache.get(holder).filter(|state| *state == KeyState::Destroyed || self.trust.is_young())
    }

    /// What the database says.
    async fn look_up(&self, holder: Uuid, doing: &'static str) -> Result<KeyState, KeyringError> {
        // Read again if the master key was changed between the row and its opening.
        for _ in 0..2 {
            let since = self.cache.epoch();
            let state = match table::find(&self.pool, holder).await.map_err(unavailable(doing))? {
                None => return Ok(KeyState::Missing),
                Some(Found::Tombstone) => KeyState::Destroyed,
                Some(Found::Wrapped(wrapped)) => match self.master.read().unwrap(holder, &wrapped) {
                    Ok(key) => KeyState::Live(key),
                    Err(_) => continue,
                },
            };
            self.cache.put(holder, &state, since);
            return Ok(state);
        }
        Err(KeyringError::WrongMasterKey { holder })
    }

    async fn create(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        const DOING: &str = "making a key";
        let found = self.look_up(holder, DOING).await?;
        if found != KeyState::Missing {
            return Ok(found);
        }
        let broken = |_| KeyringError::Unavailable { doing: DOING, reason: "the cipher failed".to_owned() };
        let key = cipher::random_key().map_err(broken)?;
        let (wrapped, generation) = {
            let master = self.master.read();
            (master.wrap(holder, &key).map_err(broken)?, master.generation)
        };
        // Of two who create, the second finds the first one's key.
        table::insert(&self.pool, holder, &wrapped, generation).await.map_err(unavailable(DOING))?;
        self.look_up(holder, DOING).await
    }
}

fn unavailable(doing: &'static str) -> impl Fn(Trouble) -> KeyringError {
    move |trouble| KeyringError::Unavailable { doing, reason: trouble.to_string() }
}

#[async_trait]
impl Keyring for PostgresKeyring {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        let state = match self.0.remembered(holder) {
            Some(state) => state,
            None => self.0.create(holder).await?,
        };
        match state {
            KeyState::Live(key) => Ok(key),
            KeyState::Destroyed => Err(KeyringError::Destroyed),
            KeyState::Missing => Err(KeyringError::Unavailable {
                doing: "making a key",
                reason: "another process has changed the master key: start again with the new one".to_owned(),
            }),
        }
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        match self.0.remembered(holder) {
            Some(state) => Ok(state),
            None => self.0.look_up(holder, "finding a key").await,
        }
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        self.0.remembered(holder)
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        table::destroy(&self.0.pool, holder).await.map_err(unavailable("destroying a key"))?;
        self.0.cache.destroy(holder);
        Ok(())
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        table::tombstones(&self.0.pool).await.map_err(unavailable("listing destroyed keys"))
    }

    async fn rewrap(&self, new: &SecretKey) -> Result<(), KeyringError> {
        let old = self.0.master.read().clone();
        let new = Master { key: new.clone(), generation: old.generation + 1 };
        match table::rewrap(&self.0.pool, &old, &new).await {
            Ok(()) => {
                *self.0.master.write() = new;
                Ok(())
            }
            Err(RowTrouble::WrongMasterKey(holder)) => Err(KeyringError::WrongMasterKey { holder }),
            Err(RowTrouble::Trouble(trouble)) => Err(unavailable("changing the master key")(trouble)),
        }
    }

    /// A key is committed before it is handed out.
    fn flush(&self) -> Result<(), KeyringError> {
        Ok(())
    }
}
