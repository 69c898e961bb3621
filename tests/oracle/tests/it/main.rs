//! What proves the oracle: the cases of the merge rules as literal histories, the bills, and the stream it is asked with.

mod billing;
mod cases;
mod rules;
mod size;
mod stream;
mod world;
