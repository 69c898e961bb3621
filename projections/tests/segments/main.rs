//! Segments against the reference evaluator, while contacts come, change and go, definitions change, and time passes.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod laws;
mod model;

#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/filters/generate.rs"]
mod generate;
#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/filters/support.rs"]
mod support;
