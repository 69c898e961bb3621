//! The conversation with a contact: opened, snoozed, assigned, commented, closed.

use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_opened_snoozed_assigned_commented_and_closed() {
    let door = Door::open().await;
    let ada = door.named("Ada").await;
    let post = |rest: &str, body: Value| {
        let path = format!("/contacts/{ada}{rest}");
        let door = &door;
        async move { door.call("POST", &path, body).await }
    };
    let later = json!({"until": "2999-01-01T00:00:00Z"});
    assert_eq!(post("/conversation/snooze", later.clone()).await.problem(), (409, "not_open".into()));
    let opened = post("/conversation/open", Value::Null).await.expect(200);
    let again = post("/conversation/open", Value::Null).await.expect(200);
    assert_eq!(opened["revision"], again["revision"], "what changes nothing appends nothing");
    post("/conversation/snooze", later).await.expect(200);
    assert_eq!(door.show(&ada).await["status"], "snoozed");
    let past = post("/conversation/snooze", json!({"until": "2001-01-01T00:00:00Z"})).await;
    assert_eq!(pointers(&past), ["/until"]);
    post("/assign", json!({"assignee": "user:7"})).await.expect(200);
    post("/comments", json!({"text": "called back"})).await.expect(200);
    assert_eq!(pointers(&post("/comments", json!({"text": "x".repeat(4_001)})).await), ["/text"]);
    post("/conversation/close", json!({"category": "sold", "summary": "two"})).await.expect(200);
    let shown = door.show(&ada).await;
    assert_eq!((&shown["assignee"], &shown["counts"]["comments"]), (&json!("user:7"), &json!(1)));
    assert_eq!(shown["conversation"]["status"], "closed");
    post("/assign", json!({"assignee": null})).await.expect(200);
    post("/block", json!({"reason": "spam"})).await.expect(200);
    assert_eq!(post("/conversation/open", Value::Null).await.problem(), (409, "contact_blocked".into()));
    post("/unblock", Value::Null).await.expect(200);
    assert_eq!(door.show(&ada).await["status"], "closed");
    door.verify();
}
