//! A double of EventStoreDB/KurrentDB: a real gRPC server over an in-memory log, on a real socket, with faults on demand.
//! It speaks what Dossier uses: appending, reading a stream and all events, features and gossip.

#![allow(missing_docs, clippy::unwrap_used, reason = "it is a tool of tests")]
#![allow(clippy::result_large_err, reason = "the status of a call is tonic's own")]

mod faults;
mod line;
mod log;
pub mod messages;
mod node;
mod server;

pub use faults::{Call, Fault, Faults};
pub use log::{Landing, Log, Stored};
pub use server::Double;
