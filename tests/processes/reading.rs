//! Reading from a process that does not project: the same answers, as new as they must be.

use super::*;

/// What one process was told to do and every other shows.
const DEEDS: &[(&str, &str, &str)] = &[
    ("POST", "/fields", r#"{"key": "tier", "name": "Tier", "type": "list", "options": ["gold", "silver"]}"#),
    ("POST", "/segments", r#"{"name": "Malaysia", "filter": {"field": "country", "op": "in", "value": ["MY"]}}"#),
    ("POST", "/segments", r#"{"name": "Nobody", "filter": {"field": "country", "op": "in", "value": ["AQ"]}}"#),
    (
        "POST",
        "/messages",
        r#"{"channel": "web", "external_id": "ada", "message_id": "m1", "content": {"type": "text", "text": "hello"}}"#,
    ),
    (
        "PATCH",
        "/contacts/channel:web:ada",
        r#"{"first_name": "Ada", "country": "MY", "email": "ada@example.com", "custom": {"tier": "gold"}}"#,
    ),
    ("PUT", "/contacts/channel:web:ada/tags/VIP", "null"),
    (
        "POST",
        "/contacts",
        r#"{"first_name": "Bob", "country": "MY", "phone": "+60123456789", "tags": ["vip", "late"], "channels": [{"channel": "web", "external_id": "bob"}]}"#,
    ),
    (
        "POST",
        "/contacts",
        r#"{"first_name": "Carl", "last_name": "Meyer", "country": "DE", "channels": [{"channel": "web", "external_id": "carl"}]}"#,
    ),
    (
        "POST",
        "/messages",
        r#"{"channel": "whatsapp", "external_id": "60123456789", "message_id": "w1", "content": {"type": "text", "text": "it is me"}}"#,
    ),
    ("POST", "/merges", r#"{"primary": "channel:web:ada", "secondary": "channel:whatsapp:60123456789"}"#),
    ("POST", "/contacts/channel:web:carl/comments", r#"{"text": "asks often"}"#),
    ("PATCH", "/contacts/channel:web:carl", r#"{"country": "MY"}"#),
    ("POST", "/contacts/channel:web:bob/block", r#"{"reason": "spam"}"#),
];

/// Every resource that is read, but for those that need a name of their own.
const READ: &[&str] = &[
    "",
    "/fields",
    "/fields/tier",
    "/segments",
    "/segments/Malaysia",
    "/segments/Malaysia/contacts?sort=first_name&count=true",
    "/segments/Malaysia/changes",
    "/segments/Nobody/contacts?count=true",
    "/tags",
    "/tags?prefix=v",
    "/contacts/channel:web:ada",
    "/contacts/channel:whatsapp:60123456789",
    "/contacts/email:ada@example.com",
    "/contacts/channel:web:ada/timeline",
    "/contacts/channel:web:ada/history",
    "/contacts/channel:web:ada/merges",
    "/contacts/channel:web:bob",
    "/contacts/channel:web:carl/history",
    "/contacts/channel:web:nobody",
    "/billing/cycles",
];

const SEARCHED: &[&str] = &[
    r#"{"count": true, "sort": [{"by": "display_name", "order": "asc"}]}"#,
    r#"{"count": true, "sort": [{"by": "country", "order": "desc"}, {"by": "first_name", "order": "asc"}], "columns": ["country", "tags"]}"#,
    r#"{"count": true, "search": "ada"}"#,
    r#"{"count": true, "search": "60123456789"}"#,
    r#"{"count": true, "filter": {"field": "tags", "op": "any_of", "value": ["VIP"]}, "sort": [{"by": "first_name", "order": "asc"}]}"#,
    r#"{"count": true, "filter": {"field": "custom.tier", "op": "in", "value": ["gold"]}}"#,
    r#"{"count": true, "filter": {"field": "segment", "op": "any_of", "value": ["Malaysia"]}, "sort": [{"by": "first_name", "order": "desc"}]}"#,
    r#"{"count": true, "filter": {"not": {"field": "status", "op": "in", "value": ["blocked"]}}, "sort": [{"by": "last_interaction", "order": "asc"}]}"#,
];

/// Where the answer is made differs in nothing but the cursors.
fn without_cursor(mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("next_cursor");
    }
    answer
}

/// All that a process answers.
async fn answers(server: &Server) -> Vec<(String, u16, Value)> {
    let mut all = Vec::new();
    let mut asked: Vec<String> = READ.iter().map(|path| (*path).to_owned()).collect();
    let cycles = server.call("GET", "/billing/cycles", Value::Null).await.expect(200);
    let cycle = cycles["cycles"][0]["cycle"].as_str().unwrap();
    asked.extend([format!("/billing/cycles/{cycle}"), format!("/billing/cycles/{cycle}/contacts")]);
    for path in asked {
        let reply = server.call("GET", &path, Value::Null).await;
        all.push((path, reply.status, without_cursor(reply.json())));
    }
    for body in SEARCHED {
        let found = server.call("POST", "/contacts/search", serde_json::from_str(body).unwrap()).await;
        all.push(((*body).to_owned(), found.status, without_cursor(found.json())));
    }
    let merges = server.call("GET", "/contacts/channel:web:ada/merges", Value::Null).await.expect(200);
    let merge = merges["merges"][0]["merge_id"].as_str().unwrap();
    for (path, body) in [
        ("/merges/preview".to_owned(), json!({"primary": "channel:web:carl", "secondary": "channel:web:ada"})),
        (format!("/merges/{merge}/unmerge/preview"), Value::Null),
    ] {
        let foreseen = server.call("POST", &path, body).await;
        all.push((path, foreseen.status, foreseen.expect(200)));
    }
    let projections = server.get("/v1/projections").await.unwrap().json();
    all.push(("projections".to_owned(), 200, projections));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_answers_alike_and_as_one_with_an_index_does() {
    let shared = Shared::new();
    let all = shared.start("a", "all").await;
    let api = shared.start("b", "api").await;
    for ((method, path, body), server) in DEEDS.iter().zip([&all, &api].into_iter().cycle()) {
        for (one, other) in [(&all, &api), (&api, &all)] {
            one.caller().hear(&other.caller());
            one.call("GET", "/segments", Value::Null).await.expect(200);
        }
        let status = server.call(method, path, serde_json::from_str(body).unwrap()).await.status;
        assert!(status == 200 || status == 201, "{method} {path}: {status}");
    }
    for (one, other) in [(&all, &api), (&api, &all)] {
        one.caller().hear(&other.caller());
    }
    let (by_all, by_api) = (answers(&all).await, answers(&api).await);
    assert_eq!(by_api, by_all);
    assert!(by_api.iter().filter(|(_, status, _)| *status == 200).count() > READ.len(), "{by_api:?}");

    // A page of one goes on at the other.
    let first = json!({"sort": [{"by": "first_name", "order": "asc"}], "limit": 1});
    let page = all.call("POST", "/contacts/search", first).await.expect(200);
    let next = json!({"sort": [{"by": "first_name", "order": "asc"}], "limit": 1, "cursor": page["next_cursor"]});
    let [here, there] =
        [all.call("POST", "/contacts/search", next.clone()).await, api.call("POST", "/contacts/search", next).await];
    assert_eq!(there.clone().expect(200)["contacts"], here.expect(200)["contacts"]);
    assert_eq!(there.json()["contacts"][0]["display_name"], "Bob");
    all.stop();
    api.stop();
    let alone = shared.start_with("a", &[("DOSSIER_ALONE", "true")]).await;
    for ((asked, status, by_index), (_, _, by_tables)) in answers(&alone).await.iter().zip(&by_api) {
        assert_eq!((status, by_index), (status, by_tables), "{asked}");
    }
    alone.stop();
    shared.must_agree();
}

/// A read that wants to be as new as a command of another process: its status.
async fn read_after_writing(broken: &[(&str, &str)], wait_ms: u32) -> u16 {
    let shared = Shared::new();
    let writer = shared.start("a", "all").await;
    let mut variables = vec![("DOSSIER_ROLE", "api")];
    variables.extend(broken);
    let reader = shared.start_with("b", &variables).await;
    let mut status = 0;
    for number in 0..20 {
        let person = json!({"first_name": format!("Person {number}")});
        let made = writer.call("POST", "/contacts", person).await;
        let position = made.header("dossier-position").to_owned();
        let path = format!("/contacts/{}?wait_ms={wait_ms}", contact_of(&made.expect(201)));
        status = reader.with("GET", &path, &[("dossier-min-position", &position)], Value::Null).await.status;
        if status != 200 {
            break;
        }
    }
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_told_a_position_reads_it_from_every_process() {
    assert_eq!(read_after_writing(&[], 60_000).await, 200);
    assert_eq!(read_after_writing(&[("DOSSIER_SABOTAGE", "NewsGoUnheard")], 500).await, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_follows_a_segment_hears_of_it_from_a_process_that_does_not_project() {
    let shared = Shared::new();
    let (all, api) = (shared.start("a", "all").await, shared.start("b", "api").await);
    let segment = json!({"name": "Malaysia", "filter": {"field": "country", "op": "in", "value": ["MY"]}});
    all.call("POST", "/segments", segment).await.expect(201);
    api.caller().hear(&all.caller());
    let (followed, ()) =
        tokio::join!(api.call("GET", "/segments/Malaysia/changes?wait_ms=60000", Value::Null), async {
            all.call("POST", "/contacts", json!({"first_name": "Ada", "country": "MY"})).await.expect(201);
        });
    assert_eq!(followed.expect(200)["changes"][0]["change"], "entered");
}
