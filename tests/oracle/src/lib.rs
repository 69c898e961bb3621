//! What the contact store should answer and show, worked out by a naive program, and commands to ask it with.
//!
//! It depends on no crate of the product. `oracle` keeps plain lists of what each contact recorded and says what a line
//! is answered, `replay` reads one contact from its list, `billing` counts them all; with `values` they have fewer than
//! 400 lines of code. `generator` makes the lines: what is meant to succeed in `deeds`, what is said twice or refused in
//! `wrongs`; `coverage` counts what a stream comes to. Configure the workspace with [`ZONE`] and [`ANCHOR_DAY`] first,
//! define its custom field `tier`, a number, and put real ids for `@<n>`, the contact that was made as the n-th from 0, and
//! `m<line>`, the merge made by that line. A merge to undo that stands beside a `pair` is to be asked for by those two
//! instead.

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
