//! What Dossier's projections fold, and which rows come out.
//!
//! Pure, as the domain is: events in, changes of rows out; adapters write them.

pub mod daily;
pub mod directory;
pub mod documents;
pub mod index;
pub mod mac;
pub mod segments;
mod stored;
pub mod trees;
pub mod unfinished;
