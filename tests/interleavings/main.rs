//! Every interleaving of two commands, and every crash on the way (rule 26): the real protocols over a store whose every
//! call waits until a schedule lets it go.
//!
//! No runtime and no threads: a command is a future, polling it lets its next call go, and a schedule is a list of whose
//! turn it is. Schedules are replayed from the start, so each run is a function of its list.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../support/mod.rs"]
mod support;

mod chance;
mod explore;
mod pairs;
mod run;
mod scene;
mod stepped;
