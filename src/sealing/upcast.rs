//! The only place that knows old shapes of stored events. Stored bytes are never rewritten; they are read as today's.
//!
//! A shape that changes its meaning gets a new version and one arm here that turns the older one into it. An event that
//! was retired answers `None`, and nobody else remembers it.

use std::borrow::Cow;

/// The parts of a stored event in today's shape: public, and personal where it could be opened.
pub type Parts<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// Brings a stored event to today's shape; `None` for one that was retired.
pub fn upcast<'a>(name: &str, version: u16, public: &'a [u8], personal: Option<&'a [u8]>) -> Option<Parts<'a>> {
    match (name, version) {
        // The first release wrote version 1 of everything: nothing is older than today.
        (_, _) => Some((Cow::Borrowed(public), personal.map(Cow::Borrowed))),
    }
}
