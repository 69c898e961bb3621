//! The laws of merging (rules 14, 18-26): the cases that decide them, one by one, and properties of generated histories.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "sabotage")]
mod breaks;
mod cases;
mod commands;
mod content;
mod conversation;
mod counterfactual;
mod coverage;
mod deeds;
mod erased;
mod fields;
mod folder;
mod history;
mod literal;
mod memory;
mod properties;
mod races;
mod restored;
mod world;
