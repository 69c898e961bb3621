//! Contacts: made, shown, edited, tagged, connected, erased.

use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_is_made_shown_edited_and_erased() {
    let door = Door::open().await;
    door.call("POST", "/fields", json!({"key": "tier", "name": "Tier", "type": "text"})).await.expect(201);
    let body = json!({"first_name": "Ada", "email": "Ada@Example.com", "phone": "+60123456789", "tags": ["VIP"],
        "custom": {"tier": "gold"}, "channels": [{"channel": "web", "external_id": "ada"}]});
    let made = door.call("POST", "/contacts", body).await;
    let answer = made.clone().expect(201);
    let id = answer["contact_id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/v1/workspaces/default/contacts/{id}"));
    assert_eq!(made.header("etag"), format!("\"{}\"", answer["position"]));
    assert_eq!(made.header("dossier-position"), answer["position"].to_string());
    for reference in [id, "email:ada@example.com", "phone:%2B60123456789", "channel:web:ada"] {
        let shown = door.show(reference).await;
        assert_eq!((shown["id"].as_str(), &shown["country"]), (Some(id), &json!("MY")), "{reference}");
        assert_eq!((&shown["tags"], &shown["custom"]), (&json!(["VIP"]), &json!({"tier": "gold"})));
    }
    let path = format!("/contacts/{id}");
    door.call("PATCH", &path, json!({"first_name": null, "company": "Acme", "custom": {"tier": null}}))
        .await
        .expect(200);
    let shown = door.show(id).await;
    assert_eq!((&shown["first_name"], &shown["company"], &shown["custom"]), (&Value::Null, &json!("Acme"), &json!({})));
    let then = door.call("GET", &format!("{path}?as_of_position={}", answer["position"]), Value::Null).await;
    assert_eq!(then.json()["first_name"], "Ada");
    assert_eq!(then.header("etag"), "", "an erasure can change the past, whose positions stay");
    let erased = door.call("DELETE", &path, Value::Null).await;
    assert!(!erased.header("dossier-position").is_empty() && !erased.header("etag").is_empty());
    erased.expect(200);
    assert_eq!(door.refused("GET", &path, Value::Null).await, (410, "contact_erased".into()));
    assert_eq!(door.refused("PATCH", &path, json!({"company": "x"})).await, (410, "contact_erased".into()));
    let by_email = door.refused("GET", "/contacts/email:ada@example.com", Value::Null).await;
    assert_eq!(by_email, (404, "contact_not_found".into()));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_exists_already_is_updated_or_refused_as_asked() {
    let door = Door::open().await;
    let ada =
        door.contact(json!({"email": "a@example.com", "channels": [{"channel": "web", "external_id": "a"}]})).await;
    door.contact(json!({"phone": "+60123456789"})).await;
    let post = |body: Value| door.call("POST", "/contacts", body);
    let taken = post(json!({"channels": [{"channel": "web", "external_id": "a"}]})).await;
    assert_eq!((taken.problem(), taken.json()["contact_id"].as_str()), ((409, "identity_taken".into()), Some(&*ada)));
    let exists = post(json!({"email": "A@example.com", "if_exists": "fail"})).await;
    assert_eq!(exists.problem(), (409, "contact_exists".into()));
    let updated = post(json!({"email": "a@example.com", "company": "Acme", "if_exists": "update"})).await.expect(200);
    assert_eq!((updated["contact_id"].as_str(), &updated["created"]), (Some(&*ada), &json!(false)));
    post(json!({"email": "a@example.com", "company": "Other", "if_exists": "fill_empty"})).await.expect(200);
    assert_eq!(door.show(&ada).await["company"], "Acme");
    let both = post(json!({"email": "a@example.com", "phone": "+60123456789", "if_exists": "update"})).await;
    assert_eq!(both.problem(), (409, "ambiguous_reference".into()));
    assert_eq!(both.json()["candidates"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let door = Door::open().await;
    let body = json!({"first_name": "x".repeat(201), "email": "ada", "country": "Malaysia", "nick": 1,
        "channels": [{"channel": "Web", "external_id": ""}]});
    let mut told = pointers(&door.call("POST", "/contacts", body).await);
    told.sort();
    assert_eq!(told, ["/channels/0/channel", "/channels/0/external_id", "/country", "/email", "/first_name", "/nick"]);
    assert_eq!(pointers(&door.call("POST", "/contacts", json!({})).await).len(), 1);
    assert_eq!(pointers(&door.call("POST", "/contacts", json!({"first_name": "a\u{0}b"})).await), ["/first_name"]);
    assert_eq!(door.refused("GET", "/contacts/nonsense", Value::Null).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_and_identities_are_put_on_and_taken_off() {
    let door = Door::open().await;
    let (ada, bob) = (door.named("Ada").await, door.named("Bob").await);
    door.call("PUT", &format!("/contacts/{ada}/tags/Big%20Fish"), Value::Null).await.expect(200);
    let position =
        door.call("PUT", &format!("/contacts/{bob}/tags/big%20fish"), Value::Null).await.expect(200)["position"]
            .clone();
    let tags = door
        .call("GET", &format!("/tags?prefix=big&min_position={position}&wait_ms=60000"), Value::Null)
        .await
        .expect(200);
    assert_eq!(tags["tags"].as_array().unwrap().len(), 1, "{tags}");
    assert_eq!(door.show(&bob).await["tags"], json!(["Big Fish"]));
    door.call("DELETE", &format!("/contacts/{bob}/tags/BIG%20FISH"), Value::Null).await.expect(200);
    assert_eq!(door.show(&bob).await["tags"], json!([]));
    let handle = |id: &str| format!("/contacts/{id}/channels/web/h%2F1");
    door.call("PUT", &handle(&ada), Value::Null).await.expect(200);
    assert_eq!(door.refused("PUT", &handle(&bob), Value::Null).await, (409, "identity_taken".into()));
    assert_eq!(door.show("channel:web:h%2F1").await["id"], *ada);
    door.call("DELETE", &handle(&ada), Value::Null).await.expect(200);
    door.call("PUT", &handle(&bob), Value::Null).await.expect(200);
    assert_eq!(door.show(&bob).await["channels"][0]["external_id"], "h/1");
    assert_eq!(door.refused("PUT", &format!("/contacts/{ada}/tags/{}", "x".repeat(101)), Value::Null).await.0, 422);
    door.verify();
}
