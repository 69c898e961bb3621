//! The count against the rules, against a recomputation that could not be simpler, and against itself restored.

#[cfg(feature = "sabotage")]
mod breaks;
mod history;
mod laws;
mod naive;
mod rules;
