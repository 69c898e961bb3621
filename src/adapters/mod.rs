//! What the ports are made of: the embedded engines, and the same in memory for tests and simulations.

pub mod memory;
pub mod sqlite;
mod watermark;
