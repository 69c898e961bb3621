//! The laws of merging (rules 14, 18-26): the cases that decide them, one by one, and properties of generated histories.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod commands;
mod races;
mod world;
