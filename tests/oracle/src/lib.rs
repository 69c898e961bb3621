//! What the contact store should answer and show, worked out by a naive program, and commands to ask it with.
//!
//! It depends on no crate of the product. `oracle` keeps plain lists of what each contact recorded and says what a line
//! is answered, `replay` reads one contact, `views` and `billing` read them all. `generator` makes the lines: what is
//! meant to succeed in `deeds`, what is said twice or refused in `wrongs`; `coverage` counts what a stream comes to.
//! Configure the workspace with [`ZONE`] and [`ANCHOR_DAY`] first, and put real ids for `id:@<line>` and `m<line>`.

mod billing;
mod coverage;
#[cfg(test)]
mod crosscheck;
mod deeds;
mod dice;
mod generator;
mod oracle;
mod replay;
mod values;
mod wrongs;

pub use coverage::coverage;
pub use generator::{ANCHOR_DAY, ZONE, commands};
pub use oracle::Oracle;
