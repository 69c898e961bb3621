//! Backups and restores, by the commands of the page.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::page::{block, run, well};
use crate::postgres::Postgres;
use crate::server::{Caller, Server};

/// A folder in which an operator works; the data lies in `dossier-data`.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn data(&self) -> PathBuf {
        self.path().join("dossier-data")
    }

    /// The master key, kept apart from the data as it should be.
    fn keep_master_key(&self) {
        std::fs::copy(self.data().join("master.key"), self.path().join("master.key")).unwrap();
    }
}

async fn contact(server: &Server, name: &str) -> String {
    let body = json!({"first_name": name, "email": format!("{name}@example.com")});
    server.call("POST", "/contacts", body).await.expect(201)["contact_id"].as_str().unwrap().to_owned()
}

async fn shown(server: &Server, id: &str) -> Value {
    server.call("GET", &format!("/contacts/{id}"), Value::Null).await.expect(200)
}

async fn erase(server: &Server, id: &str) {
    server.call("DELETE", &format!("/contacts/{id}"), Value::Null).await.expect(200);
}

async fn is_erased(server: &Server, id: &str) {
    let gone = server.call("GET", &format!("/contacts/{id}"), Value::Null).await;
    assert_eq!(gone.problem(), (410, "contact_erased".to_owned()));
}

/// A message of which number, which is sent again as it was.
async fn message(caller: &Caller, number: usize) -> Value {
    let body = json!({"channel": "sms", "external_id": format!("h{}", number % 20), "message_id": format!("m{number}"),
        "content": {"type": "text", "text": "hello"}});
    let reply = caller.call("POST", "/messages", &[], &body).await.unwrap();
    assert!(reply.status < 300, "{}", reply.status);
    reply.json()
}

/// Messages that come and come.
struct Load {
    sent: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    sending: JoinHandle<()>,
}

impl Load {
    fn on(server: &Server) -> Self {
        let (sent, enough) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (caller, counted, stop) = (server.caller(), sent.clone(), enough.clone());
        let sending = tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                message(&caller, counted.load(Ordering::Relaxed)).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Load { sent, enough, sending }
    }

    /// Waits until so many more were answered, and says how many that are.
    async fn goes_on(&self, more: usize) -> usize {
        let wanted = self.sent.load(Ordering::Relaxed) + more;
        while self.sent.load(Ordering::Relaxed) < wanted {
            tokio::task::yield_now().await;
        }
        self.sent.load(Ordering::Relaxed)
    }

    async fn end(self) {
        self.enough.store(true, Ordering::Relaxed);
        self.sending.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_under_load_is_whole_and_who_was_erased_while_it_was_taken_stays_erased() {
    let place = Place::new();
    let server = Server::start(&place.data()).await;
    place.keep_master_key();
    let [ada, gone] = [contact(&server, "ada").await, contact(&server, "gone").await];
    let load = Load::on(&server);
    let sent = load.goes_on(50).await;
    let (before, mut late) = (shown(&server, &ada).await, String::new());
    for line in block("VACUUM INTO") {
        well(place.path(), &line, &[]);
        if line.contains("INTO 'backup-log/") {
            erase(&server, &gone).await;
            late = contact(&server, "late").await;
            load.goes_on(20).await;
        }
    }
    load.end().await;
    server.stop();
    let told: Vec<String> = block("cp backup-log").iter().map(|line| well(place.path(), line, &[])).collect();
    assert!(told.last().unwrap().ends_with(" 0 faults\n"), "{told:?}");
    let server = Server::start(&place.path().join("restored")).await;
    assert_eq!(shown(&server, &ada).await, before);
    is_erased(&server, &gone).await;
    assert_eq!(server.call("GET", &format!("/contacts/{late}"), Value::Null).await.status, 404);
    for number in 0..sent {
        assert_eq!(message(&server.caller(), number).await["duplicate"], true, "what was answered before is there");
    }
    server.stop();
    crate::server::verify(&place.path().join("restored"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_older_than_the_log_erase_again_and_lack_those_of_newer_contacts_which_verify_tells() {
    let place = Place::new();
    let server = Server::start(&place.data()).await;
    place.keep_master_key();
    let [ada, gone] = [contact(&server, "ada").await, contact(&server, "gone").await];
    let before = shown(&server, &ada).await;
    let mut lines = block("VACUUM INTO");
    // The other way round.
    let log = lines.iter().position(|line| line.contains("INTO 'backup-log/")).unwrap();
    lines.swap(log, log + 1);
    for line in lines {
        if line.contains("INTO 'backup-log/") {
            erase(&server, &gone).await;
            contact(&server, "late").await;
        }
        well(place.path(), &line, &[]);
    }
    server.stop();
    let mut lines = block("cp backup-log");
    let verify = lines.pop().unwrap();
    lines.iter().for_each(|line| _ = well(place.path(), line, &[]));
    let told = run(place.path(), &verify, &[]);
    assert_eq!(told.status.code(), Some(1));
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("can't be opened, and nobody erased it"), "{told}");
    let server = Server::start(&place.path().join("restored")).await;
    assert_eq!(shown(&server, &ada).await, before);
    is_erased(&server, &gone).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_in_postgres_come_back_from_a_dump_and_read_models_from_the_log() {
    let (place, postgres) = (Place::new(), Postgres::small());
    let address = postgres.address();
    let variables = [("DOSSIER_KEYRING", &*address), ("DOSSIER_READ_STORE", &*address)];
    let server = Server::start_over(&place.data(), &variables).await;
    let [ada, gone] = [contact(&server, "ada").await, contact(&server, "gone").await];
    let before = shown(&server, &ada).await;
    let keyring = [("KEYRING", &*address)];
    block("pg_dump").iter().for_each(|line| _ = well(place.path(), line, &keyring));
    erase(&server, &gone).await;
    server.stop();
    postgres.answer("drop schema dossier cascade; drop schema dossier_keys cascade");
    let refused = Server::refused(&place.data(), &variables);
    assert!(refused.contains("none of their keys: put the keys that belong to this log back"), "{refused}");
    block("pg_restore").iter().for_each(|line| _ = well(place.path(), line, &keyring));
    let server = Server::start_over(&place.data(), &variables).await;
    assert_eq!(shown(&server, &ada).await, before);
    is_erased(&server, &gone).await;
    let destroyed = format!("select wrapped is null from dossier_keys.keys where holder = '{gone}'");
    assert_eq!(postgres.answer(&destroyed), "t", "the start destroyed it again");
    server.stop();
}
