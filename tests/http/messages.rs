//! Messages in and out.

use serde_json::{Value, json};

use super::*;

fn inbound(handle: &str, id: &str) -> Value {
    json!({"channel": "web", "external_id": handle, "message_id": id, "content": {"type": "text", "text": "hello"}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_from_an_unknown_identity_makes_a_contact_and_a_redelivery_changes_nothing() {
    let door = Door::open().await;
    let first = door.call("POST", "/messages", inbound("a", "1")).await.expect(201);
    assert_eq!((&first["created"], &first["duplicate"]), (&json!(true), &json!(false)));
    let again = door.call("POST", "/messages", inbound("a", "1")).await.expect(200);
    assert_eq!((&again["contact_id"], &again["duplicate"]), (&first["contact_id"], &json!(true)));
    door.call("POST", "/messages", inbound("a", "2")).await;
    let shown = door.show("channel:web:a").await;
    assert_eq!((&shown["counts"]["messages_in"], &shown["status"]), (&json!(2), &json!("open")));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_messages_at_once_make_one_contact_and_all_are_kept() {
    let door = Door::open().await;
    let sent =
        (0..20).map(|number| {
            let door = &door;
            async move {
                door.call("POST", "/messages", inbound("new", &number.to_string())).await.json()["contact_id"].clone()
            }
        });
    let ids = futures::future::join_all(sent).await;
    assert!(ids.iter().all(|id| id.is_string() && *id == ids[0]), "{ids:?}");
    assert_eq!(door.show("channel:web:new").await["counts"]["messages_in"], 20);
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_goes_out_and_its_status_comes_back() {
    let door = Door::open().await;
    let ada = door.named("Ada").await;
    let path = format!("/contacts/{ada}/messages");
    assert_eq!(pointers(&door.call("POST", &path, json!({"channel": "web"})).await), ["/channel"]);
    door.call("PUT", &format!("/contacts/{ada}/channels/web/a"), Value::Null).await.expect(200);
    let out =
        json!({"channel": "web", "message_id": "m1", "content": {"type": "text", "text": "hi"}, "sender": "user"});
    door.call("POST", &path, out).await.expect(200);
    door.call("POST", &format!("{path}/m1/status"), json!({"status": "delivered"})).await.expect(200);
    let unknown = door.refused("POST", &format!("{path}/m2/status"), json!({"status": "read"})).await;
    assert_eq!(unknown, (404, "message_not_found".into()));
    assert_eq!(door.show(&ada).await["counts"]["messages_out"], 1);
    let late = json!({"channel": "web", "at": "2999-01-01T00:00:00Z"});
    assert_eq!(pointers(&door.call("POST", &path, late).await), ["/at"]);
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_blocked_inbound_is_suppressed_and_outbound_refused() {
    let door = Door::open().await;
    let id = door.call("POST", "/messages", inbound("a", "1")).await.expect(201)["contact_id"].clone();
    let path = format!("/contacts/{}", id.as_str().unwrap());
    door.call("POST", &format!("{path}/block"), json!({"reason": "spam"})).await.expect(200);
    door.call("POST", "/messages", inbound("a", "2")).await.expect(200);
    let refused = door.refused("POST", &format!("{path}/messages"), json!({"channel": "web"})).await;
    assert_eq!(refused, (409, "contact_blocked".into()));
    let shown = door.show("channel:web:a").await;
    assert_eq!((&shown["counts"]["messages_in"], &shown["counts"]["suppressed"]), (&json!(1), &json!(1)));
    assert_eq!((&shown["status"], &shown["blocked_reason"]), (&json!("blocked"), &json!("spam")));
    door.verify();
}
