//! Commands as lines.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;

pub(super) async fn post(door: &Door, body: String) -> Vec<Value> {
    let headers = [("content-type", "application/x-ndjson")];
    let path = "/v1/workspaces/default/commands";
    let reply = door.caller().send(Method::POST, path, &headers, Some(body.into_bytes())).await.unwrap();
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/x-ndjson"));
    let text = String::from_utf8(reply.bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_answered_in_order_and_a_bad_one_is_refused_alone() {
    let door = Door::open().await;
    let message = |number: usize| {
        json!({"command": "receive_message", "channel": "web", "external_id": format!("h{}", number % 50),
            "message_id": number.to_string(), "text": "hello"})
        .to_string()
    };
    let mut lines: Vec<String> = (0..2_000).map(message).collect();
    lines[700] = "{\"command\":\"fly\"}".into();
    lines[1_300] = "no json".into();
    lines[1_301] = json!({"command": "add_tag", "contact": "channel:web:nobody", "tag": "x"}).to_string();
    let body = lines.join("\n");
    let answers = post(&door, body.clone()).await;
    assert_eq!(answers.len(), 2_000);
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer["line"], index + 1);
        let (status, kind) = (answer["status"].as_u64().unwrap(), answer["problem"]["type"].as_str());
        match index {
            700 => assert_eq!((status, kind), (422, Some("/problems/validation"))),
            1_300 => assert_eq!((status, kind), (400, Some("/problems/malformed_request"))),
            1_301 => assert_eq!((status, kind), (404, Some("/problems/contact_not_found"))),
            _ => assert!(kind.is_none() && (status == 200 || status == 201), "{answer}"),
        }
    }
    let again = post(&door, body).await;
    assert_eq!(again[0]["contact_id"], answers[0]["contact_id"]);
    assert_eq!(door.show("channel:web:h1").await["counts"]["messages_in"], 40 - 1);
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_replay_the_lines_say_what_time_it_is() {
    let door = Door::open().await;
    let line = |at: Value| json!({"command": "create_contact", "first_name": "Ada", "at": at});
    let lines = [line(json!("2020-01-02T00:00:00Z")), line(json!("2020-01-01T00:00:00Z")), line(Value::Null)];
    let body = lines.map(|line| line.to_string()).join("\n");
    let path = "/v1/workspaces/default/commands?clock=replay";
    let reply = door.caller().send(Method::POST, path, &[], Some(body.into_bytes())).await.unwrap();
    let text = String::from_utf8(reply.bytes).unwrap();
    let statuses: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].clone()).collect();
    assert_eq!(statuses, [201, 422, 422]);
    door.verify();
}
