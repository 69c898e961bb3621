//! Dossier: an event-sourced contact store.

pub mod adapters;
pub mod ports;
pub mod sealing;
