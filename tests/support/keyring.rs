//! A keyring whose keys follow from their holders, so that a run can be repeated to the byte of every key.

use std::collections::BTreeSet;

use async_trait::async_trait;
use dossier::ports::{KeyState, Keyring, KeyringError, SecretKey};
use parking_lot::Mutex;
use uuid::Uuid;

/// Which keys were made, and which destroyed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keys {
    pub made: BTreeSet<Uuid>,
    pub destroyed: BTreeSet<Uuid>,
}

#[derive(Default)]
pub struct TestKeyring {
    keys: Mutex<Keys>,
}

impl TestKeyring {
    pub fn of(keys: Keys) -> Self {
        TestKeyring { keys: Mutex::new(keys) }
    }

    pub fn keys(&self) -> Keys {
        self.keys.lock().clone()
    }

    fn state(&self, holder: Uuid) -> KeyState {
        let keys = self.keys.lock();
        match (keys.destroyed.contains(&holder), keys.made.contains(&holder)) {
            (true, _) => KeyState::Destroyed,
            (false, true) => KeyState::Live(key_of(holder)),
            (false, false) => KeyState::Missing,
        }
    }
}

fn key_of(holder: Uuid) -> SecretKey {
    let mut key = [0x5a; 32];
    key[..16].copy_from_slice(holder.as_bytes());
    SecretKey(key)
}

#[async_trait]
impl Keyring for TestKeyring {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        let mut keys = self.keys.lock();
        if keys.destroyed.contains(&holder) {
            return Err(KeyringError::Destroyed);
        }
        keys.made.insert(holder);
        Ok(key_of(holder))
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        Ok(self.state(holder))
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        Some(self.state(holder))
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        self.keys.lock().destroyed.insert(holder);
        Ok(())
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        Ok(self.keys.lock().destroyed.iter().copied().collect())
    }

    /// Nothing is wrapped here.
    async fn rewrap(&self, _: &SecretKey) -> Result<(), KeyringError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), KeyringError> {
        Ok(())
    }
}
