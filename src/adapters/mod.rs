//! Rooms for the outside: each adapter keeps one or more of the ports' promises.

pub mod memory;
pub mod sqlite;
