//! What analysts see: the tables, the queries of `schemas/postgres/queries`, and nothing else.

use serde_json::{Value, json};

use super::*;

const HISTORY: &str = r#"{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"tier","name":"Tier","type":"list","options":["gold","silver"]}
{"command":"create_contact","at":"2024-01-05T10:00:00Z","first_name":"Ada","email":"ada@example.com","country":"MY","tags":["VIP","Beta"],"custom":{"tier":"gold"},"channels":[{"channel":"web","external_id":"ada"}]}
{"command":"create_contact","at":"2024-01-20T10:00:00Z","first_name":"Bob","email":"ADA@example.com","country":"MY","tags":["vip"],"channels":[{"channel":"web","external_id":"bob"}]}
{"command":"receive_message","at":"2024-02-03T10:00:00Z","channel":"whatsapp","external_id":"w1","message_id":"m1","text":"hello"}
{"command":"receive_message","at":"2024-02-10T10:00:00Z","channel":"web","external_id":"ada","message_id":"m2","text":"hello"}
{"command":"send_message","at":"2024-02-11T10:00:00Z","contact":"channel:web:ada","channel":"web","external_id":"ada","message_id":"m3","text":"hello"}
{"command":"merge_contacts","at":"2024-02-20T10:00:00Z","primary":"channel:web:ada","secondary":"channel:whatsapp:w1"}
{"command":"create_contact","at":"2024-03-02T10:00:00Z","first_name":"Eve","country":"GB","custom":{"tier":"silver"},"channels":[{"channel":"web","external_id":"eve"}]}
{"command":"receive_message","at":"2024-03-05T10:00:00Z","channel":"web","external_id":"eve","message_id":"m4","text":"hello"}
"#;

fn with_history() -> Place {
    Place::with(HISTORY, "--replay-clock")
}

/// What each query answers, ids left out.
const ANSWERS: [(&str, &str); 11] = [
    (
        "active_contacts_by_cycle",
        "default|2024-01-01|2024-01-01 00:00:00+00|2024-02-01 00:00:00+00|0|\ndefault|2024-02-01|2024-02-01 00:00:00+00|2024-03-01 00:00:00+00|1|1",
    ),
    ("contacts_by_country", "default|MY|2|66.7\ndefault|GB|1|33.3"),
    ("contacts_by_source", "default|none|1|0\ndefault|web|1|1\ndefault|whatsapp|1|2"),
    ("custom_field_values", "default|tier|gold|1\ndefault|tier|silver|1"),
    (
        "interactions_by_week",
        "default|2024-01-29|whatsapp|1|0|0\ndefault|2024-02-05|web|1|1|0\ndefault|2024-03-04|web|1|0|0",
    ),
    ("most_merged_contacts", "default|ID|Ada|1|2024-02-20 10:00:00+00|2024-02-20 10:00:00+00"),
    ("most_used_tags", "default|vip|VIP|2\ndefault|beta|Beta|1"),
    ("new_contacts_by_month", "default|2024-01-01|2|2\ndefault|2024-03-01|1|3"),
    ("possible_duplicates", "default|email|ada@example.com|2|{Ada,Bob}"),
    ("silent_contacts", "default|ID|Ada|2|2024-02-10 10:00:00+00\ndefault|ID|Eve|1|2024-03-05 10:00:00+00"),
    ("waiting_for_an_answer", "default|ID|Eve|web||2024-03-05 10:00:00+00"),
];

#[test]
fn every_query_answers_what_the_history_comes_to() {
    let place = with_history();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/postgres/queries");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = files.map(|name| name.to_string_lossy().replace(".sql", "")).collect();
    names.sort();
    assert_eq!(names, ANSWERS.map(|(name, _)| name), "every query is here, and every one of these is a query");
    for (name, expected) in ANSWERS {
        let query = std::fs::read_to_string(folder.join(format!("{name}.sql"))).unwrap();
        let answer = place.as_analyst(&query);
        let without_ids = |line: &str| {
            let values = line.split('|').map(|value| if value.len() == 36 { "ID" } else { value });
            values.collect::<Vec<_>>().join("|")
        };
        let answer: Vec<String> = answer.lines().map(without_ids).collect();
        assert_eq!(answer, expected.lines().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn analysts_read_what_is_meant_for_them_and_write_nothing() {
    let place = with_history();
    for _ in ["at first", "after a rebuild"] {
        assert_eq!(place.as_analyst("select count(*) from dossier.contacts"), "3");
        assert_eq!(place.as_analyst("select count(*) from dossier.contact_channels"), "4");
        assert_eq!(place.as_analyst("select count(*) from dossier.mac_members"), "1");
        for table in ["own_states", "lookups", "installation", "unfinished_claims"] {
            let may = format!("select has_table_privilege('dossier_reader', 'dossier.{table}', 'select')");
            assert_eq!(place.postgres.answer(&may), "f", "{table}");
        }
        let writable = "select count(*) from information_schema.table_privileges
            where grantee = 'dossier_reader' and privilege_type <> 'SELECT'";
        assert_eq!(place.postgres.answer(writable), "0");
        place.run("projections rebuild contacts");
        place.run("projections rebuild mac");
    }
}

/// Rows go with the very transaction that moves the checkpoint over the erasure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_of_an_erased_contact_is_left() {
    let place = with_history();
    let tables = ["contacts", "contact_tags", "contact_channels", "merges"];
    let ada = place.postgres.answer("select contact_id from dossier.contacts where first_name = 'Ada'");
    let of_ada = |table: &str| {
        let count = format!("select count(*) from dossier.{table} where contact_id = '{ada}'");
        place.postgres.answer(&count)
    };
    assert!(tables.iter().all(|table| of_ada(table) != "0"));
    let server = place.serve(None).await;
    server.call("DELETE", "/contacts/channel:web:ada", Value::Null).await.expect(200);
    server.call("GET", "/contacts/channel:web:bob", Value::Null).await.expect(200);
    assert!(tables.iter().all(|table| of_ada(table) == "0"));
    assert_eq!(place.postgres.answer("select count(*) from dossier.contacts"), "2");
    server.call("PUT", "/contacts/channel:web:bob/tags/late", Value::Null).await.expect(200);
    server.stop();
    assert!(place.faults().is_empty());
    let said = "select count(*) from dossier.contacts c
        where (to_jsonb(c) - 'email_folded' - 'searched')::text like '%ada@%'";
    let said = place.postgres.answer(said);
    assert_eq!(said, "0", "the other one spells it otherwise");
}

/// What is merged is shown as one, and what is unmerged as two again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_follow_merges_and_unmerges() {
    let place = with_history();
    let server = place.serve(None).await;
    let rows = "select display_name, messages_in, absorbed from dossier.contacts order by 1, 2";
    assert_eq!(place.postgres.answer(rows), "Ada|2|1\nBob|0|0\nEve|1|0");
    let body = json!({"secondary": "channel:whatsapp:w1"});
    server.call("POST", "/contacts/channel:web:ada/unmerge", body).await.expect(200);
    server.call("GET", "/contacts/channel:whatsapp:w1", Value::Null).await.expect(200);
    assert_eq!(place.postgres.answer(rows), "Ada|1|0\nBob|0|0\nEve|1|0\nw1|1|0");
    let body = json!({"primary": "channel:web:bob", "secondary": "channel:web:eve"});
    server.call("POST", "/merges", body).await.expect(201);
    server.call("GET", "/contacts/channel:web:bob", Value::Null).await.expect(200);
    assert_eq!(place.postgres.answer(rows), "Ada|1|0\nBob|1|1\nw1|1|0");
    server.stop();
    assert!(place.faults().is_empty());
}

/// Each is in the sum of its day, whoever shows it, and whether or not anybody does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_of_days_follow_no_merge_and_no_erasure() {
    let place = with_history();
    let server = place.serve(None).await;
    let sums =
        "select day, channel, direction, kind, sender, interactions from dossier.interactions_daily order by 1, 2, 3";
    let before = "2024-02-03|whatsapp|in|message|contact|1\n2024-02-10|web|in|message|contact|1\n\
                  2024-02-11|web|out|message|api|1\n2024-03-05|web|in|message|contact|1";
    let told = async |who: &str, expected: &str| {
        server.call("GET", &format!("/contacts/channel:web:{who}"), Value::Null).await.expect(200);
        assert_eq!(place.postgres.answer(sums), expected);
    };
    told("eve", before).await;
    let body = json!({"secondary": "channel:whatsapp:w1"});
    server.call("POST", "/contacts/channel:web:ada/unmerge", body).await.expect(200);
    let body = json!({"primary": "channel:web:bob", "secondary": "channel:web:eve"});
    server.call("POST", "/merges", body).await.expect(201);
    server.call("DELETE", "/contacts/channel:web:ada", Value::Null).await.expect(200);
    told("bob", before).await;
    // From now on its days are those of another zone.
    let zone =
        json!({"time_zone": "Asia/Kuala_Lumpur", "billing_anchor_day": 1, "default_region": null, "active_days": 30});
    server.call("PUT", "", zone).await.expect(200);
    let late = json!({"channel": "web", "external_id": "bob", "message_id": "m5", "at": "2024-03-05T20:00:00Z",
        "content": {"type": "text", "text": "hello"}});
    server.call("POST", "/messages", late).await.expect(200);
    told("bob", &format!("{before}\n2024-03-06|web|in|message|contact|1")).await;
    server.stop();
    assert!(place.faults().is_empty(), "a fresh fold gives the same sums");
    place.run("projections rebuild mac");
    assert_eq!(place.postgres.answer(sums), format!("{before}\n2024-03-06|web|in|message|contact|1"));
    assert_eq!(place.as_analyst("select sum(interactions) from dossier.interactions_daily"), "5");
}

/// Who is in which segment, by names.
const MEMBERS: &str = "select s.name, c.display_name from dossier.segments s left join dossier.segment_members m
    using (workspace, segment_id) left join dossier.contacts c using (contact_id) order by 1, 2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_have_the_members_that_the_server_tells() {
    let place = with_history();
    let server = place.serve(None).await;
    let filter = json!({"field": "custom.tier", "op": "in", "value": ["gold"]});
    server.call("POST", "/segments", json!({"name": "Gold", "filter": filter})).await.expect(201);
    server.call("POST", "/segments", json!({"name": "Not gold", "filter": {"not": filter}})).await.expect(201);
    let told = async |expected: &str| {
        // A read waits until everything that was acknowledged is stored.
        server.call("GET", "/contacts/channel:web:eve", Value::Null).await.expect(200);
        assert_eq!(place.postgres.answer(MEMBERS), expected);
    };
    told("Gold|Ada\nNot gold|Bob\nNot gold|Eve").await;
    let gold = json!({"custom": {"tier": "gold"}});
    server.call("PATCH", "/contacts/channel:web:bob", gold).await.expect(200);
    told("Gold|Ada\nGold|Bob\nNot gold|Eve").await;
    server.call("PATCH", "/segments/Gold", json!({"name": "Golden"})).await.expect(200);
    server.call("DELETE", "/contacts/channel:web:ada", Value::Null).await.expect(200);
    told("Golden|Bob\nNot gold|Eve").await;
    server.stop();
    // Its feed begins anew, with those who are in.
    place.run("projections rebuild contacts");
    let server = place.serve(None).await;
    server.call("GET", "/segments/golden", Value::Null).await.expect(200);
    assert_eq!(place.postgres.answer(MEMBERS), "Golden|Bob\nNot gold|Eve");
    server.call("DELETE", "/segments/golden", Value::Null).await;
    server.call("GET", "/contacts/channel:web:eve", Value::Null).await.expect(200);
    assert_eq!(place.postgres.answer(MEMBERS), "Not gold|Eve");
    server.stop();
    assert!(place.faults().is_empty());
}
