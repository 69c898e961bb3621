//! Copying keys: all of them are told, and those of another keyring taken.

use async_trait::async_trait;
use uuid::Uuid;

use super::table::{self, Found};
use super::{PostgresKeyring, unavailable};
use crate::ports::{KeyCopying, KeyState, KeyringError, SecretKey};

#[async_trait]
impl KeyCopying for PostgresKeyring {
    async fn holders(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<(Uuid, KeyState)>, KeyringError> {
        let found = table::holders(&self.0.pool, after, limit).await.map_err(unavailable("reading keys"))?;
        let master = self.0.master.read();
        let opened = found.into_iter().map(|(holder, found)| match found {
            Found::Tombstone => Ok((holder, KeyState::Destroyed)),
            Found::Wrapped(wrapped) => match master.unwrap(holder, &wrapped) {
                Ok(key) => Ok((holder, KeyState::Live(key))),
                Err(_) => Err(KeyringError::WrongMasterKey { holder }),
            },
        });
        opened.collect()
    }

    async fn adopt(&self, keys: Vec<(Uuid, SecretKey)>) -> Result<(), KeyringError> {
        const DOING: &str = "storing keys";
        let master = self.0.master.read().clone();
        let wrap = |(holder, key): &(Uuid, SecretKey)| master.wrap(*holder, key);
        let wrapped: Result<Vec<Vec<u8>>, _> = keys.iter().map(wrap).collect();
        let broken = |_| KeyringError::Unavailable { doing: DOING, reason: "the cipher failed".to_owned() };
        let holders: Vec<Uuid> = keys.iter().map(|(holder, _)| *holder).collect();
        let adopted = table::adopt(&self.0.pool, &holders, &wrapped.map_err(broken)?, master.generation).await;
        match adopted.map_err(unavailable(DOING))? {
            true => Ok(()),
            false => Err(KeyringError::Unavailable {
                doing: DOING,
                reason: "another process has changed the master key: start again with the new one".to_owned(),
            }),
        }
    }
}
