//! `dossier verify` finds what is damaged, and names it.

use rusqlite::Connection;

use super::*;

/// What verify finds in a place.
fn faults(place: &Place) -> Vec<String> {
    let run = place.run("verify --json");
    assert_eq!(run.code, Some(1), "{run:?}");
    let verdict: Value = serde_json::from_str(&run.out).unwrap();
    let faults = verdict["faults"].as_array().unwrap();
    let told = place.run("verify");
    assert_eq!((told.code, told.out.matches("fault: ").count()), (Some(1), faults.len()));
    faults.iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
}

fn change(place: &Place, file: &str, sql: &str) {
    assert_eq!(Connection::open(place.data().join(file)).unwrap().execute(sql, []).unwrap(), 1, "{sql}");
}

fn remove(place: &Place, name: &str) {
    for side in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.data().join(format!("read-{name}.db{side}")));
    }
}

const LAST_BYTE_TURNED: &str = "CAST(substr(value, 1, length(value) - 1) || x'00' AS BLOB)";

#[test]
fn a_damaged_row_is_named_and_a_rebuild_mends_it() {
    for (file, name, new) in [
        ("read-contacts.db", "contacts", LAST_BYTE_TURNED),
        ("read-mac.db", "mac", "CAST(value || x'20' AS BLOB)"),
        ("read-unfinished.db", "unfinished", "CAST(value || x'20' AS BLOB)"),
    ] {
        let place = Place::with_ada();
        assert!(place.run("verify").good().ends_with(" 0 faults\n"));
        change(&place, file, &format!("UPDATE rows SET value = {new} WHERE key = (SELECT max(key) FROM rows)"));
        let rows = Connection::open(place.data().join(file)).unwrap();
        let key: Vec<u8> = rows.query_row("SELECT max(key) FROM rows", [], |row| row.get(0)).unwrap();
        drop(rows);
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(faults(&place), [format!("{name}: row {key} is not what a fresh fold gives")]);
        place.run(&format!("projections rebuild {name}")).good();
        assert!(place.run("verify").good().ends_with(" 0 faults\n"));
        place.run("contact show channel:telegram:@ada").good();
    }
}

#[test]
fn a_read_model_that_can_not_be_opened_is_named_with_what_to_do() {
    let place = Place::with_ada();
    change(&place, "read-mac.db", "UPDATE rows SET value = x'00' WHERE key = (SELECT max(key) FROM rows)");
    remove(&place, "unfinished");
    std::fs::write(place.data().join("read-unfinished.db"), [7; 8192]).unwrap();
    for name in ["unfinished", "mac"] {
        let said = place.run("verify").failed(1);
        assert!(said.contains(&format!("delete read-{name}.db* in the data folder")), "{said}");
        remove(&place, name);
    }
    assert!(place.run("verify").good().ends_with(" 0 faults\n"));
}

#[test]
fn a_missing_row_is_counted() {
    let place = Place::with_ada();
    change(&place, "read-contacts.db", "DELETE FROM rows WHERE key = (SELECT max(key) FROM rows)");
    let faults = faults(&place);
    assert!(faults.iter().any(|fault| fault.starts_with("contacts: ") && fault.contains(" rows where ")), "{faults:?}");
}

#[test]
fn a_damaged_event_is_named_by_its_position() {
    let place = Place::with_ada();
    let comment = place.run("events --json --type comment_added").json()["position"].as_u64().unwrap();
    change(
        &place,
        "log.db",
        &format!(
            "UPDATE events SET data = CAST(substr(data, 1, length(data) - 8) || 'AAAA' || substr(data, -4) AS BLOB) WHERE position = {comment}"
        ),
    );
    let faults = faults(&place);
    assert!(
        faults.contains(&format!("the event at position {comment} can't be opened, and nobody erased it")),
        "{faults:?}"
    );
}

#[test]
fn a_missing_event_is_a_gap() {
    let place = Place::with_ada();
    let comment = place.run("events --json --type comment_added").json()["position"].as_u64().unwrap();
    place.file("more.ndjson", ADA.replace("w1", "w2").lines().next().unwrap());
    place.run("ingest more.ndjson").good();
    change(&place, "log.db", &format!("DELETE FROM events WHERE position = {comment}"));
    let faults = faults(&place);
    assert!(faults.contains(&format!("the log has a gap after position {}", comment - 1)), "{faults:?}");
}

#[test]
fn a_folder_that_holds_no_log_is_not_made() {
    let place = Place::new();
    assert!(place.run("verify").failed(1).contains("there is no log in "));
    assert!(place.run("keys rotate").failed(1).contains("there is no log in "));
    assert!(!place.data().exists());
}
