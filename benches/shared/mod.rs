//! What the benches share: generated input, a look at processes, and tables with their bars.
#![allow(dead_code, reason = "each bench uses its part")]

pub(crate) mod dice;
pub(crate) mod messages;
#[path = "../../tests/support/postgres.rs"]
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod server;
pub(crate) mod table;
pub(crate) mod workspace;
