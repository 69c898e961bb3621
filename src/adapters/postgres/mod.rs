//! Engines in Postgres: read models, in a schema of their own, that several processes and any SQL client can read.

mod address;
mod connect;
pub mod read_store;

pub use address::{Address, AddressError};
pub use read_store::PostgresReadStore;
