//! What is found at the end of a history: the index that was kept as events came is that which is filled anew.

use std::collections::BTreeSet;

use dossier::api::read::search;
use dossier::house::House;
use serde_json::{Value, json};

use crate::names::Names;
use crate::product::{Product, WORKSPACE};

/// Finds the same as an index that is filled from the stored contacts, and of all contacts the live roots alone.
pub(crate) async fn as_if_filled_anew(product: &Product, names: &Names) {
    product.settle().await;
    let kept = answers(&product.house).await;
    let empty = many().into_iter().zip(&kept).filter(|(_, found)| found.is_empty()).map(|(asked, _)| asked);
    assert_eq!(empty.collect::<Vec<_>>(), Vec::<Value>::new(), "every search finds somebody");
    let mut live = BTreeSet::new();
    for id in names.contacts() {
        if product.reader.fate(id).await == ("live", id) {
            live.insert(id.to_string());
        }
    }
    assert_eq!(kept[0].iter().cloned().collect::<BTreeSet<_>>(), live);
    product.house.fill().await.expect("the stored contacts are read");
    for ((asked, kept), anew) in many().into_iter().zip(kept).zip(answers(&product.house).await) {
        assert_eq!(kept, anew, "{asked}: as it was kept, on the left, and filled anew");
    }
}

/// Searches that together look at every column of the index.
fn many() -> Vec<Value> {
    let sort = |by: &str, order: &str| json!({"sort": [{"by": by, "order": order}], "limit": 500});
    let mut many = Vec::new();
    for by in ["first_name", "display_name", "email", "phone", "country", "status", "activity", "created_at", "last_in"]
    {
        many.extend([sort(by, "asc"), sort(by, "desc")]);
    }
    for by in ["last_out", "last_message", "last_interaction", "opened_at", "first_seen", "source", "last_channel"] {
        many.extend([sort(by, "asc"), sort(by, "desc")]);
    }
    let of = |field: &str, op: &str, value: Value| json!({"filter": {"field": field, "op": op, "value": value}, "limit": 500});
    many.extend([
        of("tags", "is_set", Value::Null),
        of("tags", "is_unset", Value::Null),
        of("channels", "is_set", Value::Null),
        of("blocked", "is_true", Value::Null),
        of("has_absorbed", "is_true", Value::Null),
        of("status", "in", json!(["closed", "snoozed"])),
        of("first_name", "contains", json!("a")),
        of("email", "is_set", Value::Null),
        of("country", "is_unset", Value::Null),
        json!({"search": "a", "limit": 500}),
        json!({"search": "example", "limit": 500}),
    ]);
    many
}

/// The ids that each finds, in order.
async fn answers(house: &House) -> Vec<Vec<String>> {
    let mut answers = Vec::new();
    for mut body in many() {
        body["now"] = json!("2027-01-01T00:00:00Z");
        body["columns"] = json!([]);
        let body = body.to_string();
        let read = house.with_vocabulary(WORKSPACE, |vocabulary| search(body.as_bytes(), vocabulary)).await;
        let mut query = read.expect("the workspace is there").expect("the search is valid");
        let mut ids = Vec::new();
        loop {
            let page = house.search(WORKSPACE, &query).await.expect("it is found");
            ids.extend(page.contacts.iter().map(|contact| contact["id"].as_str().expect("an id").to_owned()));
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        answers.push(ids);
    }
    answers
}
