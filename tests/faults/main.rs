//! What goes wrong between us and an event store: each defect of the official client by itself, and many faults at once
//! while commands are carried out. The other side is a double on a real socket.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod cluster;
mod defects;
mod outcomes;
mod schedules;
#[path = "../support/mod.rs"]
mod support;
mod talk;
