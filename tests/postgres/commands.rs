//! Every command that opens a house, over read models in Postgres.

use serde_json::{Value, json};

use super::*;

const PEOPLE: &str = r#"{"command":"define_field","field":"tier","name":"Tier","type":"list","options":["gold","silver"]}
{"command":"create_contact","first_name":"Ada","country":"MY","email":"ada@example.com","tags":["VIP"],"custom":{"tier":"gold"},"channels":[{"channel":"web","external_id":"ada"}]}
{"command":"create_contact","first_name":"Bob","country":"MY","tags":["VIP"],"channels":[{"channel":"web","external_id":"bob"}]}
{"command":"receive_message","channel":"whatsapp","external_id":"60123456789","message_id":"w1","text":"hello"}
{"command":"merge_contacts","primary":"channel:web:ada","secondary":"channel:whatsapp:60123456789"}
{"command":"define_segment","name":"Gold","filter":{"field":"custom.tier","op":"in","value":["gold"]}}
"#;

fn with_people() -> Place {
    Place::with(PEOPLE, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reads_and_writes_them_there_and_nothing_in_the_folder() {
    let place = with_people();
    assert!(place.run("search").starts_with("2 contacts\n"));
    assert!(place.run("contact show email:ada@example.com").contains("Ada"));
    for name in ["contacts", "mac", "unfinished"] {
        let at = place.run("projections list --json");
        place.run(&format!("projections rebuild {name}"));
        assert_eq!(place.run("projections list --json"), at, "{name}");
        assert!(place.faults().is_empty(), "{name}");
    }
    let server = place.serve(None).await;
    let found =
        server.call("POST", "/contacts/search", json!({"search": "ada", "columns": ["tags"]})).await.expect(200);
    assert_eq!(found["contacts"].as_array().unwrap().len(), 1, "{found}");
    let members = server.call("GET", "/segments/Gold/contacts", Value::Null).await.expect(200);
    assert_eq!(members["contacts"].as_array().unwrap().len(), 1, "{members}");
    let tier = json!({"custom": {"tier": "gold"}});
    server.call("PATCH", "/contacts/channel:web:bob", tier).await.expect(200);
    let feed = server.call("GET", "/segments/Gold/changes", Value::Null).await.expect(200);
    assert_eq!(feed["changes"][0]["change"], "entered", "{feed}");
    server.call("DELETE", "/contacts/channel:web:bob", Value::Null).await.expect(200);
    server.stop();
    assert!(place.faults().is_empty());
    assert!(place.run("search").starts_with("1 contact"));
    let names = std::fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap().file_name());
    let local: Vec<_> = names.filter(|name| name.to_string_lossy().contains("read-")).collect();
    assert!(local.is_empty(), "{local:?}");
    assert_eq!(place.postgres.answer("select count(*) from pg_namespace where nspname like 'dossier\\_%'"), "0");
}

/// The same answers as by the index, page after page, and no index.
#[test]
fn a_search_in_the_store_answers_as_the_index_does() {
    let place = with_people();
    let json = |line: &str| -> Value { serde_json::from_str(&place.run(line)).unwrap() };
    for asked in [
        "--sort display_name",
        "country=MY --sort -display_name",
        "tier=gold",
        "--search ada",
        "tags=any",
        "segment=Gold",
    ] {
        let filter = match asked {
            "tags=any" => r#"{"not":{"field":"tags","op":"any_of","value":["vip"]}}"#,
            "segment=Gold" => r#"{"field":"segment","op":"any_of","value":["Gold"]}"#,
            asked => asked,
        };
        let [by_index, in_store] = ["", "--in-store"].map(|how| json(&format!("search --json {how} {filter}")));
        assert_eq!(in_store["count"], by_index["count"], "{asked}");
        assert_eq!(in_store["contacts"], by_index["contacts"], "{asked}");
    }
    let first = json("search --json --in-store --sort display_name --limit 1");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = json(&format!("search --json --in-store --sort display_name --limit 1 --cursor {cursor}"));
    assert_eq!(second["contacts"][0]["display_name"], "Bob", "{first} {second}");
    let other = place.refused(&format!("search --json --sort display_name --limit 1 --cursor {cursor}"));
    assert!(other.contains("cursor"), "{other}");
}

#[test]
fn a_damaged_row_is_named_and_a_rebuild_mends_it() {
    let place = with_people();
    let damage = [
        (
            "contacts",
            "update dossier.own_states set state = '\\x02' || state where contact_id = (select contact_id from dossier.own_states limit 1)",
        ),
        ("contacts", "delete from dossier.lookups"),
        ("mac", "delete from dossier.mac_interactions"),
        ("unfinished", "insert into dossier.unfinished_claims values (gen_random_uuid(), gen_random_uuid(), 1, 1)"),
    ];
    for (name, change) in damage {
        place.postgres.answer(change);
        let faults = place.faults();
        assert!(faults.iter().any(|fault| fault.as_str().unwrap().starts_with(name)), "{change}: {faults:?}");
        place.run(&format!("projections rebuild {name}"));
        assert!(place.faults().is_empty(), "{change}");
    }
}

#[test]
fn read_models_ahead_of_the_log_are_refused_with_what_to_do() {
    let place = with_people();
    place.postgres.answer("update dossier.checkpoints set position = 1000000 where projection = 'mac'");
    let said = place.refused("projections list");
    assert!(said.contains("ahead of the log") && said.contains("drop the schema dossier in Postgres"), "{said}");
    place.postgres.answer("drop schema dossier cascade");
    assert!(place.run("search").starts_with("2 contacts\n"), "they are made anew");
    assert!(place.faults().is_empty());
}

#[test]
fn an_address_that_can_not_be_used_is_refused_and_no_password_is_told() {
    let place = Place::new();
    for (address, told) in [
        ("mysql://ada:s3cret@localhost/crm", "--read-store: it is no address of Postgres"),
        ("postgres://ada:s3cret@127.0.0.1:1/crm", "Postgres at 127.0.0.1, database crm, schema dossier: "),
        (
            "postgres://ada:s3cret@127.0.0.1:1/crm?sslmode=verify-ca",
            "--read-store: sslmode=verify-ca needs sslrootcert=FILE",
        ),
        ("postgres://ada:s3cret@127.0.0.1:1/crm?schema=A", "--read-store: a schema is named by"),
    ] {
        let output = place.command("ingest -").env(READ_STORE, address).env("RUST_LOG", "trace").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(told), "{address}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
        let mut help = place.command("search --help");
        let help = String::from_utf8(help.env(READ_STORE, address).output().unwrap().stdout).unwrap();
        assert!(help.contains(READ_STORE) && !help.contains("s3cret"), "{help}");
    }
}

#[test]
fn keys_lie_in_the_database_where_one_is_named() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("people.ndjson"), PEOPLE).unwrap();
    place.over_keys_there("ingest people.ndjson");
    assert!(!place.data().join("keys.db").exists());
    assert!(place.over_keys_there("contact show email:ada@example.com").contains("Ada"));
    let keys = place.postgres.answer("select count(*) from dossier_keys.keys");
    assert!(keys.parse::<u32>().unwrap() >= 4, "{keys}");
    let said = place.refused("contact show email:ada@example.com");
    assert!(said.contains("the log holds ") && said.contains("keys.db none of their keys"), "{said}");
    place.over_keys_there("keys rotate");
    assert!(place.over_keys_there("verify").ends_with(" 0 faults\n"));
    place.postgres.answer("drop schema dossier_keys cascade");
    let output = place.command("search").env(KEYRING, place.postgres.address()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the log holds ") && said.contains("schema dossier_keys none of their keys"), "{said}");
}
