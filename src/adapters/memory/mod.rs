//! A log and a keyring in memory: for simulations, and as the simplest thing that keeps the contracts.

mod event_store;
mod keyring;

pub use event_store::MemoryEventStore;
pub use keyring::MemoryKeyring;
