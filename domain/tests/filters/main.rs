//! The filter language: a corpus of cases in plain files, and laws that hold for every filter and contact.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod corpus;
mod generate;
mod laws;
mod order;
mod phrase;
mod refusals;
mod search;
mod sheet;
mod subject;
mod support;
