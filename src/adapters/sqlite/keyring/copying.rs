//! Copying keys: all of them are told, and those of another keyring taken.

use async_trait::async_trait;
use uuid::Uuid;

use super::{SqliteKeyring, table};
use crate::ports::{KeyCopying, KeyState, KeyringError, SecretKey};

#[async_trait]
impl KeyCopying for SqliteKeyring {
    async fn holders(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<(Uuid, KeyState)>, KeyringError> {
        let master = self.master.read();
        let told = table::holders(&self.readers.get(), &master, after, limit);
        told.map_err(|trouble| trouble.while_doing("reading keys"))
    }

    async fn adopt(&self, keys: Vec<(Uuid, SecretKey)>) -> Result<(), KeyringError> {
        let mut table = self.table.lock();
        self.must_be_sound()?;
        table.insert(&self.master.read(), &keys).map_err(|trouble| self.fails(trouble))
    }
}
