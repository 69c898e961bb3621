//! The door over an application that takes everything: what is said before and after the application.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use super::*;
use crate::house::{House, Options};
use crate::ports::Recorded;

const NOBODY: &str = "0197f3a2-0000-7000-8000-000000000001";

/// A house in a folder of its own, the door to it, and what closes the door.
struct Open {
    house: Arc<House>,
    router: Router,
    close: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

async fn open() -> Open {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), Options::default()).await.unwrap();
    house.start().await.unwrap();
    let (close, closing) = watch::channel(false);
    Open { router: router::router(Door::new(house.clone(), closing)), house, close, _folder: folder }
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The name of the problem, and its status twice.
    #[track_caller]
    fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        json["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned()
    }
}

impl Open {
    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(format!("/v1/workspaces/default{path}"));
        self.send(request.header("content-type", "application/json").body(body).unwrap()).await
    }

    /// Makes a contact and answers its path.
    async fn contact(&self, name: &str) -> String {
        let made = self.call("POST", "/contacts", json!({"first_name": name})).await;
        format!("/contacts/{}", made.json()["contact_id"].as_str().unwrap())
    }

    /// Stored names of all that is in the log.
    async fn events(&self) -> Vec<String> {
        let all: Vec<Recorded> = self.house.store().read_all(0, 1_000_000).await.unwrap();
        all.into_iter().map(|recorded| recorded.event.event_type.to_string()).collect()
    }

    /// How often something is in the log.
    async fn count(&self, event: &str) -> usize {
        self.events().await.iter().filter(|own| *own == event).count()
    }
}

mod commands_one_by_one {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_answer_bears_its_etag_its_position_and_the_place_of_what_was_made() {
        let made = open().await.call("POST", "/contacts", json!({"email": "ada@example.com"})).await;
        assert_eq!(made.status, 201);
        let json = made.json();
        let contact = json["contact_id"].as_str().unwrap();
        assert_eq!(made.header("location"), format!("/v1/workspaces/default/contacts/{contact}"));
        assert_eq!(made.header("dossier-position"), json["position"].to_string());
        assert_eq!(made.header("etag"), format!("\"{}\"", json["position"]));
        assert_eq!(json["created"], true);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn parts_of_the_path_may_hold_anything_that_is_percent_encoded() {
        let open = open().await;
        let contact = open.contact("Ada").await;
        let channel = format!("{contact}/channels/web/https%3A%2F%2Fx.y%2F%25%3F");
        assert_eq!(open.call("PUT", &channel, Value::Null).await.status, 200);
        let by_channel = "/contacts/channel:web:https:%2F%2Fx.y%2F%25%3F/comments";
        assert_eq!(open.call("POST", by_channel, json!({"text": "hi"})).await.status, 200);
        assert_eq!(open.call("PUT", &format!("{contact}/tags/a%2Fb%20c"), Value::Null).await.status, 200);
        let broken = open.call("PUT", &format!("{contact}/tags/%FF"), Value::Null).await;
        assert_eq!(broken.problem(), "validation");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_command_has_its_path() {
        let open = open().await;
        let (ada, bob) = (open.contact("Ada").await, open.contact("Bob").await);
        let contact = |rest: &str| format!("{ada}{rest}");
        let (primary, secondary) = (ada.rsplit('/').next().unwrap(), bob.rsplit('/').next().unwrap());
        for (method, path, body, status) in [
            ("PATCH", contact(""), json!({"last_name": "Lovelace"}), 200),
            ("PUT", contact("/tags/x"), Value::Null, 200),
            ("DELETE", contact("/tags/x"), Value::Null, 200),
            ("PUT", contact("/channels/sms/1"), Value::Null, 200),
            ("POST", contact("/conversation/open"), Value::Null, 200),
            ("POST", contact("/conversation/snooze"), json!({"until": "2999-01-01T00:00:00Z"}), 200),
            ("POST", contact("/conversation/close"), json!({"category": "done"}), 200),
            ("POST", contact("/assign"), json!({"assignee": "user:7"}), 200),
            ("POST", contact("/comments"), json!({"text": "x"}), 200),
            ("POST", contact("/messages"), json!({"channel": "sms", "message_id": "m/1"}), 200),
            ("POST", contact("/messages/m%2F1/status"), json!({"status": "read"}), 200),
            ("DELETE", contact("/channels/sms/1"), Value::Null, 200),
            ("POST", contact("/block"), json!({"reason": "spam"}), 200),
            ("POST", contact("/unblock"), Value::Null, 200),
            ("POST", "/messages".into(), json!({"channel": "sms", "external_id": "2", "message_id": "1"}), 201),
            ("POST", "/merges".into(), json!({"primary": primary, "secondary": secondary}), 201),
            ("POST", contact("/unmerge"), json!({"secondary": secondary}), 200),
            ("DELETE", contact(""), Value::Null, 200),
            ("PUT", String::new(), json!({"time_zone": "Asia/Kuala_Lumpur"}), 200),
        ] {
            let reply = open.call(method, &path, body).await;
            assert_eq!(reply.status.as_u16(), status, "{method} {path}: {:?}", reply.body);
        }
        for event in ["message_sent", "message_status_changed", "contact_unmerged", "contact_erased"] {
            assert_eq!(open.count(event).await, 1, "{event}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_merge_has_its_place_and_is_undone_there() {
        let open = open().await;
        let (ada, bob) = (open.contact("Ada").await, open.contact("Bob").await);
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let merged = open.call("POST", "/merges", json!({"primary": id(&ada), "secondary": id(&bob)})).await;
        let merge = merged.json()["merge_id"].as_str().unwrap().to_owned();
        assert_eq!(merged.header("location"), format!("/v1/workspaces/default/merges/{merge}"));
        let undone = open.call("POST", &format!("/merges/{merge}/unmerge"), Value::Null).await.json();
        let sides = json!([undone["secondary"], undone["primary"], undone["root"]]);
        assert_eq!(sides, json!([id(&bob), id(&ada), id(&ada)]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_retry_under_its_key_is_answered_as_the_first_time_and_another_body_is_refused() {
        let open = open().await;
        let post = |body: Value| {
            let request = Request::post("/v1/workspaces/default/contacts").header("idempotency-key", "k");
            open.send(request.body(Body::from(body.to_string())).unwrap())
        };
        let first = post(json!({"first_name": "Ada", "tags": ["x"]})).await;
        let again = post(json!({"tags": ["x"], "first_name": " Ada "})).await;
        assert_eq!(
            (first.status, first.json()["contact_id"].clone()),
            (again.status, again.json()["contact_id"].clone())
        );
        assert_eq!(post(json!({"first_name": "Bob"})).await.problem(), "key_reused");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_etag_that_no_longer_holds_stops_the_command() {
        let open = open().await;
        let contact = open.contact("Ada").await;
        let patch = |etag: &str| {
            let request = Request::patch(format!("/v1/workspaces/default{contact}")).header("if-match", etag);
            open.send(request.body(Body::from(json!({"company": "Acme"}).to_string())).unwrap())
        };
        for stale in ["\"1\"", "\"not-ours\"", "W/\"2\""] {
            assert_eq!(patch(stale).await.problem(), "revision_conflict", "{stale}");
        }
        assert_eq!(patch("*").await.status, 200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_wrong_is_told_as_a_problem() {
        let open = open().await;
        let wrong = open.call("POST", "/contacts", json!({"email": "ada", "nick": 1})).await;
        assert_eq!((wrong.status.as_u16(), wrong.problem()), (422, "validation".into()));
        assert_eq!(wrong.json()["errors"][0]["pointer"], "/email");
        assert_eq!(open.call("POST", "/contacts", json!([])).await.problem(), "validation");
        assert_eq!(open.call("GET", "/nowhere", Value::Null).await.problem(), "route_not_found");
        let wrong = open.call("PUT", "/contacts", Value::Null).await;
        assert_eq!((wrong.problem(), wrong.header("allow")), ("method_not_allowed".into(), "POST"));
        let request = Request::get("/v1/workspaces/Not%20One/tags").body(Body::empty()).unwrap();
        assert_eq!(open.send(request).await.problem(), "unknown_workspace");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_body_that_is_too_large_or_of_another_type_or_broken_is_refused() {
        let open = open().await;
        let post = |content_type: &str, body: Body| {
            let request = Request::post("/v1/workspaces/default/contacts").header("content-type", content_type);
            open.send(request.body(body).unwrap())
        };
        let large = vec![b' '; body::BODY_MAX + 1];
        assert_eq!(post("application/json", large.clone().into()).await.problem(), "body_too_large");
        let unannounced = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(large))]);
        assert_eq!(post("application/json", Body::from_stream(unannounced)).await.problem(), "body_too_large");
        assert_eq!(post("text/plain", "{}".into()).await.problem(), "unsupported_media_type");
        let malformed = post("application/json; charset=utf-8", "{\"a\"".into()).await;
        assert_eq!((malformed.problem(), &malformed.json()["offset"]), ("malformed_request".into(), &json!(3)));
    }
}

mod reads {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_read_waits_for_the_position_it_is_given() {
        let open = open().await;
        open.contact("Ada").await;
        assert_eq!(open.call("GET", "/tags?prefix=v&min_position=1", Value::Null).await.status, 200);
        let behind = open.call("GET", "/tags?min_position=2000000&wait_ms=5", Value::Null).await;
        assert_eq!((behind.problem(), behind.header("retry-after")), ("projection_behind".into(), "1"));
        let request = Request::get("/v1/workspaces/default/tags?wait_ms=5").header("dossier-min-position", "2000000");
        assert_eq!(open.send(request.body(Body::empty()).unwrap()).await.problem(), "projection_behind");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn parameters_are_read_strictly() {
        let open = open().await;
        for wrong in ["limit=0", "limit=1001", "limit=x", "prefix=a&prefix=b", "nonsense=1", "wait_ms=60001"] {
            assert_eq!(
                open.call("GET", &format!("/tags?{wrong}"), Value::Null).await.problem(),
                "validation",
                "{wrong}"
            );
        }
        let contact = open.contact("Ada").await;
        let timeline = |query: &str| format!("{contact}/timeline?{query}");
        let all = timeline("kind=message,comment&kind=event&channel=sms&external_id=%2B1&limit=5&own=true");
        assert_eq!(open.call("GET", &all, Value::Null).await.json(), json!({"entries": [], "next_cursor": null}));
        assert_eq!(open.call("GET", &format!("{all}&cursor=x"), Value::Null).await.problem(), "validation");
        for wrong in ["kind=mail", "own=yes", "channel=SMS", "external_id="] {
            assert_eq!(open.call("GET", &timeline(wrong), Value::Null).await.problem(), "validation", "{wrong}");
        }
        let both = format!("/contacts/{NOBODY}?as_of=2026-01-01T00:00:00Z&as_of_position=3");
        assert_eq!(open.call("GET", &both, Value::Null).await.problem(), "validation");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_reference_that_is_none_is_wrong_and_a_merge_that_is_none_is_not_there() {
        let open = open().await;
        assert_eq!(open.call("GET", "/contacts/ada", Value::Null).await.problem(), "validation");
        assert_eq!(open.call("GET", &format!("/contacts/{NOBODY}"), Value::Null).await.problem(), "contact_not_found");
        assert_eq!(open.call("GET", "/merges/7", Value::Null).await.problem(), "merge_not_found");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_store_tells_how_it_does() {
        let open = open().await;
        let get = |path: &str| open.send(Request::get(path).body(Body::empty()).unwrap());
        assert_eq!(get("/healthz").await.json(), json!({"healthy": true, "reasons": [], "damage": 0}));
        assert_eq!(get("/readyz").await.status, 200);
        open.call("POST", "/contacts", json!({"first_name": "Ada"})).await;
        let metrics = String::from_utf8(get("/metrics").await.body.to_vec()).unwrap();
        assert!(metrics.contains(r#"dossier_commands_total{command="create_contact",outcome="ok"}"#), "{metrics}");
        assert!(metrics.contains(r#"route="/v1/workspaces/{workspace}/contacts",method="POST",status="201""#));
        assert!(get("/docs").await.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(get("/openapi.json").await.json()["openapi"], "3.1.0");
        open.close.send_replace(true);
        assert_eq!(get("/readyz").await.status, 503);
    }
}

mod streams {
    use super::*;

    fn lines(reply: &Reply) -> Vec<Value> {
        let text = std::str::from_utf8(&reply.body).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn post(open: &Open, query: &str, body: impl Into<Body>) -> Reply {
        let request = Request::post(format!("/v1/workspaces/default/commands{query}"));
        open.send(request.header("content-type", "application/x-ndjson").body(body.into()).unwrap()).await
    }

    fn message(number: usize) -> String {
        let (handle, id) = (number % 100, format!("m{number}"));
        json!({"command": "receive_message", "channel": "sms", "external_id": handle.to_string(), "message_id": id})
            .to_string()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_line_gets_its_answer_in_order_and_a_bad_one_is_refused_alone() {
        let open = open().await;
        let body = format!("{}\n\nnonsense\n{}\r\n{{\"command\":\"fly\"}}\n{}", message(1), message(2), message(3));
        let reply = post(&open, "", body).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/x-ndjson"));
        let lines = lines(&reply);
        let told: Vec<_> = lines.iter().map(|line| (line["line"].as_u64(), line["status"].as_u64())).collect();
        let expected = [(1, 201), (3, 400), (4, 201), (5, 422), (6, 201)];
        assert_eq!(told, expected.map(|(line, status)| (Some(line), Some(status))));
        let members = ["contact_id", "created", "duplicate", "line", "position", "revision", "status"];
        assert_eq!(lines[0].as_object().unwrap().keys().collect::<Vec<_>>(), members);
        assert_eq!(lines[1]["problem"]["type"], "/problems/malformed_request");
        assert_eq!(open.count("message_received").await, 3);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_line_beyond_the_limit_is_refused_alone() {
        let open = open().await;
        let chunk = Bytes::from(vec![b'x'; 256 * 1024]);
        let long = std::iter::repeat_n(chunk, 8).chain([Bytes::from(format!("\n{}\n", message(1)))]);
        let reply = post(&open, "", Body::from_stream(futures::stream::iter(long.map(Ok::<_, std::io::Error>)))).await;
        let lines = lines(&reply);
        assert_eq!(lines[0]["problem"]["type"], "/problems/body_too_large");
        assert_eq!(lines[1]["status"], 201);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_waits_though_answers_are_read_only_when_all_is_sent() {
        let open = open().await;
        let body: String = (0..5_000).map(|number| message(number) + "\n").collect();
        let chunks: Vec<_> =
            body.as_bytes().chunks(8_192).map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk))).collect();
        let (sent, all_sent) = tokio::sync::oneshot::channel();
        let mut sent = Some(sent);
        let stream = futures::stream::iter(chunks).chain(futures::stream::poll_fn(move |_| {
            if let Some(sent) = sent.take() {
                let _ = sent.send(());
            }
            std::task::Poll::Ready(None)
        }));
        let request = Request::post("/v1/workspaces/default/commands").body(Body::from_stream(stream)).unwrap();
        let response = open.router.clone().oneshot(request).await.unwrap();
        all_sent.await.unwrap();
        let answers = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(answers.iter().filter(|byte| **byte == b'\n').count(), 5_000);
        assert_eq!(open.count("message_received").await, 5_000);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_same_input_sent_again_changes_nothing_and_is_answered_as_before() {
        let open = open().await;
        let create = r#"{"command":"create_contact","first_name":"Ada"}"#;
        let body = format!("{create}\n{create}\n");
        let (first, before) = (post(&open, "", body.clone()).await, open.events().await);
        assert_eq!(open.count("contact_created").await, 2);
        let again = post(&open, "", body).await;
        assert_eq!((lines(&first), before), (lines(&again), open.events().await));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_a_replay_time_is_what_the_lines_say() {
        let open = open().await;
        let at = |at: &str, id: &str| {
            json!({"command": "receive_message", "channel": "sms", "external_id": "1", "message_id": id, "at": at})
                .to_string()
        };
        let body = format!("{}\n{}\n", at("2020-01-02T00:00:00Z", "a"), at("2020-01-01T00:00:00Z", "b"));
        let lines = lines(&post(&open, "?clock=replay", body).await);
        assert_eq!(lines[0]["status"], 201);
        assert_eq!(lines[1]["problem"]["type"], "/problems/clock_behind");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn half_a_line_of_a_body_that_breaks_off_is_not_taken() {
        let open = open().await;
        let whole = Ok(Bytes::from(format!("{}\n{}", message(1), message(2))));
        let broken = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        let reply = post(&open, "", Body::from_stream(futures::stream::iter([whole, broken]))).await;
        assert_eq!((lines(&reply).len(), open.count("message_received").await), (1, 1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stream_that_must_stop_says_where() {
        let open = open().await;
        open.close.send_replace(true);
        let lines = lines(&post(&open, "", message(1)).await);
        assert_eq!(lines[0]["problem"]["type"], "/problems/store_unavailable");
        assert_eq!((&lines[0]["line"], open.count("message_received").await), (&json!(1), 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_wrong_with_the_whole_stream_is_told_before_it_begins() {
        let open = open().await;
        assert_eq!(post(&open, "?clock=mine", "").await.problem(), "validation");
        let request = Request::post("/v1/workspaces/nowhere/commands").body(Body::empty()).unwrap();
        assert_eq!(open.send(request).await.problem(), "unknown_workspace");
        let request = Request::post("/v1/workspaces/default/commands").header("idempotency-key", "k");
        assert_eq!(open.send(request.body(Body::empty()).unwrap()).await.problem(), "validation");
        let replayed = post(&open, "?clock=replay", message(1)).await;
        assert_eq!(lines(&replayed)[0]["problem"]["errors"][0]["pointer"], "/at");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_feed_goes_on_after_the_last_event_seen_and_ends_with_the_store() {
        let open = open().await;
        open.contact("Ada").await;
        let request = Request::get("/v1/workspaces/default/events").header("last-event-id", "1");
        let response = open.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let text = std::str::from_utf8(&first).unwrap();
        assert!(text.contains("id: 2\n") && text.contains("event: ") && text.contains("data: {"), "{text}");
        open.close.send_replace(true);
        while let Some(frame) = body.frame().await {
            assert!(frame.is_ok());
        }
        let wrong = open.call("GET", "/events?type=birthday", Value::Null).await;
        assert_eq!(wrong.problem(), "validation");
    }
}
