//! Custom fields: defined, changed, retired; what contacts show of them, and what is refused.

use serde_json::{Value, json};

use super::*;

async fn define(door: &Door, key: &str, kind: &str) -> Value {
    door.call("POST", "/fields", json!({"key": key, "name": format!("The {key}"), "type": kind})).await.expect(201)
}

async fn list(door: &Door, query: &str) -> Vec<String> {
    let page = door.call("GET", &format!("/fields{query}"), Value::Null).await.expect(200);
    page["fields"].as_array().unwrap().iter().map(|field| field["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_is_defined_changed_and_retired() {
    let door = Door::open().await;
    let tier = json!({"key": "tier", "name": " Tier ", "type": "list", "options": ["Gold", "Silver"]});
    let made = door.call("POST", "/fields", tier).await;
    assert_eq!(made.header("location"), "/v1/workspaces/default/fields/tier");
    let made_tag = made.header("etag").to_owned();
    let shown = json!({"key": "tier", "name": "Tier", "type": "list", "options": ["Gold", "Silver"], "order": 1,
        "retired": false});
    assert_eq!(made.expect(201), shown);
    define(&door, "score", "number").await;
    let read = door.call("GET", "/fields/tier", Value::Null).await;
    assert_eq!(read.header("etag"), made_tag);
    assert_eq!(read.expect(200), shown);
    assert_eq!(list(&door, "").await, ["tier", "score"]);

    let change = json!({"name": "Stufe", "options": ["gold", "Bronze"], "order": 7});
    let stale = door.with("PATCH", "/fields/tier", &[("if-match", "\"999\"")], change.clone()).await;
    assert_eq!(stale.problem(), (412, "revision_conflict".into()));
    let changed = door.with("PATCH", "/fields/tier", &[("if-match", &made_tag)], change).await;
    let position: u64 = changed.header("dossier-position").parse().unwrap();
    let wanted = json!({"key": "tier", "name": "Stufe", "type": "list", "options": ["Gold", "Bronze"], "order": 7,
        "retired": false});
    assert_eq!(changed.expect(200), wanted, "an option keeps its spelling");
    assert_eq!(list(&door, &format!("?min_position={position}")).await, ["score", "tier"]);
    let again = door.call("PATCH", "/fields/tier", json!({"order": 7})).await;
    assert_eq!(again.header("dossier-position"), position.to_string(), "it changes nothing");

    assert_eq!(door.call("DELETE", "/fields/tier", Value::Null).await.expect(200)["retired"], true);
    assert_eq!(list(&door, "").await, ["score"]);
    assert_eq!(list(&door, "?retired=true").await, ["score", "tier"]);
    assert_eq!(door.call("GET", "/fields/tier", Value::Null).await.expect(200)["retired"], true);
    let first = door.call("GET", "/fields?retired=true&limit=1", Value::Null).await.expect(200);
    let rest = format!("?retired=true&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(list(&door, &rest).await, ["tier"]);
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_field_is_told() {
    let door = Door::open().await;
    define(&door, "tier", "text").await;
    let taken = door.call("POST", "/fields", json!({"key": "tier", "name": "x", "type": "text"})).await;
    assert_eq!((taken.problem(), &taken.json()["retired"]), ((409, "field_exists".into()), &json!(false)));
    door.call("DELETE", "/fields/tier", Value::Null).await.expect(200);
    let taken = door.call("POST", "/fields", json!({"key": "tier", "name": "x", "type": "text"})).await.json();
    assert!(taken["detail"].as_str().unwrap().contains("stays taken"), "{taken}");
    assert_eq!(door.refused("PATCH", "/fields/tier", json!({"name": "x"})).await, (404, "field_not_found".into()));
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(door.refused(method, "/fields/nobody", Value::Null).await, (404, "field_not_found".into()));
    }
    define(&door, "score", "number").await;
    for (method, path, body, wrong) in [
        ("POST", "/fields", json!({}), vec!["/key", "/name", "/type"]),
        (
            "POST",
            "/fields",
            json!({"key": "Tier!", "name": " ", "type": "colour", "size": 1}),
            vec!["/key", "/name", "/type", "/size"],
        ),
        ("POST", "/fields", json!({"key": "l", "name": "l", "type": "list"}), vec!["/options"]),
        (
            "POST",
            "/fields",
            json!({"key": "l", "name": "l", "type": "list", "options": ["a", " ", "A"]}),
            vec!["/options/1"],
        ),
        (
            "POST",
            "/fields",
            json!({"key": "l", "name": "l", "type": "list", "options": ["a", "A"]}),
            vec!["/options/1"],
        ),
        ("POST", "/fields", json!({"key": "l", "name": "l", "type": "text", "options": ["a"]}), vec!["/options"]),
        ("POST", "/fields", json!({"key": "l", "name": "l", "type": "text", "order": 1.5}), vec!["/order"]),
        ("PATCH", "/fields/score", json!({"type": "text", "name": null, "key": "x"}), vec!["/type", "/name", "/key"]),
        ("PATCH", "/fields/score", json!({"options": ["a"]}), vec!["/options"]),
    ] {
        assert_eq!(pointers(&door.call(method, path, body.clone()).await), wrong, "{method} {body}");
    }
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_show_the_values_of_fields_in_use() {
    let door = Door::open().await;
    for (key, kind) in [("due", "datetime"), ("score", "number"), ("mail", "email")] {
        define(&door, key, kind).await;
    }
    let tiers = json!({"key": "tier", "name": "Tier", "type": "list", "options": ["Gold", "Silver"]});
    door.call("POST", "/fields", tiers).await.expect(201);
    let custom = json!({"due": "2026-03-01T09:30:00+08:00", "score": -0.0, "mail": " Ada@Example.com", "tier": "gold"});
    let ada = door.contact(json!({"first_name": "Ada", "custom": custom})).await;
    let shown = json!({"due": "2026-03-01T01:30:00Z", "score": 0, "mail": "Ada@Example.com", "tier": "Gold"});
    assert_eq!(door.show(&ada).await["custom"], shown);

    // An option that is offered no more stays with who has it, and is given to nobody else.
    door.call("PATCH", "/fields/tier", json!({"options": ["Silver"]})).await.expect(200);
    assert_eq!(door.show(&ada).await["custom"]["tier"], "Gold");
    let path = format!("/contacts/{ada}");
    assert_eq!(pointers(&door.call("PATCH", &path, json!({"custom": {"tier": "Gold"}})).await), ["/custom/tier"]);

    door.call("DELETE", "/fields/score", Value::Null).await.expect(200);
    assert_eq!(door.show(&ada).await["custom"].get("score"), None);
    assert_eq!(pointers(&door.call("PATCH", &path, json!({"custom": {"score": 1}})).await), ["/custom/score"]);
    let cleared = door.call("PATCH", &path, json!({"custom": {"score": null}})).await;
    assert_eq!(cleared.status, 200, "what it holds can be taken away");
    let history = door.call("GET", &format!("{path}/history?limit=1"), Value::Null).await.expect(200);
    assert_eq!(
        history["entries"][0]["data"]["before"],
        json!({"custom.score": 0}),
        "the history shows what was recorded"
    );
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn custom_values_are_checked_on_every_way_in() {
    let door = Door::open().await;
    define(&door, "score", "number").await;
    let (ada, ben) = (door.named("Ada").await, door.named("Ben").await);
    let wrong = json!({"score": "high", "scroe": 1});
    let both = |base: &str| vec![format!("{base}/score"), format!("{base}/scroe")];
    let create = door.call("POST", "/contacts", json!({"first_name": "Eve", "custom": wrong})).await;
    assert_eq!(pointers(&create), both("/custom"));
    let codes: Vec<Value> = create.json()["errors"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["wrong_type", "unknown_field"]);
    assert!(create.json()["errors"][1]["message"].as_str().unwrap().contains("score"), "the nearest is named");
    let patch = door.call("PATCH", &format!("/contacts/{ada}"), json!({"custom": wrong})).await;
    assert_eq!(pointers(&patch), both("/custom"));
    let said = json!({"channel": "web", "external_id": "eve", "message_id": "1", "profile": {"custom": wrong}});
    assert_eq!(pointers(&door.call("POST", "/messages", said).await), both("/profile/custom"));
    let choices = json!({"custom.score": {"value": "high"}, "custom.scroe": "secondary"});
    let merge = json!({"primary": ada, "secondary": ben, "choices": choices});
    for path in ["/merges", "/merges/preview"] {
        let wrong = ["/choices/custom.score/value", "/choices/custom.scroe"];
        assert_eq!(pointers(&door.call("POST", path, merge.clone()).await), wrong, "{path}");
    }
    let line = json!({"command": "update_contact", "contact": ada, "custom": wrong});
    let answer = door.call("POST", "/commands", line).await.json();
    assert_eq!(answer["problem"]["errors"][0]["pointer"], "/custom/score");
    // Nothing of it was taken.
    assert_eq!(door.refused("GET", "/contacts/channel:web:eve", Value::Null).await, (404, "contact_not_found".into()));
    assert_eq!(door.show(&ada).await["custom"], json!({}));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_answered_as_the_first_time_whatever_became_of_the_field() {
    let door = Door::open().await;
    let (field, key) = (json!({"key": "tier", "name": "Tier", "type": "text"}), [("idempotency-key", "define")]);
    let first = door.with("POST", "/fields", &key, field.clone()).await;
    let create = json!({"first_name": "Ada", "custom": {"tier": "gold"}});
    let made = door.with("POST", "/contacts", &[("idempotency-key", "create")], create.clone()).await.expect(201);
    door.call("DELETE", "/fields/tier", Value::Null).await.expect(200);
    let again = door.with("POST", "/fields", &key, field).await;
    assert_eq!((again.status, again.header("dossier-position")), (201, first.header("dossier-position")));
    assert_eq!(again.expect(201)["retired"], true, "the field as it is now");
    let again = door.with("POST", "/contacts", &[("idempotency-key", "create")], create).await.expect(201);
    assert_eq!(again, made);
    let other = json!({"key": "other", "name": "Tier", "type": "text"});
    assert_eq!(door.with("POST", "/fields", &key, other).await.problem(), (422, "key_reused".into()));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_defines_the_fields_that_its_lines_use() {
    let door = Door::open().await;
    let lines = [
        json!({"command": "define_field", "field": "tier", "name": "Tier", "type": "list", "options": ["Gold"]}),
        json!({"command": "create_contact", "first_name": "Ada", "email": "ada@example.com", "custom": {"tier": "gold"}}),
        json!({"command": "change_field", "field": "tier", "options": ["Gold", "Silver"]}),
        json!({"command": "update_contact", "contact": "email:ada@example.com", "custom": {"tier": "silver"}}),
        json!({"command": "retire_field", "field": "tier"}),
        json!({"command": "update_contact", "contact": "email:ada@example.com", "custom": {"tier": "gold"}}),
    ];
    let body = lines.map(|line| line.to_string()).join("\n").into_bytes();
    let ndjson = [("content-type", "application/x-ndjson")];
    let path = "/v1/workspaces/default/commands";
    for _ in 0..2 {
        let reply = door.caller().send(reqwest::Method::POST, path, &ndjson, Some(body.clone())).await.unwrap();
        let text = String::from_utf8(reply.bytes.to_vec()).unwrap();
        let answers = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].clone());
        assert_eq!(answers.collect::<Vec<_>>(), [201, 201, 200, 200, 200, 422], "{text}");
    }
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_there_after_a_restart() {
    let mut door = Door::open().await;
    define(&door, "score", "number").await;
    let ada = door.contact(json!({"first_name": "Ada", "custom": {"score": 3}})).await;
    door = door.reopen().await;
    assert_eq!(door.show(&ada).await["custom"], json!({"score": 3}));
    assert_eq!(
        pointers(&door.call("PATCH", &format!("/contacts/{ada}"), json!({"custom": {"score": "3"}})).await),
        ["/custom/score"]
    );
    door.verify();
}
