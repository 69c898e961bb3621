//! What keyrings share: keys in memory, and keys under the master key.

pub(in crate::adapters) mod cache;
pub(in crate::adapters) mod wrapping;
