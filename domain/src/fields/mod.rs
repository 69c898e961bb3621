//! Custom fields: what a workspace defines, the values that each type takes, and how they are written.
//!
//! A value is stored as a [`Value`](crate::field::Value) in its one form; [`Typed`] is the same value as its type means
//! it, for comparing.

mod definition;
mod typed;
mod value;

mod writing;

pub use definition::{Definition, Definitions, FieldType, OPTION_LIMIT, parse_key, read_options};
pub use typed::Typed;
pub(crate) use value::option;
pub use value::read_value;
pub use writing::write_value;
