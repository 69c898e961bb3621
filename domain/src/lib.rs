//! The contact domain of Dossier.
//!
//! Pure: no async, no I/O, no clock, no randomness. What a command needs to know is in the command; what a decision
//! needs to see is in the state it is given.

pub mod billing;
pub mod command;
pub mod compose;
pub mod decide;
pub mod event;
pub mod field;
pub mod fields;
pub mod filter;
pub mod identity;
pub mod ids;
pub mod meta;
pub mod personal;
pub mod problem;
pub mod rejection;
pub mod sabotage;
#[cfg(feature = "schemas")]
pub mod schemas;
pub mod state;
pub mod values;
pub mod workspace;
pub mod written;
