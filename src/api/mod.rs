//! The contract at the door: what requests are read into, what answers look like, what errors become. Knows neither
//! HTTP nor the command line; both speak it.

pub mod bodies;
pub mod read;
