//! Several processes of the real program on one log, which a double of the event store keeps, and one Postgres.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod commands;
mod erasing;
mod leading;
#[path = "../support/postgres.rs"]
mod postgres;
mod reading;
mod roles;
#[path = "../support/server.rs"]
mod server;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dossier_double::Double;
use postgres::Postgres;
use serde_json::{Value, json};
use server::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dossier");
/// How long a condition is waited for: much longer than a busy machine takes.
const WITHIN: Duration = Duration::from_secs(60);
/// In hexadecimal: of every process the same.
const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// The servers that all processes share, and a folder for each of them.
struct Shared {
    root: tempfile::TempDir,
    double: Double,
    postgres: Postgres,
}

impl Shared {
    fn new() -> Self {
        Shared { root: tempfile::tempdir().unwrap(), double: Double::start(), postgres: Postgres::small() }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// What every process has in its environment.
    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DOSSIER_EVENT_STORE", self.double.connection()),
            ("DOSSIER_READ_STORE", self.postgres.address()),
            ("DOSSIER_KEYRING", self.postgres.address()),
            ("DOSSIER_MASTER_KEY", MASTER_KEY.to_owned()),
        ]
    }

    /// Starts a process of a role, and waits until it is ready.
    async fn start(&self, name: &str, role: &str) -> Server {
        self.start_with(name, &[("DOSSIER_ROLE", role)]).await
    }

    /// The same, with more in its environment.
    async fn start_with(&self, name: &str, more: &[(&str, &str)]) -> Server {
        let variables = self.variables();
        let mut all: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(more);
        Server::start_over(&self.data(name), &all).await
    }

    /// The program in a folder of its own, with the words of a line as its arguments.
    fn command(&self, line: &str) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(line.split_whitespace()).env("DOSSIER_DATA", self.data("by-hand")).envs(self.variables());
        command.output().unwrap()
    }

    /// The whole log agrees with every read model; nobody may project.
    #[track_caller]
    fn must_agree(&self) {
        let output = self.command("verify --json");
        let told = String::from_utf8_lossy(&output.stderr);
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
        assert!(verdict["rows"].as_u64().unwrap() > 0 && verdict["faults"] == json!([]), "{verdict}");
    }

    /// The lowest checkpoint.
    fn checkpoint(&self) -> u64 {
        self.postgres.answer("select min(position) from dossier.checkpoints").parse().unwrap()
    }
}

/// Whether a process projects, as it says itself; not while it does not answer.
async fn projects(server: &Server) -> bool {
    let told = server.get("/metrics").await;
    told.is_ok_and(|told| String::from_utf8_lossy(&told.bytes).lines().any(|line| line == "dossier_projects 1"))
}

/// Waits for a condition.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < WITHIN, "it never came to be: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A message that somebody sends.
fn message(from: &str, id: &str) -> Value {
    json!({"channel": "web", "external_id": from, "message_id": id, "content": {"type": "text", "text": "hello"}})
}

/// The id of the contact that a command made or changed.
#[track_caller]
fn contact_of(answer: &Value) -> String {
    answer["contact_id"].as_str().unwrap().to_owned()
}
