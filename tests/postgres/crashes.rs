//! Postgres is killed and started again while the projections follow the log.

use serde_json::{Value, json};

use super::*;

/// Handles that write in: few, so that their contacts change again and again.
const HANDLES: usize = 8;
/// Messages of each between two crashes.
const MESSAGES: usize = 12;
const CRASHES: usize = 4;

/// Every handle writes in, and each message is acknowledged.
async fn write_in(server: &Server, round: usize, part: &str) {
    for number in 0..MESSAGES {
        for handle in 0..HANDLES {
            let message = json!({"channel": "web", "external_id": format!("h{handle}"),
                "message_id": format!("{part}-{round}-{number}"), "content": {"type": "text", "text": "hello"}});
            let status = server.call("POST", "/messages", message).await.status;
            assert!(status == 200 || status == 201, "{status}");
        }
    }
    // Somebody who never writes again: nothing that comes later mends what is lost of him.
    let message = json!({"channel": "web", "external_id": format!("once-{part}-{round}"), "message_id": "m",
        "content": {"type": "text", "text": "hello"}});
    server.call("POST", "/messages", message).await.expect(201);
}

/// Crashes the database again and again while messages come, until the read models have all of it.
async fn lived_through(place: &Place, server: &Server) {
    write_in(server, 0, "before").await;
    for round in 0..CRASHES {
        let ((), ()) = tokio::join!(write_in(server, round, "while"), async {
            tokio::task::block_in_place(|| place.postgres.crash());
        });
        write_in(server, round, "without").await;
        tokio::task::block_in_place(|| place.postgres.run());
        write_in(server, round, "after").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_skipped_or_applied_twice() {
    let place = Place::new();
    let server = place.serve(None).await;
    lived_through(&place, &server).await;
    for handle in 0..HANDLES {
        let shown = server.call("GET", &format!("/contacts/channel:web:h{handle}"), Value::Null).await.expect(200);
        assert_eq!(shown["counts"]["messages_in"], (1 + 3 * CRASHES) * MESSAGES, "{shown}");
    }
    server.stop();
    assert_eq!(place.faults(), Vec::<Value>::new());
}

/// A contact that can't be stored, and one that comes later; the faults that are found afterwards.
async fn stored_late(broken: Option<&str>) -> Vec<Value> {
    let place = Place::new();
    let server = place.serve(broken).await;
    place.postgres.answer("alter table dossier.lookups rename to gone");
    let ada = json!({"first_name": "Ada", "email": "ada@example.com"});
    server.call("POST", "/contacts", ada).await.expect(201);
    while server.get("/healthz").await.unwrap().status == 200 {
        tokio::task::yield_now().await;
    }
    place.postgres.answer("alter table dossier.gone rename to lookups");
    let grace = server.call("POST", "/contacts", json!({"first_name": "Grace"})).await.expect(201);
    let id = grace["contact_id"].as_str().unwrap();
    server.call("GET", &format!("/contacts/{id}"), Value::Null).await.expect(200);
    assert_eq!(server.get("/healthz").await.unwrap().status, 200);
    server.stop();
    place.faults()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_stored_is_stored_later() {
    assert_eq!(stored_late(None).await, Vec::<Value>::new());
    assert_ne!(stored_late(Some("ProjectorsGoOnUnsound")).await, Vec::<Value>::new());
}
