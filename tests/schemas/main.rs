//! What is stored is a promise: names are pinned, every version has a schema and examples, and every example ever
//! written is still read, folded, sealed and opened (decision 11).

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod examples;
mod folding;
mod names;
mod sealing;
mod shapes;
mod strangers;
