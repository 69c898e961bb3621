//! The real history: the authors of a public repository, whose outcome is known by other means (see `tests/data`).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use dossier::app::query::AsOf;
use dossier::house::{House, Options};
use dossier_domain::values::reference::Reference;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::product::{self, WORKSPACE};

const LINES: &[u8] = include_bytes!("../data/sympy.ndjson.gz");
const EXPECTED: &[u8] = include_bytes!("../data/sympy.expected.json.gz");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_history_comes_out_as_it_is_known_to_with_the_log_on_an_event_store() {
    let double = dossier_double::Double::start();
    run(Some(&double.connection())).await;
}

async fn run(event_store: Option<&str>) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    ingest(&data, event_store);
    let event_store = event_store.map(|connection| connection.to_owned().into());
    let house = House::open(&data, Options { event_store, alone: true, ..Options::default() }).await.expect("it opens");
    house.start().await.expect("it starts");
    let expected = unpacked(EXPECTED);
    let expected: Value = serde_json::from_slice(&expected).expect("JSON");
    contacts(&house, &expected).await;
    months(&house, &expected).await;
    product::verify(&house).await;
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).expect("it is unpacked");
    bytes
}

fn ingest(data: &Path, event_store: Option<&str>) {
    let lines = data.with_extension("ndjson");
    std::fs::write(&lines, unpacked(LINES)).expect("it is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    command.args(["ingest", "--json", "--replay-clock", "--data"]).arg(data).arg(&lines).stderr(Stdio::null());
    let output = command
        .env("DOSSIER_ALONE", "true")
        .envs(event_store.map(|it| ("DOSSIER_EVENT_STORE", it)))
        .output()
        .expect("it runs");
    let told: Value = serde_json::from_slice(&output.stdout).expect("it tells what it did");
    assert_eq!((&told["accepted"], &told["rejected"]), (&Value::from(63_160), &Value::from(0)), "{told}");
}

/// Every identity leads to the contact that it belongs to, and that shows as many messages as it should.
async fn contacts(house: &House, expected: &Value) {
    let identities = expected["contacts"].as_object().expect("contacts");
    let mut roots = BTreeMap::new();
    for (identity, known) in identities {
        let body = shown(house, identity).await;
        assert_eq!(body["counts"]["messages_in"], known["shown"], "{identity}");
        roots.insert(identity.as_str(), body["id"].clone());
    }
    for (identity, known) in identities {
        let root = known["root"].as_str().expect("a root");
        assert_eq!(roots[identity.as_str()], roots[root], "{identity} belongs to {root}");
    }
    let mut live: Vec<_> = roots.values().map(ToString::to_string).collect();
    live.sort();
    live.dedup();
    assert_eq!(Value::from(live.len()), expected["live"]);
}

async fn shown(house: &House, identity: &str) -> Value {
    let reference = Reference::Channel { channel: "git".into(), external_id: identity.into() };
    let body = house.contact(WORKSPACE, &reference, None::<AsOf>).await.expect("it is shown");
    serde_json::to_value(body).expect("JSON")
}

/// Every month counts as many as it should.
async fn months(house: &House, expected: &Value) {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for closed in house.read().closed_cycles(WORKSPACE).await.expect("cycles are read") {
        counted.insert(closed.cycle.to_string(), closed.active);
    }
    let projectors = house.runner().projectors().await;
    if let Some((mac, running)) = projectors.mac(WORKSPACE).and_then(|mac| Some((mac, mac.running()?))) {
        counted.insert(running.name.to_string(), mac.active_now() as u64);
    }
    for (month, active) in expected["active"].as_object().expect("months") {
        // A cycle is named by its first day.
        assert_eq!(counted.get(&format!("{month}-01")).copied().map(Value::from).as_ref(), Some(active), "{month}");
    }
}
