//! The port of the keyring: one random key a contact, apart from the log, destroyed with the contact.

use async_trait::async_trait;
use uuid::Uuid;
use zeroize::Zeroize;

/// 256 secret bits. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 32]);

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// What the keyring knows of a holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It has a key.
    Live(SecretKey),
    /// Its key was destroyed; the tombstone stays for ever (rule 19).
    Destroyed,
    /// It never had one.
    Missing,
}

/// The keyring can't do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyringError {
    /// It may come back.
    #[error("the keyring is unavailable while {doing}: {reason}")]
    Unavailable {
        /// What was asked of it.
        doing: &'static str,
        /// In the words of the engine.
        reason: String,
    },
    /// The holder was erased: it gets no key again.
    #[error("the key was destroyed")]
    Destroyed,
    /// A key is there, but the master key does not open it.
    #[error("the master key does not open the key of {holder}")]
    WrongMasterKey {
        /// Whose key.
        holder: Uuid,
    },
}

/// Keys by holder: a contact's id, or a workspace's derived one.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// The key of the holder, made at random if it has none. It is durable before any event appended after this
    /// call becomes durable.
    ///
    /// # Errors
    /// [`KeyringError::Destroyed`] for a holder with a tombstone.
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError>;

    /// What is known of the holder.
    ///
    /// # Errors
    /// The keyring failed.
    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError>;

    /// What is known of the holder, if that needs no waiting.
    fn at_hand(&self, _holder: Uuid) -> Option<KeyState> {
        None
    }

    /// Destroys the key and leaves a tombstone, durably; again changes nothing, and a holder that never had a key
    /// gets its tombstone too.
    ///
    /// # Errors
    /// The keyring failed; the key may still exist.
    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError>;

    /// Every holder whose key was destroyed.
    ///
    /// # Errors
    /// The keyring failed.
    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError>;

    /// Wraps every key anew with another master key, all or none; afterwards only that one opens them. Neither the keys
    /// change nor anything sealed with them.
    ///
    /// # Errors
    /// Nothing has changed.
    async fn rewrap(&self, new: &SecretKey) -> Result<(), KeyringError>;

    /// Makes every key handed out so far durable. The event store calls this before it commits.
    ///
    /// # Errors
    /// The keyring failed; the commit must not happen.
    fn flush(&self) -> Result<(), KeyringError>;
}

/// A keyring that can be copied, and copied to.
#[async_trait]
pub trait KeyCopying: Keyring {
    /// At most `limit` holders after one, ascending, with what is known of each, all of it stored; none: that was all.
    ///
    /// # Errors
    /// The keyring failed, or the master key does not open one of the keys.
    async fn holders(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<(Uuid, KeyState)>, KeyringError>;

    /// Takes keys from another keyring, all or none, durably. None of their holders may be known here.
    ///
    /// # Errors
    /// Nothing has changed.
    async fn adopt(&self, keys: Vec<(Uuid, SecretKey)>) -> Result<(), KeyringError>;
}
