//! What holds for every route: keys, entity tags, positions, bodies, unknown paths.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_under_its_key_is_answered_as_the_first_time_and_another_body_is_refused() {
    let door = Door::open().await;
    let key = [("idempotency-key", "k 1")];
    let post = |body: Value| door.with("POST", "/contacts", &key, body);
    let first = post(json!({"first_name": "Ada", "company": "Acme"})).await;
    let id = first.json()["contact_id"].as_str().unwrap().to_owned();
    door.call("PATCH", &format!("/contacts/{id}"), json!({"company": "Other"})).await.expect(200);
    let again = post(json!({"company": "Acme", "first_name": "Ada"})).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("dossier-position"), first.header("dossier-position"));
    assert_eq!(post(json!({"first_name": "Bob"})).await.problem(), (422, "key_reused".into()));
    let elsewhere = door.with("POST", &format!("/contacts/{id}/comments"), &key, json!({"text": "x"})).await;
    assert_eq!(elsewhere.problem(), (422, "key_reused".into()));
    door.call("DELETE", &format!("/contacts/{id}"), Value::Null).await.expect(200);
    let late = post(json!({"first_name": "Ada", "company": "Acme"})).await;
    assert_eq!((late.status, &late.json()["contact_id"]), (201, &json!(id)));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_under_one_key_are_one() {
    let door = Door::open().await;
    let sent =
        (0..8).map(|_| door.with("POST", "/contacts", &[("idempotency-key", "k")], json!({"first_name": "Ada"})));
    let answers: Vec<_> = futures::future::join_all(sent).await.into_iter().map(|reply| reply.expect(201)).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entity_tag_stops_a_command_on_a_contact_that_changed() {
    let door = Door::open().await;
    let ada = door.named("Ada").await;
    let path = format!("/contacts/{ada}");
    let etag = door.call("GET", &path, Value::Null).await.header("etag").to_owned();
    let patch = |etag: String, body: Value| {
        let (door, path) = (&door, &path);
        async move { door.with("PATCH", path, &[("if-match", &etag)], body).await }
    };
    patch(etag.clone(), json!({"company": "Acme"})).await.expect(200);
    let stale = patch(etag, json!({"company": "Other"})).await;
    assert_eq!(
        (stale.problem(), stale.json()["contact_id"].as_str()),
        ((412, "revision_conflict".into()), Some(&*ada))
    );
    patch("*".into(), json!({"company": "Other"})).await.expect(200);
    assert_eq!(patch("bare".into(), json!({"company": "x"})).await.problem(), (422, "validation".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_waits_for_the_position_it_is_given_or_says_that_it_is_behind() {
    let door = Door::open().await;
    let made = door.call("POST", "/contacts", json!({"email": "a@example.com"})).await;
    let position = [("dossier-min-position", made.header("dossier-position"))];
    let path = "/contacts/email:a@example.com?wait_ms=60000";
    assert_eq!(door.with("GET", path, &position, Value::Null).await.expect(200)["email"], "a@example.com");
    let behind = door.call("GET", "/tags?min_position=1000000&wait_ms=1", Value::Null).await;
    assert_eq!((behind.problem(), behind.header("retry-after")), ((503, "projection_behind".into()), "1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_and_paths_that_nobody_understands_are_refused_as_problems() {
    let door = Door::open().await;
    let caller = door.caller();
    let contacts = "/v1/workspaces/default/contacts";
    let post = |content_type: &'static str, body: Vec<u8>| {
        let caller = &caller;
        async move { caller.send(Method::POST, contacts, &[("content-type", content_type)], Some(body)).await.unwrap() }
    };
    assert_eq!(post("text/plain", b"{}".to_vec()).await.problem(), (415, "unsupported_media_type".into()));
    assert_eq!(post("application/json", b"{\"a".to_vec()).await.problem(), (400, "malformed_request".into()));
    let nowhere = door.refused("GET", "/nowhere", Value::Null).await;
    assert_eq!(nowhere, (404, "route_not_found".into()));
    let wrong = door.call("PUT", "/contacts", Value::Null).await;
    assert_eq!((wrong.problem(), wrong.header("allow")), ((405, "method_not_allowed".into()), "POST"));
    let unknown = caller.send(Method::GET, "/v1/workspaces/other/tags", &[], None).await.unwrap();
    assert_eq!(unknown.problem(), (404, "unknown_workspace".into()));
    for (path, type_of) in [
        ("/healthz", "application/json"),
        ("/readyz", "application/json"),
        ("/openapi.json", "application/json"),
        ("/docs", "text/html"),
        ("/metrics", "text/plain"),
    ] {
        let reply = caller.send(Method::GET, path, &[], None).await.unwrap();
        assert!(reply.status == 200 && reply.header("content-type").starts_with(type_of), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_beyond_the_limit_is_refused() {
    let door = Door::open().await;
    let body = vec![b' '; 1024 * 1024 + 1];
    let json = [("content-type", "application/json")];
    // The server may close before all is sent: then no answer comes, and nothing was taken either.
    let sent = door.caller().send(Method::POST, "/v1/workspaces/default/contacts", &json, Some(body)).await;
    if let Ok(reply) = sent {
        assert_eq!(reply.problem(), (413, "body_too_large".into()));
    }
    door.verify();
}
