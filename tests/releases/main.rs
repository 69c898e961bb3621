//! Data folders that releases wrote, read for ever: today's program opens each, finds it whole, shows what was shown
//! then, and goes on with it.
//!
//! `tests/data/release-<n>` holds the log, the keys and the master key as a release left them, and `expected.json`, what
//! that release showed of them. A release that writes anything new adds its own folder and touches no earlier one:
//! `DOSSIER_WRITE_RELEASE=2 cargo nextest run --all-features --test releases`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod scene;
mod showing;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dossier::house::{House, Options};
use dossier::projecting;
use dossier_domain::event::EVENT_TYPES;
use serde_json::{Value, json};

/// What a release leaves; read models come back by themselves.
const FILES: [&str; 3] = ["log.db", "keys.db", "master.key"];
/// What only protocols that were cut off or lost a race come to; `schemas/examples` has them.
const OUT_OF_REACH: [&str; 2] = ["merge_refused", "contact_abandoned"];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

async fn open(folder: &Path) -> Arc<House> {
    let house = House::open(folder, Options::default()).await.unwrap();
    house.catch_up().await.unwrap();
    house
}

async fn verify(house: &House) {
    let inputs = house.runner().inputs().clone();
    let verdict = projecting::verify(&inputs, |_| {}).await.unwrap();
    assert_eq!(verdict.faults, Vec::<String>::new());
    assert!(verdict.events > 0 && verdict.rows > 0);
}

fn copy(from: &Path, to: &Path) {
    for file in FILES {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    // A checkout keeps no such mode, and a master key that others can read is refused.
    std::fs::set_permissions(to.join("master.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn releases() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|it| it.join("expected.json").is_file()).collect();
    folders.sort();
    folders
}

fn number_of(release: &Path) -> u64 {
    release.file_name().and_then(|name| name.to_str()?.strip_prefix("release-")?.parse().ok()).expect("a number")
}

/// Release 1 took and showed custom values that nobody had defined. They stay in its log and its histories, and no
/// contact shows them any more.
fn without_custom_values(mut expected: Value) -> Value {
    for workspace in expected.as_object_mut().unwrap().values_mut() {
        for shown in workspace["contacts"].as_object_mut().unwrap().values_mut() {
            if let Some(custom) = shown["contact"].get_mut("custom") {
                *custom = json!({});
            }
        }
    }
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_every_release_wrote_is_whole_shows_the_same_and_goes_on() {
    assert!(!releases().is_empty());
    for release in releases() {
        let folder = tempfile::tempdir().unwrap();
        copy(&release, folder.path());
        let house = open(folder.path()).await;
        let before = house.store().head().await.unwrap();
        verify(&house).await;
        let expected: Value = serde_json::from_slice(&std::fs::read(release.join("expected.json")).unwrap()).unwrap();
        let expected = if number_of(&release) == 1 { without_custom_values(expected) } else { expected };
        showing::compare(&house, &expected, &release.display().to_string()).await;
        let again = scene::play(&house, number_of(&release)).await;
        assert!(again.iter().all(|answer| !answer.appended), "a line that was taken is known");
        let answer = scene::submit(&house, &scene::next()).await;
        assert!(answer.appended && answer.position > before);
        house.durable(answer.position).await.unwrap();
        house.catch_up().await.unwrap();
        verify(&house).await;
        house.stop().await.unwrap();
    }
}

/// Plays the scene afresh, and keeps what comes of it where a release asks for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scene_comes_to_every_event_that_commands_lead_to() {
    let folder = tempfile::tempdir().unwrap();
    let house = open(folder.path()).await;
    let answers = scene::play(&house, u64::MAX).await;
    assert!(answers.iter().all(|answer| answer.appended));
    house.durable(answers.last().unwrap().position).await.unwrap();
    house.catch_up().await.unwrap();
    verify(&house).await;
    let stored = house.store().read_all(0, 10_000).await.unwrap();
    let stored: BTreeSet<_> = stored.iter().map(|it| it.event.event_type.to_string()).collect();
    let all = EVENT_TYPES.iter().map(|(name, _)| (*name).to_owned());
    let missing: Vec<_> = all.filter(|it| !stored.contains(it) && !OUT_OF_REACH.contains(&&**it)).collect();
    assert_eq!(missing, Vec::<String>::new());
    let shown = showing::of(&house, &answers).await;
    showing::compare(&house, &shown, "the scene").await;
    house.stop().await.unwrap();
    drop(house);
    if let Ok(number) = std::env::var("DOSSIER_WRITE_RELEASE") {
        write(folder.path(), &data().join(format!("release-{number}")), &shown);
    }
}

/// One file each, without write-ahead files and free pages.
fn write(from: &Path, to: &Path, shown: &Value) {
    std::fs::create_dir(to).expect("no release is written twice");
    for file in ["log.db", "keys.db"] {
        let database = rusqlite::Connection::open(from.join(file)).unwrap();
        database.execute("VACUUM INTO ?1", [to.join(file).to_str().unwrap()]).unwrap();
    }
    std::fs::copy(from.join("master.key"), to.join("master.key")).unwrap();
    std::fs::write(to.join("expected.json"), format!("{shown:#}\n")).unwrap();
}

#[test]
fn a_difference_is_noticed() {
    let (one, other) = (json!({"a": [1, {"b": null}]}), json!({"a": [1, {"b": 2}], "c": 3}));
    assert_eq!(showing::difference(&one, &one), None);
    assert_eq!(showing::difference(&other, &one), Some("/a/1/b: 2, was null".to_owned()));
    assert_eq!(showing::difference(&one, &json!({"a": [1]})), Some("/a: 2 entries, was 1".to_owned()));
    assert_eq!(showing::difference(&json!({"a": 1, "new": 2}), &json!({"a": 1})), None, "members may be added");
}
