//! The contacts table: who is found, in which order, page by page, live and after everything was made anew.

use dossier::api::bodies::SearchPage;
use dossier::api::read::{ReadError, search};
use dossier::app::AppError;
use dossier::app::query::SearchQuery;
use dossier::ports::read_store::Projection;
use serde_json::{Value, json};

use crate::world::{HOME, World};

async fn query(world: &World, body: Value) -> SearchQuery {
    try_query(world, body).await.unwrap()
}

async fn try_query(world: &World, body: Value) -> Result<SearchQuery, ReadError> {
    let body = body.to_string();
    world.house.with_vocabulary(HOME, |vocabulary| search(body.as_bytes(), vocabulary)).await.unwrap()
}

async fn page(world: &World, body: Value) -> SearchPage {
    world.house.search(HOME, &query(world, body).await).await.unwrap()
}

/// The names of those found, in order, all pages of them.
async fn found(world: &World, body: Value) -> Vec<String> {
    let mut query = query(world, body).await;
    let mut names = Vec::new();
    loop {
        let page = world.house.search(HOME, &query).await.unwrap();
        names.extend(page.contacts.iter().map(|contact| contact["display_name"].as_str().unwrap().to_owned()));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return names;
        }
    }
}

fn by_name(filter: Value) -> Value {
    json!({"filter": filter, "sort": [{"by": "display_name"}], "limit": 2})
}

fn of_tag(tag: &str) -> Value {
    by_name(json!({"field": "tags", "op": "any_of", "value": [tag]}))
}

async fn tag(world: &World, contact: &str, tag: &str) {
    world.run(json!({"command": "add_tag", "contact": contact, "tag": tag})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_it_is_found_through_merges_unmerges_and_erasures() {
    let world = World::new().await;
    let [ada, bob, eve] = [world.contact("Ada").await, world.contact("Bob").await, world.contact("Eve").await];
    for contact in [&bob, &eve] {
        tag(&world, contact, "VIP").await;
    }
    assert_eq!(found(&world, of_tag("vip")).await, ["Bob", "Eve"]);
    let merge = world.merge(&ada, &bob).await;
    assert_eq!(found(&world, of_tag("vip")).await, ["Ada", "Eve"]);
    assert_eq!(found(&world, json!({"search": "bob"})).await, ["Ada"], "by the handle that it brought");
    assert_eq!(found(&world, by_name(json!({"field": "has_absorbed", "op": "is_true"}))).await, ["Ada"]);
    world.unmerge(&merge).await;
    assert_eq!(found(&world, of_tag("vip")).await, ["Bob", "Eve"]);
    world.run(json!({"command": "delete_contact", "contact": eve})).await;
    assert_eq!(found(&world, of_tag("vip")).await, ["Bob"]);
    assert_eq!(found(&world, json!({"search": "eve"})).await, [""; 0]);
    assert_eq!(page(&world, json!({"count": true})).await.count, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_where_the_one_before_ended() {
    let world = World::new().await;
    for name in ["Ada", "Bob", "Eve", "Max", "Zoe"] {
        world.contact(name).await;
    }
    let body = |cursor: Option<&str>| json!({"sort": [{"by": "first_name", "order": "desc"}], "limit": 2, "count": true, "cursor": cursor});
    let first = page(&world, body(None)).await;
    assert_eq!((first.contacts.len(), first.count), (2, Some(5)));
    let cursor = first.next_cursor.as_deref();
    // The last of the first page goes; whoever is left comes all the same, and once.
    world.run(json!({"command": "delete_contact", "contact": "channel:chat:Max"})).await;
    world.contact("Aaron").await;
    assert_eq!(found(&world, body(cursor)).await, ["Eve", "Bob", "Ada", "Aaron"]);
    let other = query(&world, json!({"limit": 2, "cursor": cursor})).await;
    let other = world.house.search(HOME, &other).await;
    assert!(matches!(other, Err(AppError::BadCursor)), "a cursor is of its own search alone");
    let cursor = cursor.unwrap();
    let zoe = base64_of("Zoe");
    assert!(!cursor.contains(&zoe) && !cursor.contains("Max"), "a cursor shows nobody's values");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_has_the_columns_that_were_asked_for() {
    let world = World::new().await;
    for (key, kind) in [("tier", "text"), ("score", "number")] {
        world.run(json!({"command": "define_field", "field": key, "name": key, "type": kind})).await;
    }
    world
        .run(json!({"command": "create_contact", "first_name": "Ada", "email": "a@example.com", "custom": {"tier": "gold"}}))
        .await;
    let row = async |columns: Value| page(&world, json!({"columns": columns})).await.contacts.remove(0);
    let none = row(json!([])).await;
    assert_eq!(none.keys().collect::<Vec<_>>(), ["display_name", "id"]);
    let some = row(json!(["email", "custom.tier", "custom.score"])).await;
    assert_eq!((&some["email"], &some["custom"]), (&json!("a@example.com"), &json!({"score": null, "tier": "gold"})));
    let usual = row(Value::Null).await;
    assert!(usual.contains_key("channels_total") && !usual.contains_key("counts"), "{usual:?}");
    let all = row(json!(["custom", "custom.score", "counts"])).await;
    assert_eq!(all["custom"], json!({"tier": "gold"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_with_a_search_is_told_with_its_place() {
    let world = World::new().await;
    let body = json!({
        "filter": {"all": [{"field": "countri", "op": "is_set"}]}, "search": "a\u{7}", "sort": [{"by": "tags"}],
        "columns": ["email", "nothing", 3], "limit": 1001, "count": 1, "now": "then", "odd": true,
    });
    let Err(ReadError::Invalid(problems)) = try_query(&world, body).await else { panic!("it is refused") };
    let mut places: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    places.sort_unstable();
    let wanted = [
        "/columns/1",
        "/columns/2",
        "/count",
        "/filter/all/0/field",
        "/limit",
        "/now",
        "/odd",
        "/search",
        "/sort/0/by",
    ];
    assert_eq!(places, wanted);
    assert!(search_is_malformed(&world).await);
}

async fn search_is_malformed(world: &World) -> bool {
    let read = world.house.with_vocabulary(HOME, |vocabulary| search(b"{\"filter\":", vocabulary)).await.unwrap();
    matches!(read, Err(ReadError::Malformed(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_is_found_by_when_it_is_defined_and_no_more_when_it_is_retired() {
    let world = World::new().await;
    let gold = json!({"field": "custom.tier", "op": "eq", "value": "gold"});
    assert!(try_query(&world, json!({"filter": gold})).await.is_err());
    world.run(json!({"command": "define_field", "field": "tier", "name": "Tier", "type": "text"})).await;
    world.run(json!({"command": "create_contact", "first_name": "Ada", "custom": {"tier": "Gold"}})).await;
    assert_eq!(found(&world, json!({"filter": gold})).await, ["Ada"]);
    assert_eq!(found(&world, json!({"search": "gold"})).await, ["Ada"]);
    world.run(json!({"command": "retire_field", "field": "tier"})).await;
    assert!(try_query(&world, json!({"filter": gold})).await.is_err());
    assert_eq!(found(&world, json!({"search": "gold"})).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn relative_times_are_meant_as_of_the_time_given() {
    let world = World::new().await;
    world
        .at(
            "2026-03-01T12:00:00Z",
            json!({"command": "receive_message", "channel": "chat", "external_id": "ada",
        "message_id": "1", "text": "hello", "profile": {"first_name": "Ada"}}),
        )
        .await;
    let silent = json!({"field": "last_in", "op": "older_than", "value": {"amount": 3, "unit": "day"}});
    let as_of = |now: &str| json!({"filter": silent, "now": now});
    assert_eq!(found(&world, as_of("2026-03-04T11:59:59Z")).await, [""; 0]);
    assert_eq!(found(&world, as_of("2026-03-04T12:00:00Z")).await, ["Ada"]);
    let active = |now: &str| json!({"filter": {"field": "activity", "op": "eq", "value": "active"}, "now": now});
    assert_eq!(found(&world, active("2026-03-31T11:00:00Z")).await, ["Ada"]);
    assert_eq!(found(&world, active("2026-03-31T12:00:00Z")).await, [""; 0]);
    world.configure(HOME, "UTC", 1, 31).await;
    assert_eq!(found(&world, active("2026-03-31T12:00:00Z")).await, ["Ada"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_rebuild_find_the_same() {
    let world = World::new().await;
    let [ada, bob, _] = [world.contact("Ada").await, world.contact("Bob").await, world.contact("Eve").await];
    tag(&world, &bob, "VIP").await;
    world.merge(&ada, &bob).await;
    world.run(json!({"command": "delete_contact", "contact": "channel:chat:Eve"})).await;
    for _ in 0..2 {
        assert_eq!(found(&world, of_tag("vip")).await, ["Ada"]);
        assert_eq!(found(&world, json!({})).await, ["Ada"]);
        world.house.rebuild(Projection::Contacts, |_| {}).await.unwrap();
    }
    let world = world.restarted().await;
    assert_eq!(found(&world, of_tag("vip")).await, ["Ada"]);
    world.contact("Max").await;
    world.house.runner().reached(world.head().await).await;
    assert_eq!(found(&world, by_name(json!({"all": []}))).await, ["Ada", "Max"]);
}
