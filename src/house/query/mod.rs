//! What a house is asked: one file a family of queries. A query appends nothing; it shows durable events alone.

mod contact;
mod contact_body;
mod cursor;
mod cycles;
mod entries;
mod entry_pages;
mod feed;
mod fields;
mod history;
mod merges;
mod named;
mod not_restored;
mod past;
mod preview;
mod preview_merge;
mod preview_unmerge;
mod search;
mod segments;
mod still;
mod table;
mod tags;
mod timeline;
pub(super) mod tree;
mod waiting;
mod workspace;
