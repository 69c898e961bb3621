//! The real program at its door: a file per resource, the happy path first, then the problems that callers meet.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod commands;
mod contacts;
mod contract;
mod conversation;
mod fields;
mod garbage;
mod merges;
mod messages;
mod operations;
mod protocol;
mod search;
mod segments;
#[path = "../support/server.rs"]
mod server;
mod workspace;

use std::path::PathBuf;

use serde_json::{Value, json};
use server::{Reply, Server};

/// A server over a folder of its own.
struct Door {
    server: Server,
    folder: tempfile::TempDir,
}

impl std::ops::Deref for Door {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Door {
    async fn open() -> Door {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("data")).await;
        Door { server, folder }
    }

    /// Stops the server, and starts another one over the same folder.
    async fn reopen(self) -> Door {
        let Door { server, folder } = self;
        server.stop();
        let server = Server::start(&folder.path().join("data")).await;
        Door { server, folder }
    }

    /// Makes a contact and answers its id.
    async fn contact(&self, body: Value) -> String {
        let made = self.call("POST", "/contacts", body).await.expect(201);
        made["contact_id"].as_str().unwrap().into()
    }

    async fn named(&self, name: &str) -> String {
        self.contact(json!({"first_name": name})).await
    }

    async fn show(&self, reference: &str) -> Value {
        self.call("GET", &format!("/contacts/{reference}"), Value::Null).await.expect(200)
    }

    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        self.call(method, path, body).await.problem()
    }

    /// Stops the server and reads everything it wrote.
    fn verify(self) {
        let data: PathBuf = self.folder.path().join("data");
        self.server.stop();
        server::verify(&data);
    }
}

/// Pointers of a validation problem.
#[track_caller]
fn pointers(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.problem(), (422, "validation".into()));
    let json = reply.json();
    json["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().into()).collect()
}
