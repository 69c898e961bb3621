//! What the ports are made of: the embedded engines, the same in memory for tests and simulations, and engines of others.

pub mod eventstore;
mod keys;
pub mod memory;
pub mod postgres;
pub mod sqlite;
mod states;
mod watermark;
