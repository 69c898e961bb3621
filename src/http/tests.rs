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
use crate::app::App;
use crate::app::ask::{Ask, Edit};

const ADA: &str = "0197f3a2-0000-7000-8000-000000000001";

/// An application, the door to it, and what closes the door.
struct Open {
    app: Arc<App>,
    router: Router,
    close: watch::Sender<bool>,
}

fn open() -> Open {
    let (close, closing) = watch::channel(false);
    let app = Arc::new(App::default());
    Open { router: router::router(Door::new(app.clone(), closing)), app, close }
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

    fn taken(&self) -> Vec<Ask> {
        self.app.taken.lock().iter().map(|command| command.ask.clone()).collect()
    }
}

mod commands_one_by_one {
    use super::*;

    #[tokio::test]
    async fn an_answer_bears_its_etag_its_position_and_the_place_of_what_was_made() {
        let made = open().call("POST", "/contacts", json!({"email": "ada@example.com"})).await;
        assert_eq!(made.status, 201);
        assert_eq!((made.header("etag"), made.header("dossier-position")), ("\"1\"", "1"));
        let contact = made.json()["contact_id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), format!("/v1/workspaces/default/contacts/{contact}"));
        assert_eq!(made.json(), json!({"contact_id": contact, "revision": 1, "position": 1, "created": true}));
    }

    #[tokio::test]
    async fn parts_of_the_path_may_hold_anything_that_is_percent_encoded() {
        let open = open();
        let path = format!("/contacts/channel:sms:%2B1%2F2/channels/web/{}", "https%3A%2F%2Fx.y%2F%25");
        assert_eq!(open.call("PUT", &path, Value::Null).await.status, 200);
        let Ask::Claim(_, handle) = open.taken().remove(0) else { panic!() };
        assert_eq!(&*handle.external_id, "https://x.y/%");
        open.call("PUT", &format!("/contacts/{ADA}/tags/a%2Fb%20c"), Value::Null).await;
        let Ask::Edit(_, Edit::AddTag(tag)) = open.taken().remove(1) else { panic!() };
        assert_eq!(&*tag.name, "a/b c");
        let broken = open.call("PUT", &format!("/contacts/{ADA}/tags/%FF"), Value::Null).await;
        assert_eq!(broken.problem(), "validation");
    }

    #[tokio::test]
    async fn every_command_has_its_path() {
        let open = open();
        let contact = |rest: &str| format!("/contacts/{ADA}{rest}");
        for (method, path, body) in [
            ("POST", "/contacts".to_owned(), json!({"first_name": "Ada"})),
            ("PATCH", contact(""), json!({"first_name": null})),
            ("DELETE", contact(""), Value::Null),
            ("PUT", contact("/tags/x"), Value::Null),
            ("DELETE", contact("/tags/x"), Value::Null),
            ("PUT", contact("/channels/sms/1"), Value::Null),
            ("DELETE", contact("/channels/sms/1"), Value::Null),
            ("POST", contact("/conversation/open"), Value::Null),
            ("POST", contact("/conversation/close"), json!({"category": "done"})),
            ("POST", contact("/conversation/snooze"), json!({"until": "2999-01-01T00:00:00Z"})),
            ("POST", contact("/assign"), json!({"assignee": null})),
            ("POST", contact("/comments"), json!({"text": "x"})),
            ("POST", contact("/block"), json!({})),
            ("POST", contact("/unblock"), Value::Null),
            ("POST", contact("/messages"), json!({"channel": "sms"})),
            ("POST", contact("/messages/m%2F1/status"), json!({"status": "read"})),
            ("POST", "/messages".to_owned(), json!({"channel": "sms", "external_id": "1", "message_id": "1"})),
            ("POST", "/merges".to_owned(), json!({"primary": ADA, "secondary": "email:a@b.co"})),
            ("POST", format!("/merges/{ADA}/unmerge"), Value::Null),
            ("POST", contact("/unmerge"), json!({"secondary": ADA})),
            ("PUT", String::new(), json!({"time_zone": "Asia/Kuala_Lumpur"})),
        ] {
            let reply = open.call(method, &path, body).await;
            assert!(reply.status.is_success(), "{method} {path}: {:?}", reply.body);
        }
        assert_eq!(open.taken().len(), 21);
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_as_a_problem() {
        let open = open();
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

    #[tokio::test]
    async fn a_body_that_is_too_large_or_of_another_type_or_broken_is_refused() {
        let open = open();
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

    #[tokio::test]
    async fn a_read_waits_for_the_position_it_is_given() {
        let open = open();
        assert_eq!(open.call("GET", "/tags?prefix=v&min_position=5&wait_ms=10", Value::Null).await.status, 200);
        let behind = open.call("GET", "/tags?min_position=2000000", Value::Null).await;
        assert_eq!((behind.problem(), behind.header("retry-after")), ("projection_behind".into(), "1"));
        let request = Request::get("/v1/workspaces/default/tags").header("dossier-min-position", "2000000");
        assert_eq!(open.send(request.body(Body::empty()).unwrap()).await.problem(), "projection_behind");
    }

    #[tokio::test]
    async fn parameters_are_read_strictly() {
        let open = open();
        for wrong in ["limit=0", "limit=1001", "limit=x", "prefix=a&prefix=b", "nonsense=1", "wait_ms=60001"] {
            assert_eq!(
                open.call("GET", &format!("/tags?{wrong}"), Value::Null).await.problem(),
                "validation",
                "{wrong}"
            );
        }
        let timeline = |query: &str| format!("/contacts/{ADA}/timeline?{query}");
        let all = timeline("kind=message,comment&kind=event&channel=sms&external_id=%2B1&limit=5&own=true&cursor=x");
        assert_eq!(open.call("GET", &all, Value::Null).await.json(), json!({"entries": [], "next_cursor": null}));
        for wrong in ["kind=mail", "own=yes", "channel=SMS", "external_id="] {
            assert_eq!(open.call("GET", &timeline(wrong), Value::Null).await.problem(), "validation", "{wrong}");
        }
        let both = format!("/contacts/{ADA}?as_of=2026-01-01T00:00:00Z&as_of_position=3");
        assert_eq!(open.call("GET", &both, Value::Null).await.problem(), "validation");
    }

    #[tokio::test]
    async fn a_reference_that_is_none_is_wrong_and_a_merge_that_is_none_is_not_there() {
        let open = open();
        assert_eq!(open.call("GET", "/contacts/ada", Value::Null).await.problem(), "validation");
        assert_eq!(open.call("GET", &format!("/contacts/{ADA}"), Value::Null).await.problem(), "contact_not_found");
        assert_eq!(open.call("GET", "/merges/7", Value::Null).await.problem(), "merge_not_found");
    }

    #[tokio::test]
    async fn the_store_tells_how_it_does() {
        let open = open();
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

    fn tag(number: usize) -> String {
        json!({"command": "add_tag", "contact": ADA, "tag": format!("t{number}")}).to_string()
    }

    #[tokio::test]
    async fn every_line_gets_its_answer_in_order_and_a_bad_one_is_refused_alone() {
        let open = open();
        let body = format!("{}\n\nnonsense\n{}\r\n{{\"command\":\"fly\"}}\n{}", tag(1), tag(2), tag(3));
        let reply = post(&open, "", body).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/x-ndjson"));
        let lines = lines(&reply);
        let told: Vec<_> = lines.iter().map(|line| (line["line"].as_u64(), line["status"].as_u64())).collect();
        let expected = [(1, 200), (3, 400), (4, 200), (5, 422), (6, 200)];
        assert_eq!(told, expected.map(|(line, status)| (Some(line), Some(status))));
        assert_eq!(
            lines[0].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["contact_id", "line", "position", "revision", "status"]
        );
        assert_eq!(lines[1]["problem"]["type"], "/problems/malformed_request");
        assert_eq!(open.taken().len(), 3);
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_is_refused_alone() {
        let open = open();
        let chunk = Bytes::from(vec![b'x'; 256 * 1024]);
        let long = std::iter::repeat_n(chunk, 8).chain([Bytes::from(format!("\n{}\n", tag(1)))]);
        let reply = post(&open, "", Body::from_stream(futures::stream::iter(long.map(Ok::<_, std::io::Error>)))).await;
        let lines = lines(&reply);
        assert_eq!(lines[0]["problem"]["type"], "/problems/body_too_large");
        assert_eq!(lines[1]["status"], 200);
    }

    #[tokio::test]
    async fn nobody_waits_though_answers_are_read_only_when_all_is_sent() {
        let open = open();
        let body: String = (0..20_000).map(|number| tag(number) + "\n").collect();
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
        assert_eq!(answers.iter().filter(|byte| **byte == b'\n').count(), 20_000);
    }

    #[tokio::test]
    async fn half_a_line_of_a_body_that_breaks_off_is_not_taken() {
        let open = open();
        let whole = Ok(Bytes::from(format!("{}\n{}", tag(1), tag(2))));
        let broken = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        let reply = post(&open, "", Body::from_stream(futures::stream::iter([whole, broken]))).await;
        assert_eq!((lines(&reply).len(), open.taken().len()), (1, 1));
    }

    #[tokio::test]
    async fn a_stream_that_must_stop_says_where() {
        let open = open();
        open.close.send_replace(true);
        let lines = lines(&post(&open, "", tag(1)).await);
        assert_eq!(lines[0]["problem"]["type"], "/problems/store_unavailable");
        assert_eq!((&lines[0]["line"], open.taken().len()), (&json!(1), 0));
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_whole_stream_is_told_before_it_begins() {
        let open = open();
        assert_eq!(post(&open, "?clock=mine", "").await.problem(), "validation");
        let request = Request::post("/v1/workspaces/nowhere/commands").body(Body::empty()).unwrap();
        assert_eq!(open.send(request).await.problem(), "unknown_workspace");
        let request = Request::post("/v1/workspaces/default/commands").header("idempotency-key", "k");
        assert_eq!(open.send(request.body(Body::empty()).unwrap()).await.problem(), "validation");
        let replayed = post(&open, "?clock=replay", tag(1)).await;
        assert_eq!(lines(&replayed)[0]["problem"]["errors"][0]["pointer"], "/at");
    }

    #[tokio::test]
    async fn the_feed_goes_on_after_the_last_event_seen_and_ends_with_the_store() {
        let open = open();
        let request = Request::get("/v1/workspaces/default/events?type=contact_created").header("last-event-id", "1");
        let response = open.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let text = std::str::from_utf8(&first).unwrap();
        assert!(
            text.contains("id: 2\n") && text.contains("event: contact_created\n") && text.contains("data: {"),
            "{text}"
        );
        open.close.send_replace(true);
        assert!(body.frame().await.is_none());
        let wrong = open.call("GET", "/events?type=birthday", Value::Null).await;
        assert_eq!(wrong.problem(), "validation");
    }
}
