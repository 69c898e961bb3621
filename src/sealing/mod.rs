//! Sealing.

pub(crate) mod cipher;
