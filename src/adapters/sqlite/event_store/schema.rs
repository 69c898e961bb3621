//! The table of the log.

use super::super::connect::Format;

/// The format of log.db.
pub(super) const FORMAT: Format = Format {
    name: "a Dossier log",
    application_id: i32::from_be_bytes(*b"DsLg"),
    version: 2,
    schema: include_str!("schema.sql"),
    // The first format kept in the log what is in the index now.
    upgrades: &["DROP INDEX streams; DROP TABLE marks"],
};
