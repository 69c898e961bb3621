//! What operators are told, done: the files in `deploy`, and the backups and restores of its README.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod backup;
mod files;
mod page;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/server.rs"]
mod server;

use std::path::PathBuf;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dossier");

/// A file of the folder of operators.
fn deploy(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(deploy(name)).unwrap()
}
