//! What the tests of the protocols share: a house in memory, and a reading of its log that trusts no cache.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod asks;
pub mod house;
pub mod invariants;
pub mod keyring;
pub mod reading;
