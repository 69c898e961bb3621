//! The contacts table: found, sorted, paged, and what is told of a search that is wrong.

use serde_json::{Value, json};

use super::*;

impl Door {
    async fn names(&self, body: Value, position: &Value) -> Vec<String> {
        let path = format!("/contacts/search?min_position={position}&wait_ms=60000");
        let page = self.call("POST", &path, body).await.expect(200);
        let contacts = page["contacts"].as_array().unwrap();
        contacts.iter().map(|contact| contact["display_name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_filtered_searched_sorted_and_counted() {
    let door = Door::open().await;
    let field = json!({"key": "tier", "name": "Tier", "type": "list", "options": ["gold", "silver"]});
    door.call("POST", "/fields", field).await.expect(201);
    for (name, country, tier) in [("Ada", "MY", "gold"), ("Bob", "MY", "silver"), ("Eve", "GB", "gold")] {
        door.contact(json!({"first_name": name, "country": country, "custom": {"tier": tier}})).await;
    }
    let last = door.contact(json!({"first_name": "Zoë", "phone": "+60123456789"})).await;
    let position =
        door.call("PUT", &format!("/contacts/{last}/tags/VIP"), Value::Null).await.expect(200)["position"].clone();
    let of = |field: &str, op: &str, value: Value| json!({"field": field, "op": op, "value": value});
    let sorted = |filter: Value| json!({"filter": filter, "sort": [{"by": "display_name", "order": "desc"}]});
    let malaysia = sorted(of("country", "eq", json!("my")));
    assert_eq!(door.names(malaysia, &position).await, ["Zoë", "Bob", "Ada"], "derived from the phone too");
    let gold = json!({"all": [of("custom.tier", "eq", json!("Gold")), {"not": of("country", "eq", json!("GB"))}]});
    assert_eq!(door.names(sorted(gold), &position).await, ["Ada"]);
    assert_eq!(door.names(json!({"search": "012-345 6789"}), &position).await, ["Zoë"]);
    assert_eq!(door.names(json!({"search": "silver b"}), &position).await, ["Bob"]);
    assert_eq!(door.names(sorted(of("tags", "any_of", json!(["vip"]))), &position).await, ["Zoë"]);
    let body = json!({"sort": [{"by": "first_name"}], "limit": 3, "count": true, "columns": ["custom.tier"]});
    let first = door.call("POST", "/contacts/search", body).await.expect(200);
    assert_eq!((&first["count"], first["contacts"].as_array().unwrap().len()), (&json!(4), 3));
    assert_eq!(first["contacts"][0]["custom"], json!({"tier": "gold"}));
    assert!(first["position"].as_u64() >= position.as_u64());
    let rest = json!({"sort": [{"by": "first_name"}], "cursor": first["next_cursor"]});
    assert_eq!(door.names(rest, &position).await, ["Zoë"]);
    let all = door.call("POST", "/contacts/search", Value::Null).await.expect(200);
    assert_eq!((all["contacts"].as_array().unwrap().len(), &all["count"]), (4, &Value::Null));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_search_is_told_with_its_place() {
    let door = Door::open().await;
    let wrong = json!({"filter": {"any": [{"field": "countri", "op": "eq", "value": "MY"}, {"any": []}]}, "limit": 0});
    let mut told = pointers(&door.call("POST", "/contacts/search", wrong).await);
    told.sort();
    assert_eq!(told, ["/filter/any/0/field", "/filter/any/1/any", "/limit"]);
    assert_eq!(pointers(&door.call("POST", "/contacts/search", json!({"cursor": "AAAA"})).await).len(), 1);
    assert_eq!(pointers(&door.call("POST", "/contacts/search", json!([])).await), [""]);
}
