//! Dossier: an event-sourced contact store.

pub mod api;
pub mod app;
pub mod http;
pub mod ports;
