//! A contact that one process erased: no other shows it a second later, though it has seen it before, and though nothing is
//! projected.

use super::*;

/// After the acknowledgement no process serves it any more.
const A_SECOND: Duration = Duration::from_secs(1);

/// What is personal of her.
const WORDS: [&str; 5] = ["Lovelace", "ada@example.com", "a secret word", "vip-tag", "Analytical"];

/// Every way to read of her.
fn ways(id: &str) -> Vec<(&'static str, String, Value)> {
    let get = |path: String| ("GET", path, Value::Null);
    let find = |body: Value| ("POST", "/contacts/search".to_owned(), body);
    vec![
        get(format!("/contacts/{id}")),
        get(format!("/contacts/{id}/timeline")),
        get(format!("/contacts/{id}/history")),
        get("/contacts/channel:web:ada".to_owned()),
        get("/contacts/email:ada@example.com".to_owned()),
        get("/segments/Malaysia/contacts?columns=email,company,tags".to_owned()),
        find(json!({"search": "lovelace", "columns": ["email", "company"]})),
        find(json!({"filter": {"field": "country", "op": "in", "value": ["MY"]}, "columns": ["email", "tags"]})),
        find(json!({"columns": ["email", "last_name", "company"]})),
    ]
}

/// The ways by which something personal is still told. None waits for a position: nobody may be there to reach it.
async fn told(server: &Server, id: &str) -> Vec<String> {
    let mut telling = Vec::new();
    for (method, path, body) in ways(id) {
        let whole = format!("/v1/workspaces/default{path}");
        let body = (method == "POST").then(|| body.to_string().into_bytes());
        let headers = [("content-type", "application/json")];
        let reply = server.caller().send(method.parse().unwrap(), &whole, &headers, body).await.unwrap();
        let text = String::from_utf8(reply.bytes).unwrap();
        if WORDS.iter().any(|word| text.contains(word)) {
            telling.push(format!("{method} {path}: {text}"));
        }
    }
    telling
}

/// Erases her by one process while another one serves her and nobody projects; what that one tells of her later than a second
/// after the acknowledgement.
async fn told_after_the_erasure(broken: &[(&str, &str)]) -> Vec<String> {
    let shared = Shared::new();
    let projector = shared.start("p", "projector").await;
    let writer = shared.start("a", "api").await;
    let mut variables = vec![("DOSSIER_ROLE", "api")];
    variables.extend(broken);
    let reader = shared.start_with("b", &variables).await;
    let segment = json!({"name": "Malaysia", "filter": {"field": "country", "op": "in", "value": ["MY"]}});
    writer.call("POST", "/segments", segment).await.expect(201);
    let ada = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "country": "MY",
        "company": "Analytical", "tags": ["vip-tag"], "channels": [{"channel": "web", "external_id": "ada"}]});
    let id = contact_of(&writer.call("POST", "/contacts", ada).await.expect(201));
    let mut said = message("ada", "m1");
    said["content"]["text"] = "a secret word".into();
    writer.call("POST", "/messages", said).await.expect(200);
    writer.call("GET", &format!("/contacts/{id}"), Value::Null).await.expect(200);
    until("the other shows all of her", async || told(&reader, &id).await.len() == ways(&id).len()).await;

    projector.signal("-STOP");
    writer.with("DELETE", &format!("/contacts/{id}"), &[], Value::Null).await.expect(200);
    let acknowledged = Instant::now();
    let mut telling = Vec::new();
    while acknowledged.elapsed() < A_SECOND {
        told(&reader, &id).await;
    }
    for _ in 0..3 {
        telling.extend(told(&reader, &id).await);
    }
    projector.signal("-CONT");
    let gone = writer.call("GET", &format!("/contacts/{id}"), Value::Null).await;
    assert_eq!(gone.problem(), (410, "contact_erased".to_owned()));
    telling
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_serves_an_erased_contact_a_second_later() {
    assert_eq!(told_after_the_erasure(&[]).await, Vec::<String>::new());
    let broken = told_after_the_erasure(&[("DOSSIER_SABOTAGE", "DestructionsGoUnheard")]).await;
    assert!(!broken.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_whose_process_was_cut_off_is_finished_by_another() {
    let shared = Shared::new();
    let projector = shared.start("p", "projector").await;
    let api = shared.start_with("a", &[("DOSSIER_ROLE", "api"), ("DOSSIER_SABOTAGE", "ErasuresAreCutOff")]).await;
    let ada = contact_of(&api.call("POST", "/contacts", json!({"first_name": "Ada"})).await.expect(201));
    api.call("DELETE", &format!("/contacts/{ada}"), Value::Null).await.expect(200);
    api.kill();
    let key = format!("select count(*) from dossier_keys.keys where holder = '{ada}' and destroyed is not null");
    until("the key is destroyed", async || shared.postgres.answer(&key) == "1").await;
    projector.stop();
    shared.must_agree();
}
