//! The checked-in folder: copied for every test, and written anew when asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dossier::house::{House, Options};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::script::{Part, play};
use crate::shown::shown;

/// What a data folder can't do without; read models are made from it.
const FILES: [&str; 3] = ["log.db", "keys.db", "master.key"];

fn checked_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/first-release")
}

/// The script that the folder was written from.
pub(crate) fn script() -> String {
    std::fs::read_to_string(checked_in().join("script.ndjson")).unwrap()
}

/// What the folder showed when it was written.
pub(crate) fn expected() -> Value {
    let expected = std::fs::read_to_string(checked_in().join("expected.json")).unwrap();
    serde_json::from_str(&expected).unwrap()
}

/// Whether the folder is to be written anew; nothing else should look at it meanwhile.
pub(crate) fn is_being_written() -> bool {
    std::env::var_os("DOSSIER_UPDATE").is_some()
}

/// A copy of the folder, to work on.
pub(crate) fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in FILES {
        std::fs::copy(checked_in().join(file), copy.path().join(file)).unwrap();
    }
    // A repository does not keep who may read a file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(copy.path().join("master.key"), private).unwrap();
    }
    copy
}

/// Opens a folder and catches up; nothing runs by itself.
pub(crate) async fn open(folder: &Path) -> Arc<House> {
    let house = House::open(folder, Options::default()).await.unwrap();
    house.catch_up().await.unwrap();
    house
}

/// Writes the folder from its script.
pub(crate) async fn write_anew() {
    let fresh = tempfile::tempdir().unwrap();
    let house = open(fresh.path()).await;
    play(&house, &script(), Part::All, |_, _| {}).await;
    house.stop().await.unwrap();
    drop(house);
    let house = open(fresh.path()).await;
    let expected = shown(&house).await;
    house.stop().await.unwrap();
    drop(house);
    for file in FILES {
        let written = fresh.path().join(file);
        if file.ends_with(".db") {
            into_one_small_file(&written);
        }
        std::fs::copy(written, checked_in().join(file)).unwrap();
    }
    std::fs::write(checked_in().join("expected.json"), format!("{expected:#}\n")).unwrap();
}

fn into_one_small_file(database: &Path) {
    let connection = Connection::open(database).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).unwrap();
    connection.execute_batch("VACUUM").unwrap();
}
