//! The contract of the log.

mod appending;
mod reading;
mod waiting;

pub(crate) use appending::*;
pub(crate) use reading::*;
pub(crate) use waiting::*;
