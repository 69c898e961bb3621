//! What comes in from outside, checked and brought into its one form (rules 2, 3, 6, 8).
//!
//! Every `parse_` function is pure, never panics on any text, and gives its own answer back unchanged when that is
//! parsed again. None of them puts the text it was given into its refusal.

pub mod actor;
pub mod channel;
pub mod country;
pub mod email;
mod invalid;
pub mod language;
pub mod number;
mod numbering;
pub mod phone;
pub mod profile;
pub mod reference;
pub mod tag;
pub mod text;
pub mod time;
pub mod workspace;

pub use invalid::{Invalid, Unit};
