//! Keys in a map.

use std::collections::HashMap;

use async_trait::async_trait;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::ports::{KeyState, Keyring, KeyringError, SecretKey};
use crate::sealing::cipher;

/// A keyring in memory.
#[derive(Default)]
pub struct MemoryKeyring {
    keys: Mutex<HashMap<Uuid, KeyState>>,
}

#[async_trait]
impl Keyring for MemoryKeyring {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        let mut keys = self.keys.lock();
        match keys.get(&holder) {
            Some(KeyState::Live(key)) => Ok(key.clone()),
            Some(KeyState::Destroyed) => Err(KeyringError::Destroyed),
            Some(KeyState::Missing) | None => {
                let key = cipher::random_key().map_err(|_| KeyringError::Unavailable {
                    doing: "making a key",
                    reason: "no randomness".to_owned(),
                })?;
                keys.insert(holder, KeyState::Live(key.clone()));
                Ok(key)
            }
        }
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        Ok(self.keys.lock().get(&holder).cloned().unwrap_or(KeyState::Missing))
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        Some(self.keys.lock().get(&holder).cloned().unwrap_or(KeyState::Missing))
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        self.keys.lock().insert(holder, KeyState::Destroyed);
        Ok(())
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        let keys = self.keys.lock();
        Ok(keys.iter().filter(|(_, state)| **state == KeyState::Destroyed).map(|(holder, _)| *holder).collect())
    }

    /// Nothing is wrapped here.
    async fn rewrap(&self, _: &SecretKey) -> Result<(), KeyringError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), KeyringError> {
        Ok(())
    }
}
