//! What the application needs from the outside: a log, keys, and a place for read models.

pub mod event_store;
pub mod keyring;
pub mod read_store;
pub mod shared;

pub use event_store::{AppendError, Appended, Direction, EventStore, Expected, NewEvent, Recorded, StoreError};
pub use keyring::{KeyCopying, KeyState, Keyring, KeyringError, SecretKey};
