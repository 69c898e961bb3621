//! The only place that knows old shapes of stored events. Stored bytes are never rewritten; they are read as today's.
//!
//! A shape that changes its meaning gets a new version and one arm here that turns the older one into it. An optional
//! member may be added without one. `schemas/` holds every version ever written, with examples that are read for ever.

use std::borrow::Cow;

use dossier_domain::event::{EVENT_TYPES, ReadError};

/// The parts of a stored event in today's shape: public, and personal where it could be opened.
pub type Parts<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// Brings a stored event to today's shape.
///
/// # Errors
/// A type that nobody knows, or a version that is yet to come.
pub fn upcast<'a>(
    name: &str,
    version: u16,
    public: &'a [u8],
    personal: Option<&'a [u8]>,
) -> Result<Parts<'a>, ReadError> {
    let today = EVENT_TYPES.iter().find(|(known, _)| *known == name).map(|(_, version)| *version);
    let known = today.ok_or(ReadError::UnknownType)?;
    match (name, version) {
        (_, found) if found > known => Err(ReadError::NewerVersion { found, known }),
        (_, found) if found == known => Ok((Cow::Borrowed(public), personal.map(Cow::Borrowed))),
        // The first release wrote version 1 of everything: nothing is older than today.
        _ => Err(ReadError::UnknownType),
    }
}
