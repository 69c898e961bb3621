//! What is erased is gone from every file of the data folder; and nothing personal ever stood there in the clear.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod files;
mod person;
#[path = "../support/server.rs"]
mod server;

use std::io::Read;
use std::path::Path;

use dossier::adapters::sqlite::{DataFolder, KeyringOptions, MasterKey, SqliteKeyring};
use dossier::ports::{KeyState, Keyring};
use dossier::sealing::chunks::SealedReader;
use person::Person;
use serde_json::{Value, json};
use server::Server;
use uuid::Uuid;

/// The first four are erased.
const NAMES: [&str; 5] = ["quorvex", "blinthar", "zemphula", "drothwin", "staywick"];

/// A folder with a tree of three that will be erased, one that was in it and came out again, and one that stays.
struct Scene {
    folder: tempfile::TempDir,
    /// The root of those that will be erased, and those absorbed in it.
    gone: Vec<String>,
    /// Came out of that tree; is erased with it, by a command of its own.
    left: String,
    stays: String,
    needles: Vec<String>,
}

impl Scene {
    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Everyone who is erased.
    fn erased(&self) -> impl Iterator<Item = &String> {
        self.gone.iter().chain([&self.left])
    }
}

async fn scene() -> Scene {
    scene_with(None).await
}

/// The same by a program that makes a deliberate break.
async fn scene_with(broken: Option<&str>) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start_with(&data, broken).await;
    for (key, kind) in [("tier", "text"), ("score", "number"), ("nick", "text")] {
        server.call("POST", "/fields", json!({"key": key, "name": key, "type": kind})).await.expect(201);
    }
    let mut needles = vec!["idemkey-of-the-erasure".to_owned()];
    let mut ids = Vec::new();
    for (number, name) in NAMES.into_iter().enumerate() {
        let person = Person::new(name, number);
        ids.push(person.live(&server).await);
        needles.extend(person.needles());
    }
    let [root, child, grandchild, left, stays] = ids.try_into().unwrap();
    merge(&server, &child, &grandchild, "givenvalue-inner", &mut needles).await;
    merge(&server, &root, &child, "givenvalue-outer", &mut needles).await;
    let undone = merge(&server, &root, &left, "givenvalue-undone", &mut needles).await;
    let held = json!({"channel": "web", "external_id": "handle-drothwin", "message_id": "messageid-while-merged",
        "content": {"type": "text", "text": "wordswhilemerged"}});
    needles.extend(["messageid-while-merged".into(), "wordswhilemerged".into()]);
    server.call("POST", "/messages", held).await.expect(200);
    server.call("POST", &format!("/merges/{undone}/unmerge"), Value::Null).await.expect(200);
    server.stop();
    Scene { folder, gone: vec![root, child, grandchild], left, stays, needles }
}

async fn merge(server: &Server, primary: &str, secondary: &str, given: &str, needles: &mut Vec<String>) -> String {
    needles.push(given.into());
    let body = json!({"primary": primary, "secondary": secondary, "choices": {"company": {"value": given}}});
    let answer = server.call("POST", "/merges", body).await.expect(201);
    answer["merge_id"].as_str().unwrap().into()
}

/// The keys of those who will be erased, and of the snapshot that knows them: as they lie in the file, and as they are.
async fn keys(data: &Path, scene: &Scene) -> Vec<Vec<u8>> {
    let (mut keys, mut stored) = (Vec::new(), Vec::new());
    let folder = DataFolder::open(data).unwrap();
    let keyring = SqliteKeyring::open(&folder, &MasterKey::load(&folder).unwrap(), KeyringOptions::default()).unwrap();
    let table = rusqlite::Connection::open(data.join("keys.db")).unwrap();
    let contacts = scene.erased().map(|id| id.parse().unwrap());
    let snapshots = files::snapshots(data).into_iter().map(|(id, _)| id);
    let holders: Vec<Uuid> = contacts.chain(snapshots).collect();
    assert_eq!(holders.len(), 5, "four are erased, and a snapshot of the index knows them");
    for holder in holders {
        let KeyState::Live(key) = keyring.find(holder).await.unwrap() else { panic!("{holder} has no key") };
        keys.push(key.0.to_vec());
        let read = "SELECT wrapped FROM keys WHERE holder = ?1";
        let wrapped: Vec<u8> = table.query_row(read, [holder.as_bytes()], |row| row.get(0)).unwrap();
        // Without the generation, which all share.
        stored.push(wrapped[4..].to_vec());
    }
    let there: Vec<_> = (0..stored.len()).map(|number| (number, "keys.db".to_owned())).collect();
    assert_eq!(files::holding(data, &stored), there, "the search must find what is there");
    [keys, stored].concat()
}

/// What others see, and what is billed.
async fn of_others(server: &Server, scene: &Scene) -> Value {
    let stays = server.call("GET", &format!("/contacts/{}", scene.stays), Value::Null).await.expect(200);
    let cycles = server.call("GET", "/billing/cycles", Value::Null).await.expect(200);
    json!([stays, cycles])
}

async fn erase(server: &Server, scene: &Scene) {
    for id in [&scene.gone[0], &scene.left] {
        let path = format!("/contacts/{id}");
        let key = format!("idemkey-of-the-erasure-{id}");
        server.with("DELETE", &path, &[("idempotency-key", &key)], Value::Null).await.expect(200);
    }
}

/// Whatever of those who are erased a snapshot of the index tells to whoever has the master key; and whether there is one.
async fn kept(scene: &Scene) -> (bool, Vec<String>) {
    let data = scene.data();
    let folder = DataFolder::open(&data).unwrap();
    let keyring = SqliteKeyring::open(&folder, &MasterKey::load(&folder).unwrap(), KeyringOptions::default()).unwrap();
    let mut content = Vec::new();
    for (id, file) in files::snapshots(&data) {
        if let KeyState::Live(key) = keyring.find(id).await.unwrap() {
            let file = std::fs::File::open(file).unwrap();
            SealedReader::new(file, &key, id).unwrap().read_to_end(&mut content).unwrap();
        }
    }
    let opened = tempfile::tempdir().unwrap();
    std::fs::write(opened.path().join("opened"), &content).unwrap();
    let gone = NAMES[..4].iter().enumerate().flat_map(|(number, name)| Person::new(name, number).needles());
    let found = files::plaintext(opened.path(), &gone.collect::<Vec<_>>());
    (!content.is_empty(), found.into_iter().map(|(needle, _)| needle).collect())
}

async fn nothing_is_left(scene: &Scene, keys: &[Vec<u8>], before: &Value) {
    let data = scene.data();
    assert_eq!(kept(scene).await.1, <[String; 0]>::default(), "a snapshot of the index tells it");
    assert_eq!(files::holding(&data, keys), <[(usize, String); 0]>::default(), "a key is left");
    assert_eq!(files::plaintext(&data, &scene.needles), <[(String, String); 0]>::default());
    let log = std::fs::read_to_string(server::log_of(&data)).unwrap();
    let logged: Vec<_> = scene.needles.iter().filter(|needle| log.contains(needle.as_str())).collect();
    assert!(logged.is_empty(), "the program's log tells {logged:?}");
    server::verify(&data);
    let server = Server::start(&data).await;
    for id in scene.erased() {
        let shown = server.call("GET", &format!("/contacts/{id}"), Value::Null).await;
        assert_eq!(shown.problem(), (410, "contact_erased".into()), "{id}");
    }
    assert_eq!(&of_others(&server, scene).await, before);
    server.stop();
    assert_eq!(files::plaintext(&data, &scene.needles), <[(String, String); 0]>::default());
    assert_eq!(kept(scene).await, (true, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_erasure_and_a_stop_no_file_holds_the_data_or_the_keys() {
    let scene = scene().await;
    let keys = keys(&scene.data(), &scene).await;
    let server = Server::start(&scene.data()).await;
    let before = of_others(&server, &scene).await;
    erase(&server, &scene).await;
    server.stop();
    nothing_is_left(&scene, &keys, &before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_right_after_the_erasure_was_answered_no_file_holds_the_data_or_the_keys() {
    let scene = scene().await;
    let keys = keys(&scene.data(), &scene).await;
    let server = Server::start(&scene.data()).await;
    let before = of_others(&server, &scene).await;
    erase(&server, &scene).await;
    server.kill();
    nothing_is_left(&scene, &keys, &before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_runs_and_nobody_is_erased_no_file_holds_anything_personal_in_the_clear() {
    let scene = scene().await;
    let server = Server::start(&scene.data()).await;
    of_others(&server, &scene).await;
    assert_eq!(files::plaintext(&scene.data(), &scene.needles), <[(String, String); 0]>::default());
    server.kill();
    assert_eq!(files::plaintext(&scene.data(), &scene.needles), <[(String, String); 0]>::default());
}

#[cfg(feature = "sabotage")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_sealing_switched_off_the_search_finds_who_was_erased() {
    let broken = Some("NothingIsSealed");
    let scene = scene_with(broken).await;
    let server = Server::start_with(&scene.data(), broken).await;
    erase(&server, &scene).await;
    server.stop();
    let found = files::plaintext(&scene.data(), &scene.needles);
    for needle in ["words-quorvex", "handle-blinthar", "wordswhilemerged", "givenvalue-undone"] {
        assert!(found.iter().any(|(found, file)| found == needle && file.starts_with("log.db")), "{needle}: {found:?}");
    }
}

/// What the crash leaves is what counts: a stop would write another snapshot in its place.
#[cfg(feature = "sabotage")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_snapshot_outlives_the_erasure_its_key_and_its_words_are_found() {
    let scene = scene().await;
    let keys = keys(&scene.data(), &scene).await;
    let (_, told) = kept(&scene).await;
    for needle in ["firstname-quorvex", "tag-blinthar", "custom-drothwin", "handle-drothwin"] {
        assert!(told.iter().any(|told| told == needle), "the search must find what is there: {needle}: {told:?}");
    }
    let server = Server::start_with(&scene.data(), Some("SnapshotsOutliveErasures")).await;
    erase(&server, &scene).await;
    server.kill();
    let found = files::holding(&scene.data(), &keys);
    assert_eq!(found.len(), 1, "the snapshot's key as it lies in the file: {found:?}");
    assert_eq!(kept(&scene).await, (true, told));
}
