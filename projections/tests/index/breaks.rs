//! Deliberate breaks.
