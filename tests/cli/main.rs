//! The real program on the command line: what it prints, what it refuses, and with which exit code it ends.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod contact;
#[allow(dead_code, reason = "benches use the rest")]
#[path = "../../benches/shared/dice.rs"]
mod dice;
mod generated;
mod help;
mod in_use;
mod ingest;
mod projections;
mod search;
#[path = "../support/server.rs"]
mod server;
mod verify;
#[allow(dead_code, reason = "benches use the rest")]
#[path = "../../benches/shared/workspace/mod.rs"]
mod workspace;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dossier");

/// What a run of the program came to.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    /// What it printed, if all went well.
    #[track_caller]
    fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.good()).unwrap()
    }

    /// What it said on stderr when it failed.
    #[track_caller]
    fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        self.err
    }
}

/// A folder in which the program is run; its data lie in `data`.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let file = self.0.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(line.split_whitespace()).current_dir(self.0.path()).env("DOSSIER_DATA", self.data());
        command
    }

    /// Runs the program with the words of a line as its arguments.
    fn run(&self, line: &str) -> Run {
        let output = self.command(line).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Two contacts that wrote in, one of them absorbed in the other, and what was done with them since.
    fn with_ada() -> Self {
        let place = Place::new();
        place.file("ada.ndjson", ADA);
        place.run("ingest ada.ndjson").good();
        place
    }
}

const ADA: &str = r#"{"command":"receive_message","channel":"whatsapp","external_id":"60123456789","message_id":"w1","text":"hello","profile":{"first_name":"Ada"}}
{"command":"receive_message","channel":"telegram","external_id":"@ada","message_id":"t1","text":"me\nagain","profile":{"email":"ada@example.com"}}
{"command":"merge_contacts","primary":"channel:whatsapp:60123456789","secondary":"channel:telegram:@ada"}
{"command":"add_tag","contact":"channel:telegram:@ada","tag":"VIP","actor":"user:7"}
{"command":"define_field","field":"tier","name":"Tier","type":"list","options":["gold","silver"]}
{"command":"update_contact","contact":"channel:telegram:@ada","company":"Acme","custom":{"tier":"gold"}}
{"command":"update_contact","contact":"channel:telegram:@ada","company":"Analytical Engines"}
{"command":"add_comment","contact":"email:ada@example.com","text":"a regular"}
"#;
