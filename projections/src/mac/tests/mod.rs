//! The count against the rules, against a recomputation that could not be simpler, and against itself restored.

mod history;
mod laws;
mod naive;
mod rules;
