//! The real program over read models in a private Postgres.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod analysts;
mod commands;
mod crashes;
mod fields;
mod filters;
mod keys;
mod loading;
mod moving;
mod opening;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/server.rs"]
mod server;
mod tls;

#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../domain/tests/filters/generate.rs"]
mod generate;
#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../domain/tests/filters/sheet.rs"]
mod sheet;
#[allow(dead_code, reason = "the tests of the index use the rest")]
#[path = "../../projections/tests/index/steps.rs"]
mod steps;
#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../domain/tests/filters/support.rs"]
mod support;

use std::path::PathBuf;
use std::process::{Command, Output};

use postgres::Postgres;
use serde_json::Value;
use server::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dossier");
/// Names the database of the read models.
const READ_STORE: &str = "DOSSIER_READ_STORE";

/// Names the database of the keys.
const KEYRING: &str = "DOSSIER_KEYRING";

/// A folder with the log, and a database with the read models.
struct Place {
    folder: tempfile::TempDir,
    postgres: Postgres,
}

impl Place {
    fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap(), postgres: Postgres::small() }
    }

    /// One into which a history was ingested, with some options.
    #[track_caller]
    fn with(history: &str, options: &str) -> Self {
        let place = Place::new();
        std::fs::write(place.folder.path().join("history.ndjson"), history).unwrap();
        place.run(&format!("ingest {options} history.ndjson"));
        place
    }

    /// What the role for analysts is answered, in a zone of its own.
    fn as_analyst(&self, statement: &str) -> String {
        self.postgres.answer(&format!("set role dossier_reader; set timezone = 'UTC'; {statement}"))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The program, with the words of a line as its arguments.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env("DOSSIER_DATA", self.data()).env(READ_STORE, self.postgres.address());
        command
    }

    /// What a command prints, which must end well.
    #[track_caller]
    fn run(&self, line: &str) -> String {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        assert!(status.success(), "{line}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// The same, over keys in the database too.
    #[track_caller]
    fn over_keys_there(&self, line: &str) -> String {
        let output = self.command(line).env(KEYRING, self.postgres.address()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says when it fails.
    #[track_caller]
    fn refused(&self, line: &str) -> String {
        let Output { status, stderr, .. } = self.command(line).output().unwrap();
        assert_eq!(status.code(), Some(1), "{line}");
        String::from_utf8(stderr).unwrap()
    }

    async fn serve(&self, broken: Option<&str>) -> Server {
        let address = self.postgres.address();
        let mut variables = vec![(READ_STORE, address.as_str())];
        variables.extend(broken.map(|broken| ("DOSSIER_SABOTAGE", broken)));
        Server::start_over(&self.data(), &variables).await
    }

    /// The faults that `dossier verify` finds.
    fn faults(&self) -> Vec<Value> {
        let output = self.command("verify --json").output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
        assert!(verdict["rows"].as_u64().unwrap() > 0, "{verdict}");
        verdict["faults"].as_array().unwrap().clone()
    }
}
