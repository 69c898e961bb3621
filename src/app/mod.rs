//! The application: what the outside may ask for, done over the ports.

pub mod ask;
