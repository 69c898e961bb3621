//! The real program over the log of an event store, which a double plays.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod commands;
mod copying;
mod serving;

#[path = "../support/server.rs"]
mod server;
