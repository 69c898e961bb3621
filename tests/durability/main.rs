//! What the embedded engines promise across power cuts, failing disks and erasures, where the contract of the ports
//! has no words for it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod disk;
mod erasing;
mod failing;
mod index;
mod keys_ahead;
mod master_key;
mod power;
mod support;
