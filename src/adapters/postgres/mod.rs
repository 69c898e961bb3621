//! Engines in Postgres: read models, that several processes and any SQL client can read, and keys; each in a schema of its
//! own.

mod address;
mod connect;
mod filters;
pub mod keyring;
pub mod read_store;
mod tls;

pub use address::{Address, AddressError};
pub use keyring::PostgresKeyring;
pub use read_store::PostgresReadStore;
pub use tls::TlsError;
