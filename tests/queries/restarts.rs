//! The index that a start takes from a snapshot is the one that filling it from all contacts gives: whatever happened
//! before and after the snapshot, and however the process ended. One that is of no use is destroyed, and nothing is lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use dossier::app::AppError;
use dossier::ports::KeyState;
use dossier_domain::sabotage::{Break, arm};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::segments::Hand;
use crate::world::{HOME, World};

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    fn of(&mut self, items: &[String]) -> String {
        items.get(self.below(items.len())).cloned().unwrap_or_else(|| "00000000-0000-7000-8000-000000000000".to_owned())
    }
}

const NAMES: [&str; 8] =
    ["Ada", "Grace Brewster Murray", "Émilie", "+60123456789", "李", "x", "Straße", "Ada Lovelace"];
const TAGS: [&str; 5] = ["VIP", "new lead", "Ünïque", "+6012", "old"];

/// What happened so far, as far as the next line needs it.
struct Life {
    dice: Dice,
    contacts: Vec<String>,
    merges: Vec<String>,
    steps: usize,
}

impl Life {
    fn new(seed: u64) -> Self {
        Life { dice: Dice(seed), contacts: Vec::new(), merges: Vec::new(), steps: 0 }
    }

    /// Fields of every kind, and segments that time alone changes.
    async fn begin(world: &World) {
        for kind in ["text", "number", "boolean", "date", "datetime", "time", "email", "phone"] {
            world.run(json!({"command": "define_field", "field": kind, "name": kind, "type": kind})).await;
        }
        for kind in ["list", "multi_list"] {
            let options = ["Gold", "Silver", "Bronze"];
            let line =
                json!({"command": "define_field", "field": kind, "name": kind, "type": kind, "options": options});
            world.run(line).await;
        }
        let silent = json!({"field": "last_in", "op": "older_than", "value": {"amount": 3, "unit": "hour"}});
        let golden = json!({"any": [{"field": "custom.list", "op": "eq", "value": "Gold"},
            {"field": "tags", "op": "any_of", "value": ["vip"]}]});
        for (name, filter) in [("silent", silent), ("golden", golden)] {
            world.run(json!({"command": "define_segment", "name": name, "filter": filter})).await;
        }
    }

    fn values(&mut self) -> Value {
        let mut values = json!({
            "text": self.dice.of(&NAMES.map(str::to_owned)), "number": self.dice.below(5), "boolean": self.steps.is_multiple_of(2),
            "date": format!("2026-01-{:02}", 1 + self.dice.below(28)), "datetime": "2026-02-01T10:00:00Z",
            "time": "10:30", "email": "someone@example.com", "phone": "+60123456780",
            "list": (["Gold", "Silver"][self.dice.below(2)]), "multi_list": ["Gold", "Bronze"],
        });
        let kinds: Vec<String> = values.as_object().unwrap().keys().cloned().collect();
        for kind in kinds.into_iter().filter(|_| self.dice.below(3) > 0) {
            values.as_object_mut().unwrap().remove(&kind);
        }
        values
    }

    fn next(&mut self) -> Value {
        self.steps += 1;
        let (name, step) = (NAMES[self.dice.below(NAMES.len())], self.steps);
        let contact = self.dice.of(&self.contacts);
        let tag = TAGS[self.dice.below(TAGS.len())];
        match self.dice.below(22) {
            0..=4 => json!({"command": "create_contact", "first_name": name, "email": format!("{step}@example.com"),
                "tags": [tag], "channels": [{"channel": "chat", "external_id": format!("handle-{step}")}]}),
            5 | 6 => json!({"command": "update_contact", "contact": contact, "last_name": name, "country": "MY",
                "custom": self.values()}),
            7 => json!({"command": "update_contact", "contact": contact, "company": name, "language": "en"}),
            8 | 9 => json!({"command": "add_tag", "contact": contact, "tag": tag}),
            10 => json!({"command": "remove_tag", "contact": contact, "tag": tag}),
            11 => json!({"command": "assign", "contact": contact, "assignee": "user:sam"}),
            12 => json!({"command": "snooze_conversation", "contact": contact, "until": "2026-06-01T00:00:00Z"}),
            13 => json!({"command": "close_conversation", "contact": contact}),
            14 => json!({"command": "block_contact", "contact": contact, "reason": "noise"}),
            15 | 16 => json!({"command": "merge_contacts", "primary": contact,
                "secondary": self.dice.of(&self.contacts)}),
            17 => json!({"command": "unmerge_contacts", "merge_id": self.dice.of(&self.merges)}),
            _ => json!({"command": "receive_message", "channel": "chat", "message_id": format!("m-{step}"),
                "external_id": format!("handle-{}", 1 + self.dice.below(step + 3)), "text": "hello"}),
        }
    }

    /// Lives on for some steps, refused or not. What is not `projected` is in the log alone.
    async fn go_on(&mut self, world: &World, hand: &Hand, steps: usize, projected: bool) {
        for _ in 0..steps {
            let line = self.next();
            let is_create = line["command"] == "create_contact";
            let outcome = match projected {
                true => world.try_run(line.clone()).await,
                false => world.house.execute(world.command(&line)).await,
            };
            match outcome {
                Ok(answer) => {
                    self.contacts.extend(answer.contact_id.filter(|_| is_create).map(|id| id.to_string()));
                    self.merges.extend(answer.merge.map(|merge| merge.merge_id.to_string()));
                }
                Err(AppError::Rejected(_) | AppError::Invalid(_)) => {}
                Err(error) => panic!("{line}: {error}"),
            }
            hand.pass(TimeDelta::minutes(self.dice.below(40) as i64));
        }
    }
}

/// What the index holds.
fn told(world: &World) -> BTreeMap<String, String> {
    world.house.runner().directory().told()
}

/// What it holds is what filling it anew gives.
async fn is_as_filled(world: &World, case: &str) {
    let kept = told(world);
    world.house.runner().fill().await.unwrap();
    let filled = told(world);
    let places: std::collections::BTreeSet<_> = kept.keys().chain(filled.keys()).collect();
    let differs = |place: &&&String| kept.get(**place) != filled.get(**place);
    if let Some(place) = places.iter().find(differs) {
        panic!("{case}, {place}: kept {:?}, filled {:?}", kept.get(*place), filled.get(*place));
    }
    assert!(filled.len() > 100, "{case}: too little to compare");
}

fn snapshots(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("index-")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_what_came_after_it_give_the_index_that_filling_gives() {
    let seeds = std::env::var("DOSSIER_HISTORIES").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(8);
    for seed in 0..seeds {
        let (hand, mut life) = (Hand::new(), Life::new(seed));
        let mut world = World::by(hand.clone()).await;
        Life::begin(&world).await;
        for round in 0..3 {
            let case = format!("seed {seed}, round {round}");
            let steps = 10 + life.dice.below(60);
            life.go_on(&world, &hand, steps, true).await;
            assert!(world.house.keep_index(false).await, "{case}");
            let (stopped, after) = (life.dice.below(3) == 0, life.dice.below(30));
            life.go_on(&world, &hand, after, true).await;
            if life.dice.below(4) == 0 {
                // Nobody shows it any more.
                _ = world.try_run(json!({"command": "retire_field", "field": "text"})).await;
            }
            if !stopped {
                let after = life.dice.below(8);
                life.go_on(&world, &hand, after, false).await;
            }
            world = world.opened_again(stopped).await;
            world.house.fill().await.unwrap();
            assert!(world.house.kept_at().is_some(), "{case}: the snapshot was not used");
            is_as_filled(&world, &case).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_after_a_stop_takes_up_snoozes_and_spellings_without_reading_contacts() {
    let hand = Hand::new();
    let world = World::by(hand.clone()).await;
    let [ada, bob, hidden] = [world.contact("ada").await, world.contact("bob").await, world.contact("hidden").await];
    world.says("bob", "m-1").await;
    let until = "2026-03-02T12:00:00Z";
    world.run(json!({"command": "snooze_conversation", "contact": bob, "until": until})).await;
    world.run(json!({"command": "add_tag", "contact": ada, "tag": "Big Fish"})).await;
    world.run(json!({"command": "add_tag", "contact": hidden, "tag": "Well Hidden"})).await;
    world.merge(&ada, &hidden).await;
    world.run(json!({"command": "remove_tag", "contact": ada, "tag": "well hidden"})).await;
    let world = world.restarted().await;
    assert_eq!(world.house.kept_at(), Some(world.head().await));
    for (spelled, known) in [("BIG FISH", "Big Fish"), ("WELL HIDDEN", "Well Hidden")] {
        world.run(json!({"command": "add_tag", "contact": bob, "tag": spelled})).await;
        let shown = world.show(&bob).await;
        assert!(shown["tags"].as_array().unwrap().iter().any(|tag| tag == known), "{shown}");
    }
    assert_eq!(
        world.house.app().agenda().next_due(HOME).map(|at| at.to_rfc3339()),
        Some("2026-03-02T12:00:00+00:00".into())
    );
}

/// A folder with a snapshot, in which life goes on from there.
async fn kept() -> (World, PathBuf) {
    let hand = Hand::new();
    let world = World::by(hand.clone()).await;
    Life::begin(&world).await;
    let mut life = Life::new(7);
    life.go_on(&world, &hand, 80, true).await;
    assert!(world.house.keep_index(false).await);
    let [snapshot] = snapshots(world.house.path()).try_into().unwrap();
    (world, snapshot)
}

/// The id of a snapshot, which its name tells.
fn id_of(snapshot: &Path) -> Uuid {
    let name = snapshot.file_name().unwrap().to_string_lossy().into_owned();
    name.strip_prefix("index-").unwrap().strip_suffix(".snapshot").unwrap().parse().unwrap()
}

/// The snapshot is not used, is gone with its key, and the index is whole.
async fn is_of_no_use(world: World, snapshot: &Path, case: &str) {
    let id = id_of(snapshot);
    world.house.start().await.unwrap();
    assert_eq!(world.house.kept_at(), None, "{case}");
    assert!(!snapshot.exists(), "{case}: its file stays");
    assert_eq!(world.house.keyring().find(id).await.unwrap(), KeyState::Destroyed, "{case}");
    is_as_filled(&world, case).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_damaged_or_cut_off_is_destroyed_and_the_index_filled_anew() {
    for case in ["a byte", "the end", "everything", "more"] {
        let (world, snapshot) = kept().await;
        let mut bytes = std::fs::read(&snapshot).unwrap();
        let middle = bytes.len() / 2;
        match case {
            "a byte" => bytes[middle] ^= 1,
            "the end" => bytes.truncate(middle),
            "everything" => bytes.clear(),
            _ => bytes.push(0),
        }
        std::fs::write(&snapshot, bytes).unwrap();
        is_of_no_use(world.opened_again(false).await, &snapshot, case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_whose_key_is_gone_is_removed() {
    let (world, snapshot) = kept().await;
    world.house.keyring().destroy(id_of(&snapshot)).await.unwrap();
    is_of_no_use(world.opened_again(false).await, &snapshot, "without a key").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_after_which_nearly_everybody_changed_is_not_brought_up() {
    let (world, snapshot) = kept().await;
    for number in 0..300 {
        let line = json!({"command": "create_contact", "first_name": format!("new {number}")});
        world.house.execute(world.command(&line)).await.unwrap();
    }
    world.settle().await;
    is_of_no_use(world.opened_again(false).await, &snapshot, "far behind").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_ahead_of_the_stored_contacts_is_destroyed() {
    let (world, snapshot) = kept().await;
    let folder = world.house.path().to_owned();
    let world = world.opened_again_after(|| {
        for end in ["", "-wal", "-shm"] {
            _ = std::fs::remove_file(folder.join(format!("read-contacts.db{end}")));
        }
    });
    is_of_no_use(world.await, &snapshot, "ahead").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_another_log_is_destroyed() {
    let hand = Hand::new();
    let world = World::by(hand.clone()).await;
    Life::begin(&world).await;
    let mut life = Life::new(7);
    life.go_on(&world, &hand, 80, true).await;
    let (folder, copy) = (world.house.path().to_owned(), tempfile::tempdir().unwrap());
    let is_restored = |name: &str| name.starts_with("log.db") || name.starts_with("read-");
    let move_files = |from: &Path, to: &Path| {
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if is_restored(&name) {
                std::fs::copy(from.join(&name), to.join(&name)).unwrap();
            }
        }
    };
    let world = world.opened_again_after(|| move_files(&folder, copy.path())).await;
    world.house.fill().await.unwrap();
    life.go_on(&world, &hand, 5, true).await;
    assert!(world.house.keep_index(false).await);
    let [snapshot] = snapshots(&folder).try_into().unwrap();
    let world = world.opened_again_after(|| {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if is_restored(&name) {
                std::fs::remove_file(folder.join(name)).unwrap();
            }
        }
        move_files(copy.path(), &folder);
    });
    // The older log goes on another way, past the position of the snapshot, and nobody has looked at that.
    let world = world.await;
    life.go_on(&world, &hand, 40, true).await;
    is_of_no_use(world.opened_again(false).await, &snapshot, "of another log").await;
}

/// As after a crash between the event of an erasure and the destruction of its keys, or with an older copy of the keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_the_keys_do_not_know_of_destroys_the_snapshot_at_the_next_start() {
    for projected in [false, true] {
        let (world, _) = kept().await;
        let ada = world.contact("ada").await;
        assert!(world.house.keep_index(false).await);
        let [snapshot] = snapshots(world.house.path()).try_into().unwrap();
        let (folder, copy) = (world.house.path().to_owned(), tempfile::tempdir().unwrap());
        let copied = |from: &Path, to: &Path| {
            for entry in std::fs::read_dir(from).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if name.starts_with("keys.db") || name.starts_with("index-") {
                    std::fs::copy(from.join(&name), to.join(&name)).unwrap();
                }
            }
        };
        let world = world.opened_again_after(|| copied(&folder, copy.path())).await;
        let deletion = world.command(&json!({"command": "delete_contact", "contact": ada}));
        match projected {
            true => _ = world.execute(deletion).await.unwrap(),
            false => _ = world.house.execute(deletion).await.unwrap(),
        }
        assert!(!snapshot.exists());
        let world = world.opened_again_after(|| {
            for end in ["-wal", "-shm"] {
                _ = std::fs::remove_file(folder.join(format!("keys.db{end}")));
            }
            copied(copy.path(), &folder);
        });
        let world = world.await;
        let id = id_of(&snapshot);
        assert!(matches!(world.house.keyring().find(id).await.unwrap(), KeyState::Live(_)));
        world.house.start().await.unwrap();
        assert!(!snapshot.exists(), "projected: {projected}");
        assert_eq!(world.house.keyring().find(id).await.unwrap(), KeyState::Destroyed);
        assert_eq!(world.house.keyring().find(ada.parse().unwrap()).await.unwrap(), KeyState::Destroyed);
        world.settle().await;
        is_as_filled(&world, "erased").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_retired_before_or_after_the_snapshot_is_forgotten() {
    let (world, snapshot) = kept().await;
    let ada = world.contact("ada").await;
    world.run(json!({"command": "update_contact", "contact": ada, "custom": {"number": 4, "text": "words"}})).await;
    world.run(json!({"command": "retire_field", "field": "number"})).await;
    assert!(world.house.keep_index(false).await);
    assert!(!snapshot.exists(), "a newer one has taken its place");
    world.run(json!({"command": "retire_field", "field": "text"})).await;
    let world = world.opened_again(false).await;
    world.house.fill().await.unwrap();
    assert!(world.house.kept_at().is_some());
    is_as_filled(&world, "retired").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_has_not_seen_an_erasure_yet_is_not_kept() {
    let (world, _) = kept().await;
    let ada = world.contact("ada").await;
    world.house.execute(world.command(&json!({"command": "delete_contact", "contact": ada}))).await.unwrap();
    assert_eq!(snapshots(world.house.path()), <[PathBuf; 0]>::default(), "the erasure destroyed it");
    assert!(!world.house.keep_index(true).await, "it shows somebody whose key is destroyed already");
    assert_eq!(snapshots(world.house.path()), <[PathBuf; 0]>::default());
    world.settle().await;
    assert!(world.house.keep_index(true).await);
    let world = world.opened_again(false).await;
    world.house.fill().await.unwrap();
    assert!(world.house.kept_at().is_some());
    is_as_filled(&world, "after an erasure").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_of_no_use_once_a_field_is_defined_for_values_that_were_there_before() {
    let (world, _) = kept().await;
    let ada = world.contact("ada").await;
    {
        // As early releases took values.
        let _armed = arm(Break::CustomValuesUnchecked);
        world.run(json!({"command": "update_contact", "contact": ada, "custom": {"shoes": 41}})).await;
    }
    assert!(world.house.keep_index(false).await);
    let [snapshot] = snapshots(world.house.path()).try_into().unwrap();
    world.define(&[("shoes", "number")]).await;
    is_of_no_use(world.opened_again(false).await, &snapshot, "redefined").await;
}

/// Takes what stands after a position out of a log, and with it whatever was made of it.
fn cut_off(folder: &Path, after: u64) -> Vec<Vec<Cell>> {
    let log = Connection::open(folder.join("log.db")).unwrap();
    let mut query = log.prepare("SELECT * FROM events WHERE position > ?1 ORDER BY position").unwrap();
    let columns = query.column_count();
    let rows = query.query_map([after as i64], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    let rows = rows.map(Result::unwrap).collect();
    log.execute("DELETE FROM events WHERE position > ?1", [after as i64]).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("read-") || name.starts_with("log-index") {
            std::fs::remove_file(file).unwrap();
        }
    }
    rows
}

fn put_back(folder: &Path, rows: Vec<Vec<Cell>>) {
    let log = Connection::open(folder.join("log.db")).unwrap();
    for row in rows {
        log.execute("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", params_from_iter(row)).unwrap();
    }
}

/// The snapshot comes between the two events of a merge, so that of the two streams only the primary's goes on after
/// it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_absorbed_after_the_snapshot_is_shown_no_more_though_nothing_came_to_their_own_stream() {
    let hand = Hand::new();
    let world = World::by(hand.clone()).await;
    Life::begin(&world).await;
    Life::new(7).go_on(&world, &hand, 80, true).await;
    let [ada, bob] = [world.contact("ada").await, world.contact("bob").await];
    world.run(json!({"command": "add_tag", "contact": bob, "tag": "absorbed"})).await;
    world.merge(&ada, &bob).await;
    let (folder, head, mut edge) = (world.house.path().to_owned(), world.head().await, Vec::new());
    let world = world.opened_again_after(|| edge = cut_off(&folder, head - 1)).await;
    assert_eq!((edge.len(), &edge[0][4]), (1, &Cell::Text("contact_merged".into())));
    world.house.fill().await.unwrap();
    assert!(world.house.keep_index(false).await);
    let world = world.opened_again_after(|| put_back(&folder, edge)).await;
    world.house.fill().await.unwrap();
    assert!(world.house.kept_at().is_some(), "the snapshot was not used");
    assert_eq!(world.show(&bob).await["id"], ada);
    is_as_filled(&world, "absorbed").await;
}
