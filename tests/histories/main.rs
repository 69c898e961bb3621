//! Long histories through the whole product: a real one whose outcome is known, and generated ones beside an
//! independent, naive program that says what every line should be answered and what every contact should show.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod comparing;
mod found;
mod generated;
mod names;
#[path = "../support/postgres.rs"]
mod postgres;
mod product;
mod real;
mod shown;
