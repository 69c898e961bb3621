//! Serving: what was done is there, through restarts, a lost data folder's read models, and a server that goes away.

use dossier_double::{Call, Double, Fault};
use serde_json::{Value, json};

use crate::server::{Server, log_of};

/// Everything that is shown of a contact.
async fn shown(server: &Server, id: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for rest in ["", "/timeline", "/history"] {
        all.push(server.call("GET", &format!("/contacts/{id}{rest}"), Value::Null).await.expect(200));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_live_on_an_event_store() {
    let double = Double::start();
    let connection = double.connection().replace("esdb://", "esdb://admin:changeit@");
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let server = Server::start_over(&data, &[("DOSSIER_EVENT_STORE", &connection)]).await;
    let ada = server.call("POST", "/contacts", json!({"first_name": "Ada"})).await.expect(201);
    let ada = ada["contact_id"].as_str().unwrap().to_owned();
    let said = json!({"channel": "whatsapp", "external_id": "60123456789", "message_id": "w1", "content": {"type": "text", "text": "hello"}});
    let bob = server.call("POST", "/messages", said.clone()).await.expect(201);
    let bob = bob["contact_id"].as_str().unwrap().to_owned();
    let merged = server.call("POST", "/merges", json!({"primary": ada, "secondary": bob})).await.expect(201);
    let again = server.call("POST", "/messages", said).await.expect(200);
    assert_eq!(again["duplicate"], true, "{again}");
    let after = json!({"channel": "whatsapp", "external_id": "60123456789", "message_id": "w2", "content": {"type": "text", "text": "again"}});
    double.faults().next(Call::Append, Fault::CutAfter);
    server.call("POST", "/messages", after).await.expect(200);
    let together = shown(&server, &ada).await;
    assert_eq!(together[0]["counts"]["messages_in"], 2, "{}", together[0]);
    server.stop();

    let server = Server::start_over(&data, &[("DOSSIER_EVENT_STORE", &connection)]).await;
    assert_eq!(shown(&server, &ada).await, together);
    let merge = merged["merge_id"].as_str().unwrap();
    server.call("POST", &format!("/merges/{merge}/unmerge"), Value::Null).await.expect(200);
    let parted = [shown(&server, &ada).await, shown(&server, &bob).await];
    server.kill();

    // Read models and mark index are derived.
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("read-") || name.starts_with("marks.db") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let server = Server::start_over(&data, &[("DOSSIER_EVENT_STORE", &connection)]).await;
    assert_eq!([shown(&server, &ada).await, shown(&server, &bob).await], parted);
    double.down();
    let refused = server.call("POST", "/contacts", json!({"first_name": "Eve"}));
    double.up();
    refused.await.expect(201);
    server.stop();
    let log = std::fs::read_to_string(log_of(&data)).unwrap_or_default();
    assert!(!log.contains("changeit") && !log.contains("YWRtaW46Y2hhbmdlaXQ"), "{log}");
    assert!(double.events().iter().all(|event| event.event.metadata["content-type"] == "application/json"));
    for event in double.events() {
        let beside: Value = serde_json::from_slice(&event.event.custom_metadata).unwrap();
        assert!(beside["$correlationId"].is_string() && beside["$causationId"].is_string(), "{beside}");
        assert_eq!(beside["$correlationId"], beside["meta"]["$correlationId"]);
    }
}
