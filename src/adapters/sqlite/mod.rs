//! The embedded engines: a data folder of SQLite files.

pub mod read_store;
