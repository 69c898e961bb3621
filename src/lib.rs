//! Dossier: an event-sourced contact store.

pub mod ports;
