//! Every interleaving of two commands, and every crash on the way (rule 26): the real protocols over ports whose every
//! call waits until a schedule lets it go.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../support/mod.rs"]
mod support;

mod breaks;
mod chance;
mod check;
mod explore;
mod pairs;
mod run;
mod scene;
mod stepped;
mod switches;
mod traces;
