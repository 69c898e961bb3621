//! Killed while it writes the snapshot of its index, the program starts well all the same: with that one, the one
//! before, or none.

use std::path::Path;

use serde_json::{Value, json};

use crate::server::{Dice, Server, verify};

const CONTACTS: usize = 240;
const ROUNDS: usize = 10;
/// Contacts that change in a round: so many that the snapshot of before does no more.
const CHANGED: usize = 12;

/// How many files of snapshots end so.
fn files(data: &Path, ending: &str) -> usize {
    let names = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("index-") && name.ends_with(ending)).count()
}

/// Rows of the keyring: a snapshot has one at most.
fn slots(data: &Path) -> i64 {
    let keys = rusqlite::Connection::open(data.join("keys.db")).unwrap();
    keys.query_row("SELECT count(*) FROM keys", [], |row| row.get(0)).unwrap()
}

async fn tag(server: &Server, ids: &[String], tag: &str) {
    for id in ids {
        server.call("PUT", &format!("/contacts/{id}/tags/{tag}"), Value::Null).await.expect(200);
    }
}

/// The index shows what was done in every round so far.
async fn shows_all(server: &Server, rounds: usize) {
    for round in 0..rounds {
        let filter = json!({"field": "tags", "op": "any_of", "value": [format!("round-{round}")]});
        let body = json!({"filter": filter, "limit": 1, "columns": [], "count": true});
        let found = server.call("POST", "/contacts/search", body).await.expect(200);
        assert_eq!(found["count"], CHANGED, "round {round}: {found}");
    }
    let all = json!({"search": "somebody", "limit": 1, "columns": [], "count": true});
    let found = server.call("POST", "/contacts/search", all).await.expect(200);
    assert_eq!(found["count"], CONTACTS, "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_writes_a_snapshot_it_starts_well_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data).await;
    let mut ids = Vec::new();
    for number in 0..CONTACTS {
        let body = json!({"first_name": format!("somebody {number}"), "company": "words ".repeat(number % 30 + 1)});
        let answer = server.call("POST", "/contacts", body).await.expect(201);
        ids.push(answer["contact_id"].as_str().unwrap().to_owned());
    }
    server.stop();
    // The first cursor and the first tag have the workspace make keys of its own.
    let server = Server::start(&data).await;
    shows_all(&server, 0).await;
    tag(&server, &ids[..1], "first").await;
    server.stop();
    let (mut dice, mut torn, before) = (Dice(11), 0, slots(&data));
    for round in 0..ROUNDS {
        let mut server = Server::start(&data).await;
        assert_eq!(files(&data, ".writing"), 0, "round {round}: what was never finished is removed");
        shows_all(&server, round).await;
        let first = dice.below(CONTACTS - CHANGED);
        tag(&server, &ids[first..first + CHANGED], &format!("round-{round}")).await;
        server.ask_to_stop();
        while files(&data, ".writing") == 0 && !server.has_ended() {
            std::hint::spin_loop();
        }
        for _ in 0..dice.below(4) * round {
            std::thread::yield_now();
        }
        server.kill();
        torn += files(&data, ".writing");
        assert!(files(&data, ".snapshot") <= 1, "round {round}");
    }
    assert!(torn > 0, "it was never killed while it wrote");
    let server = Server::start(&data).await;
    shows_all(&server, ROUNDS).await;
    server.stop();
    assert_eq!((files(&data, ".writing"), files(&data, ".snapshot"), slots(&data)), (0, 1, before));
    assert_eq!(verify(&data)["faults"], json!([]));
}
