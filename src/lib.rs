//! Dossier: an event-sourced contact store.

pub mod adapters;
pub mod api;
pub mod app;
pub mod cli;
pub mod copying;
pub mod house;
pub mod http;
pub mod ports;
pub mod projecting;
pub mod sealing;
