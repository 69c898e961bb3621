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

/// What was given out and not stored is lost if nobody asks the database where it stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projections_that_go_on_with_what_they_remember_are_found_out() {
    let place = Place::new();
    let server = place.serve(Some("ProjectorsGoOnUnsound")).await;
    lived_through(&place, &server).await;
    // Whatever is lost, something comes last, so that it is stored.
    server.call("GET", "/contacts/channel:web:h0", Value::Null).await;
    server.stop();
    assert_ne!(place.faults(), Vec::<Value>::new());
}
