//! What the ports are made of: the embedded engines, the same in memory for tests and simulations, and engines of others.

pub mod eventstore;
pub mod memory;
pub mod sqlite;
mod watermark;
