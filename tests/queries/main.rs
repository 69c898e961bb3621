//! What a house answers to queries, over a data folder of its own: commands go in as NDJSON lines, bodies come out.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod billing;
mod contact;
mod feed;
mod foreseen;
mod merges;
mod opening;
mod projections;
mod rebuilding;
#[cfg(feature = "sabotage")]
mod restarts;
mod search;
mod segments;
mod tags;
mod timeline;
mod world;
