//! The index against the reference evaluator: on generated contacts that come, change and go, and on the corpus.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod agreement;
#[cfg(feature = "sabotage")]
mod breaks;
mod corpus;
mod model;
mod steps;
mod taking;

#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/filters/generate.rs"]
mod generate;
#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/filters/sheet.rs"]
mod sheet;
#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/filters/support.rs"]
mod support;
