//! What the ports are made of: the embedded engines, and the same in memory for tests and simulations.

mod keys;
pub mod memory;
pub mod postgres;
pub mod sqlite;
mod states;
mod watermark;
