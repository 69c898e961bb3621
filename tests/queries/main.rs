//! What a house answers to queries, over a data folder of its own: commands go in as NDJSON lines, bodies come out.

mod billing;
mod condition;
mod contact;
mod feed;
mod foreseen;
mod merges;
mod rebuilding;
mod tags;
mod timeline;
mod world;
