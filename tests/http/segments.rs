//! Segments: defined, changed and removed; who is in them, and who came and went.

use serde_json::{Value, json};

use super::*;

fn of_tag(tag: &str) -> Value {
    json!({"field": "tags", "op": "any_of", "value": [tag]})
}

async fn define(door: &Door, name: &str, filter: Value) -> Value {
    door.call("POST", "/segments", json!({"name": name, "filter": filter})).await.expect(201)
}

async fn names(door: &Door, query: &str) -> Vec<String> {
    let page = door.call("GET", &format!("/segments{query}"), Value::Null).await.expect(200);
    page["segments"].as_array().unwrap().iter().map(|segment| segment["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_is_defined_changed_and_removed() {
    let door = Door::open().await;
    let ada = door.contact(json!({"first_name": "Ada", "tags": ["vip"]})).await;
    let body = json!({"name": " VIP ", "filter": of_tag("VIP")});
    let made = door.with("POST", "/segments", &[("idempotency-key", "k1")], body.clone()).await;
    let (location, tag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let made = made.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/v1/workspaces/default/segments/{id}"));
    assert_eq!(made, json!({"id": id, "name": "VIP", "filter": of_tag("vip"), "count": 1}));
    let again = door.with("POST", "/segments", &[("idempotency-key", "k1")], body).await;
    assert_eq!(again.expect(201), made, "a retry makes no other one");
    define(&door, "all", json!({"all": []})).await;
    assert_eq!(names(&door, "").await, ["all", "VIP"]);
    for named in [&*id, "vip", "VIP"] {
        let shown = door.call("GET", &format!("/segments/{named}"), Value::Null).await;
        assert_eq!(shown.header("etag"), tag);
        assert_eq!(shown.expect(200), made);
    }
    let stale = door.with("PATCH", "/segments/vip", &[("if-match", "\"999\"")], json!({"name": "Guests"})).await;
    assert_eq!(stale.problem(), (412, "revision_conflict".into()));
    let change = json!({"name": "Guests", "filter": {"not": of_tag("vip")}});
    let changed = door.with("PATCH", "/segments/vip", &[("if-match", &tag)], change).await.expect(200);
    assert_eq!((&changed["name"], &changed["count"], &changed["id"]), (&json!("Guests"), &json!(0), &json!(id)));
    let referring = json!({"field": "segment", "op": "none_of", "value": ["guests"]});
    let above = define(&door, "Not guests", referring).await;
    assert_eq!(above["filter"]["value"], json!([id]), "kept by its id");
    let in_use = door.call("DELETE", "/segments/guests", Value::Null).await;
    assert_eq!((in_use.problem(), &in_use.json()["segments"]), ((409, "segment_in_use".into()), &json!([above["id"]])));
    let members =
        door.call("GET", "/segments/not%20guests/contacts?columns=tags&count=true&sort=-last_in", Value::Null);
    let members = members.await.expect(200);
    assert_eq!(members["contacts"], json!([{"id": ada, "display_name": "Ada", "tags": ["vip"]}]));
    assert_eq!(members["count"], 1);
    door.call("DELETE", "/segments/not%20guests", Value::Null).await.expect(200);
    let removed = door.call("DELETE", "/segments/guests", Value::Null).await.expect(200);
    assert_eq!(removed["segment_id"], json!(id));
    assert_eq!(names(&door, "").await, ["all"]);
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_segment_is_told() {
    let door = Door::open().await;
    let all = define(&door, "All", json!({"all": []})).await;
    for (method, path) in [
        ("GET", "/segments/nobody"),
        ("GET", "/segments/nobody/contacts"),
        ("GET", "/segments/nobody/changes"),
        ("DELETE", "/segments/nobody"),
        ("PATCH", "/segments/nobody"),
    ] {
        assert_eq!(door.refused(method, path, Value::Null).await, (404, "segment_not_found".into()), "{method} {path}");
    }
    let taken = door.call("POST", "/segments", json!({"name": "ALL", "filter": {"all": []}})).await;
    assert_eq!((taken.problem(), &taken.json()["segment_id"]), ((409, "segment_exists".into()), &all["id"]));
    let cycle = json!({"field": "segment", "op": "any_of", "value": ["all"]});
    for (method, path, body, wrong) in [
        ("POST", "/segments", json!({}), vec!["/name", "/filter"]),
        ("POST", "/segments", json!({"name": " ", "filter": {"all": []}, "size": 1}), vec!["/name", "/size"]),
        ("POST", "/segments", json!({"name": "x", "filter": {"any": []}}), vec!["/filter/any"]),
        (
            "POST",
            "/segments",
            json!({"name": "x", "filter": {"all": [{"field": "contry", "op": "eq", "value": "MY"}]}}),
            vec!["/filter/all/0/field"],
        ),
        ("PATCH", "/segments/all", json!({"filter": cycle}), vec!["/filter"]),
        ("PATCH", "/segments/all", json!({"name": null}), vec!["/name"]),
        ("GET", "/segments/all/contacts?sort=colour", Value::Null, vec!["/sort/0/by"]),
        ("GET", "/segments/all/changes?cursor=AAAA", Value::Null, vec![""]),
        ("GET", "/segments/all/changes?wait_ms=60001", Value::Null, vec![""]),
    ] {
        assert_eq!(pointers(&door.call(method, path, body).await), wrong, "{method} {path}");
    }
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_read_from_its_start_and_followed() {
    let door = Door::open().await;
    let lines = [
        json!({"command": "define_segment", "name": "VIP", "filter": of_tag("vip")}),
        json!({"command": "create_contact", "first_name": "Ada", "tags": ["vip"]}),
        json!({"command": "define_segment", "name": "Other", "filter": {"not": {"field": "segment", "op": "any_of", "value": ["vip"]}}}),
        json!({"command": "change_segment", "segment": "other", "name": "Others"}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let answers = super::commands::post(&door, body).await;
    assert_eq!(
        answers.iter().map(|answer| answer["status"].as_u64()).collect::<Vec<_>>(),
        [201, 201, 201, 200].map(Some)
    );
    assert_eq!(answers[2]["segment_id"], answers[3]["segment_id"]);
    let ada = answers[1]["contact_id"].as_str().unwrap().to_owned();
    let page = door.call("GET", "/segments/vip/changes", Value::Null).await.expect(200);
    let change = &page["changes"][0];
    assert_eq!((&change["contact_id"], &change["change"]), (&json!(ada), &json!("entered")));
    assert_eq!(page["changes"].as_array().unwrap().len(), 1);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let (next, tags) =
        (format!("/segments/vip/changes?cursor={cursor}&wait_ms=30000"), format!("/contacts/{ada}/tags/vip"));
    let (followed, _) = tokio::join!(door.call("GET", &next, Value::Null), door.call("DELETE", &tags, Value::Null));
    let followed = followed.expect(200);
    assert_eq!(
        (&followed["changes"][0]["contact_id"], &followed["changes"][0]["change"]),
        (&json!(ada), &json!("left"))
    );
    let others = door.call("GET", "/segments/others/changes?limit=1", Value::Null).await.expect(200);
    assert_eq!(others["changes"][0]["change"], "entered");

    let cursor = followed["next_cursor"].as_str().unwrap().to_owned();
    let door = door.reopen().await;
    let path = format!("/segments/vip/changes?cursor={cursor}");
    let nothing = door.call("GET", &path, Value::Null).await.expect(200);
    assert_eq!((&nothing["changes"], nothing["next_cursor"].as_str()), (&json!([]), Some(&*cursor)));
    door.verify();
}
