//! Keys come to Postgres and back by `dossier keys copy`: what they seal is opened there, and who was erased stays
//! erased.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{KEYRING, Place, READ_STORE};

const LINES: &str = r#"{"command":"create_contact","first_name":"Ada","email":"ada@example.com"}
{"command":"create_contact","first_name":"Gone","email":"gone@example.com"}
{"command":"delete_contact","contact":"email:gone@example.com"}
{"command":"create_contact","first_name":"Eve","email":"eve@example.com"}
"#;

impl Place {
    /// The program over a data folder, with read models there.
    fn program(&self, data: &Path, keyring: Option<&str>, line: &str) -> Command {
        let mut command = self.command(line);
        command.env_remove(READ_STORE).env("DOSSIER_DATA", data).envs(keyring.map(|keyring| (KEYRING, keyring)));
        command
    }

    fn over(&self, data: &Path, keyring: Option<&str>, line: &str) -> Output {
        self.program(data, keyring, line).output().unwrap()
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    }

    #[track_caller]
    fn copied(&self, from: &str, to: &str) -> Value {
        let told = good(self.over(&self.data(), None, &format!("keys copy --json --from {from} --to {to}")));
        serde_json::from_str(&told).unwrap()
    }
}

#[track_caller]
fn good(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn keys_come_to_a_database_and_back_with_all_that_is_known_of_erasures() {
    let place = Place::new();
    let (data, address) = (place.data(), place.postgres.address());
    place.file("lines.ndjson", LINES);
    good(place.over(&data, None, "ingest lines.ndjson"));
    // It leaves a snapshot of the index, whose key is of no use elsewhere.
    good(place.over(&data, None, "search --search ada"));
    let is_snapshot = |name: &str| name.starts_with("index-") && name.ends_with(".snapshot");
    let names = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| is_snapshot(name)).count(), 1);
    let slots = rusqlite::Connection::open(data.join("keys.db")).unwrap();
    let slots: i64 = slots.query_row("SELECT count(*) FROM keys", [], |row| row.get(0)).unwrap();
    let show = "contact show email:ada@example.com --json";
    let shown = good(place.over(&data, None, show));

    let (here, back) = (data.display().to_string(), place.folder.path().join("back"));
    let brought = place.copied(&here, &address);
    assert_eq!(brought, json!({"copied": slots - 2, "held_before": 0, "destroyed": 1}), "of {slots} slots");
    assert_eq!(place.copied(&here, &address), json!({"copied": 0, "held_before": slots - 1, "destroyed": 0}));
    // A database is opened with the master key of the folder on the other side.
    let key = format!("@{}", data.join("master.key").display());
    std::fs::create_dir(&back).unwrap();
    std::fs::copy(data.join("master.key"), back.join("master.key")).unwrap();
    assert_eq!(place.copied(&address, &back.display().to_string()), brought);

    std::fs::remove_file(data.join("keys.db")).unwrap();
    std::fs::copy(data.join("log.db"), back.join("log.db")).unwrap();
    for (folder, keyring) in [(&data, Some(&*address)), (&back, None)] {
        assert_eq!(good(place.over(folder, keyring, show)), shown);
        assert!(good(place.over(folder, keyring, "verify")).ends_with(" 0 faults\n"));
    }

    // An erasure that only one of them knows of reaches the other, and never comes back.
    place.file("more.ndjson", r#"{"command":"delete_contact","contact":"email:eve@example.com"}"#);
    good(place.over(&data, Some(&address), "ingest more.ndjson"));
    let back = back.display().to_string();
    assert_eq!(place.copied(&back, &address), json!({"copied": 0, "held_before": slots - 1, "destroyed": 0}));
    assert_eq!(place.copied(&address, &back)["destroyed"], 1);
    let between_databases = format!("keys copy --from {address} --to {address}&schema=others");
    let said = String::from_utf8(place.over(&data, None, &between_databases).stderr).unwrap();
    assert!(said.contains("set DOSSIER_MASTER_KEY"), "{said}");
    good(place.program(&data, None, &between_databases).env("DOSSIER_MASTER_KEY", key).output().unwrap());
    let same = "select count(*) from (select holder, destroyed is null from dossier_keys.keys
        except select holder, destroyed is null from others.keys) as other";
    assert_eq!(place.postgres.answer(same), "0");
}

#[test]
fn the_keyring_of_another_log_is_refused_untouched() {
    let place = Place::new();
    let (data, other, address) = (place.data(), place.folder.path().join("other"), place.postgres.address());
    place.file("lines.ndjson", LINES);
    let key = format!("@{}", place.file("key", &"5a".repeat(32)).display());
    for (folder, keyring) in [(&data, None), (&other, Some(&*address))] {
        let mut ingest = place.program(folder, keyring, "ingest lines.ndjson");
        good(ingest.env("DOSSIER_MASTER_KEY", &key).output().unwrap());
    }
    let keys = || {
        place
            .postgres
            .answer("select string_agg(holder || ' ' || wrapped::text, ',' order by holder) from dossier_keys.keys")
    };
    let before = keys();
    let line = format!("keys copy --from {} --to {address}", data.display());
    let refused = place.program(&data, None, &line).env("DOSSIER_MASTER_KEY", &key).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("has another key of 00000000-0000-0000-0000-000000000000"), "{said}");
    assert_eq!(keys(), before);
    let none = format!("keys copy --from {} --to {address}", place.folder.path().join("none").display());
    let said = String::from_utf8(place.over(&data, None, &none).stderr).unwrap();
    assert!(said.contains("there are no keys in "), "{said}");
}
