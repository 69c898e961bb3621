//! `dossier copy`: a log comes to an event store and back as it was, whatever happens on the way.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use dossier_double::{Call, Double, Fault};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::server::{Dice, Server};

/// A folder for everything.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What release 1 left, in a data folder of its own.
    fn release(&self, name: &str) -> PathBuf {
        let (release, folder) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/release-1"), self.at(name));
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(release.join("log.db"), folder.join("log.db")).unwrap();
        bring_keys(&release, &folder);
        folder
    }

    /// A data folder into which so many messages were ingested.
    fn generated(&self, name: &str, messages: usize) -> PathBuf {
        let mut lines = String::new();
        for number in 0..messages {
            let (handle, text) = (number * 7 % (messages / 6).max(1), "words ".repeat(number % 9));
            lines.push_str(&format!(
                "{{\"command\":\"receive_message\",\"channel\":\"sms\",\"external_id\":\"h{handle}\",\"message_id\":\"m{number}\",\"text\":\"{text}x\"}}\n"
            ));
        }
        let (file, folder) = (self.at(&format!("{name}.ndjson")), self.at(name));
        std::fs::write(&file, lines).unwrap();
        good(dossier(&folder, None, &format!("ingest {}", file.display())));
        folder
    }
}

/// What of a data folder belongs to its log wherever that is: the keys, and what opens them.
fn bring_keys(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["keys.db", "master.key"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    std::fs::set_permissions(to.join("master.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn dossier(data: &Path, event_store: Option<&str>, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    command.args(line.split_whitespace()).arg("--data").arg(data).env_remove("DOSSIER_EVENT_STORE");
    command.envs(event_store.map(|it| ("DOSSIER_EVENT_STORE", it))).output().unwrap()
}

#[track_caller]
fn good(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of a place on the command line.
trait Named {
    fn name(&self) -> String;
}

impl Named for PathBuf {
    fn name(&self) -> String {
        self.display().to_string()
    }
}

impl Named for Double {
    fn name(&self) -> String {
        self.connection()
    }
}

impl Named for str {
    fn name(&self) -> String {
        self.to_owned()
    }
}

fn command(from: &(impl Named + ?Sized), to: &(impl Named + ?Sized)) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    command.args(["copy", "--json", "--from", &from.name(), "--to", &to.name()]);
    command
}

#[track_caller]
fn copied(from: &(impl Named + ?Sized), to: &(impl Named + ?Sized)) -> Value {
    serde_json::from_str(&good(command(from, to).output().unwrap())).unwrap()
}

#[track_caller]
fn refused(from: &(impl Named + ?Sized), to: &(impl Named + ?Sized)) -> String {
    let output = command(from, to).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn open(folder: &Path) -> Option<Connection> {
    Connection::open_with_flags(folder.join("log.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()
}

/// Every stored event, every column of it.
fn rows(folder: &Path) -> Vec<Vec<Cell>> {
    let log = open(folder).unwrap();
    let mut query = log.prepare("SELECT * FROM events ORDER BY position").unwrap();
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

/// How many events there are by now.
fn count(folder: &Path) -> usize {
    let counted = |log: Connection| log.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).ok();
    open(folder).and_then(counted).unwrap_or(0) as usize
}

/// The double's events are the beginning of a log.
#[track_caller]
fn begins(double: &Double, rows: &[Vec<Cell>]) {
    let events = double.events();
    assert!(events.len() <= rows.len());
    for (event, row) in events.iter().zip(rows) {
        assert_eq!(Cell::Blob(event.event.data.clone()), row[6], "the data of {}", event.id);
        assert_eq!(Cell::Blob(event.id.as_bytes().to_vec()), row[3]);
        let beside = String::from_utf8(event.event.custom_metadata.clone()).unwrap();
        let Cell::Blob(meta) = &row[7] else { panic!("no blob") };
        assert!(beside.contains(std::str::from_utf8(meta).unwrap()), "the metadata of {}: {beside}", event.id);
    }
}

/// The ids of all contacts of the release, and their workspaces.
fn contacts() -> Vec<(String, String)> {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/release-1/expected.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let ids = |(workspace, shown): (&String, &Value)| {
        let ids = shown["contacts"].as_object().unwrap().keys().cloned();
        ids.map(|id| (workspace.clone(), id)).collect::<Vec<_>>()
    };
    expected.as_object().unwrap().iter().flat_map(ids).collect()
}

/// What is shown of everybody, erased ones too.
fn shown(data: &Path, event_store: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    for (workspace, id) in contacts() {
        for what in ["show", "timeline"] {
            let output = dossier(data, event_store, &format!("contact {what} {id} --workspace {workspace} --json"));
            assert!(output.status.success() || !output.stderr.is_empty());
            all.push(String::from_utf8([output.stdout, output.stderr].concat()).unwrap());
        }
    }
    all
}

/// Without places in the log: those of a server's have gaps.
fn without_positions(shown: &[String]) -> Vec<String> {
    let strip = |line: &String| {
        let Ok(mut value) = serde_json::from_str::<Value>(line) else { return line.clone() };
        let mut open = vec![&mut value];
        while let Some(next) = open.pop() {
            match next {
                Value::Object(members) => {
                    members.remove("position");
                    open.extend(members.values_mut());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        value.to_string()
    };
    shown.iter().map(strip).collect()
}

#[test]
fn a_log_comes_to_an_event_store_and_back_as_it_was_and_shows_the_same() {
    let (place, double) = (Place::new(), Double::start());
    let (one, two, three) = (place.release("one"), place.at("two"), place.at("three"));
    let events = rows(&one).len();
    let there = copied(&one, &double);
    assert_eq!((there["events"].as_u64(), there["copied"].as_u64()), (Some(events as u64), Some(events as u64)));
    begins(&double, &rows(&one));
    assert_eq!(double.events().len(), events);
    assert_eq!((double.loose_appends(), double.careless_calls()), (0, 0));
    let back = copied(&double, &two);
    assert_eq!(rows(&two), rows(&one), "every column of every event");
    assert_eq!(back["digest"], there["digest"]);
    let again = copied(&one, &double);
    assert_eq!((&again["copied"], &again["digest"]), (&Value::from(0), &there["digest"]));
    bring_keys(&one, &two);
    bring_keys(&one, &three);
    let before = shown(&one, None);
    assert!(before.len() > 20);
    assert_eq!(shown(&two, None), before);
    let connection = double.connection();
    assert_eq!(without_positions(&shown(&three, Some(&connection))), without_positions(&before));
    for (folder, event_store) in [(&two, None), (&three, Some(&*connection))] {
        assert!(good(dossier(folder, event_store, "verify")).ends_with(" 0 faults\n"));
    }
}

/// Kills a copy once there is as much as was waited for, or lets it end.
fn killed(mut child: Child, enough: impl Fn() -> bool) {
    while !enough() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

fn begun(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn killed_at_any_moment_it_goes_on_where_it_stopped_and_doubles_nothing() {
    let (place, double, mut dice) = (Place::new(), Double::start(), Dice(4));
    let one = place.generated("one", 600);
    let (all, mut held) = (rows(&one), 0);
    for _ in 0..5 {
        let enough = held + 1 + dice.below(all.len() / 5);
        killed(begun(&mut command(&one, &double)), || double.log().count() >= enough);
        held = double.log().count();
        begins(&double, &all);
    }
    assert!(0 < held && held < all.len(), "{held} of {}: it was killed on the way", all.len());
    let rest = copied(&one, &double);
    assert_eq!((&rest["held_before"], &rest["events"]), (&Value::from(held), &Value::from(all.len())));
    begins(&double, &all);
    let two = place.at("two");
    assert_eq!(copied(&double, &two)["digest"], rest["digest"]);
    assert_eq!(rows(&two), all);
}

#[test]
fn killed_while_it_writes_to_a_folder_it_goes_on_as_well() {
    let (place, mut dice) = (Place::new(), Dice(9));
    let (one, two) = (place.generated("one", 9_000), place.at("two"));
    let all = rows(&one);
    for _ in 0..6 {
        let enough = count(&two) + 1 + dice.below(all.len() / 6);
        killed(begun(&mut command(&one, &two)), || count(&two) >= enough);
        let held = rows(&two);
        assert!(held.len() <= all.len() && held == all[..held.len()]);
    }
    copied(&one, &two);
    assert_eq!(rows(&two), all);
}

#[test]
fn faults_of_the_event_store_change_nothing() {
    const FAULTS: &[(Call, Fault)] = &[
        (Call::Append, Fault::CutBefore),
        (Call::Append, Fault::CutAfter),
        (Call::Append, Fault::CutAfter),
        (Call::Append, Fault::NotLeader),
        (Call::Append, Fault::Twice),
        (Call::Append, Fault::Garbage),
        (Call::Append, Fault::NoPosition),
        (Call::Stream, Fault::Twice),
        (Call::Stream, Fault::Ends(1)),
        (Call::All, Fault::CutAfter),
        (Call::All, Fault::Late(Duration::from_millis(2))),
        (Call::All, Fault::Twice),
        (Call::All, Fault::Ends(0)),
        (Call::All, Fault::Ends(3)),
    ];
    let place = Place::new();
    let one = place.release("one");
    for seed in 0..4 {
        let (double, back) = (Double::start(), place.at(&format!("back-{seed}")));
        double.faults().by_chance(seed, 6, FAULTS);
        let there = copied(&one, &double);
        begins(&double, &rows(&one));
        assert_eq!(copied(&double, &back)["digest"], there["digest"], "seed {seed}");
        assert_eq!(rows(&back), rows(&one), "seed {seed}");
    }
}

#[test]
fn another_log_and_a_newer_one_are_refused_untouched() {
    let (place, double) = (Place::new(), Double::start());
    let (one, other) = (place.release("one"), place.generated("other", 5));
    let before = rows(&other);
    let said = refused(&one, &other);
    assert!(said.contains("another event at position 1 ") && said.contains("nothing was copied"), "{said}");
    assert_eq!(rows(&other), before);
    copied(&one, &double);
    let (events, older) = (double.events().len(), place.release("older"));
    let last = "DELETE FROM events WHERE position = (SELECT max(position) FROM events)";
    Connection::open(older.join("log.db")).unwrap().execute(last, []).unwrap();
    let said = refused(&older, &double);
    assert!(said.contains("it is the newer one"), "{said}");
    assert!(refused(&other, &double).contains("another event at position"));
    assert_eq!(double.events().len(), events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_copied_says_why_and_shows_no_password() {
    let place = Place::new();
    let (one, none) = (place.release("one"), place.at("none"));
    assert!(refused(&none, &place.at("two")).contains("there is no log in "));
    assert!(!none.exists() && !place.at("two").exists(), "nothing was made for it");
    let same = place.0.path().join("./one");
    assert!(refused(&one, &same).contains("name the same log"));
    let written = place.at("address");
    std::fs::write(&written, "esbd://ada:s3cret@host:2113\n").unwrap();
    for mistyped in ["esbd://ada:s3cret@host:2113", &format!("@{}", written.display())] {
        let said = refused(&one, mistyped);
        assert!(said.contains("write it like esdb://") && !said.contains("s3cret"), "{said}");
    }
    let server = Server::start(&one).await;
    for (from, to) in [(&one, &place.at("two")), (&place.release("three"), &one)] {
        let said = refused(from, to);
        assert!(said.contains("is in use by another process, which serves it at http://"), "{said}");
    }
    server.stop();
}
