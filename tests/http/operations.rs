//! What operators ask: projections and their rebuilds, the feed, readiness and health.

use reqwest::Method;
use serde_json::{Value, json};

use crate::Door;

/// The projections by name; the requests themselves are all the waiting there is.
async fn projections(door: &Door) -> Value {
    door.get("/v1/projections").await.unwrap().expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projections_are_listed_and_rebuilt_while_they_serve() {
    let door = Door::open().await;
    let id = door.named("Ada").await;
    let before = door.show(&id).await;
    let listed = projections(&door).await;
    let names: Vec<_> = listed["projections"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["contacts", "mac", "unfinished"]);
    for name in ["contacts", "mac", "unfinished"] {
        let path = format!("/v1/projections/{name}/rebuild");
        let begun = door.caller().send(Method::POST, &path, &[], None).await.unwrap().expect(202);
        assert_eq!(begun["name"], name);
        assert!(begun["rebuild"].is_null() || begun["rebuild"]["progress"].as_f64().is_some_and(|part| part < 1.0));
        while projections(&door).await["projections"].as_array().unwrap().iter().any(|one| one["state"] != "live") {}
        assert_eq!(door.show(&id).await, before);
    }
    let unknown = door.caller().send(Method::POST, "/v1/projections/segments/rebuild", &[], None).await.unwrap();
    assert_eq!(unknown.problem(), (404, "projection_not_found".into()));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_says_that_it_is_well() {
    let door = Door::open().await;
    assert_eq!(door.get("/readyz").await.unwrap().expect(200), json!({"ready": true, "reasons": []}));
    let healthy = json!({"healthy": true, "reasons": [], "damage": 0});
    assert_eq!(door.get("/healthz").await.unwrap().expect(200), healthy);
    let metrics = String::from_utf8(door.get("/metrics").await.unwrap().bytes).unwrap();
    for line in ["dossier_damaged_events 0", "dossier_projection_lag{projection=\"contacts\"} 0"] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_read_page_by_page() {
    let door = Door::open().await;
    let (one, two, three) = (door.named("1").await, door.named("2").await, door.named("3").await);
    for other in [&two, &three] {
        door.call("POST", "/merges", json!({"primary": one, "secondary": other})).await.expect(201);
    }
    for tag in ["a", "b", "c"] {
        door.call("PUT", &format!("/contacts/{one}/tags/{tag}"), Value::Null).await.expect(200);
    }
    for (path, plural, count) in
        [("/tags", "tags", 3), (&format!("/contacts/{one}/merges"), "merges", 2), ("/billing/cycles", "cycles", 1)]
    {
        let whole = door.call("GET", path, Value::Null).await.expect(200);
        assert_eq!((whole[plural].as_array().unwrap().len(), &whole["next_cursor"]), (count, &Value::Null), "{path}");
        let (mut read, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = door.call("GET", &format!("{path}?limit=1{cursor}"), Value::Null).await.expect(200);
            read.extend(page[plural].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(Value::Array(read), whole[plural], "{path}");
        let wrong = door.call("GET", &format!("{path}?cursor=AAAA"), Value::Null).await;
        assert_eq!(wrong.problem().0, 422, "{path}");
    }
}
