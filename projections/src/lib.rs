//! What Dossier's projections fold, and which rows come out. Pure: no I/O, no clock.

pub mod documents;
pub mod unfinished;
