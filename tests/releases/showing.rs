//! What a data folder shows, and what became of it.

use dossier::api::problem::Problem;
use dossier::app::AppError;
use dossier::app::ask::Answer;
use dossier::app::query::TimelineQuery;
use dossier::house::House;
use dossier_domain::ids::ContactId;
use dossier_domain::values::reference::Reference;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::scene::WORKSPACES;

const PAGE: usize = 1_000;

/// Every contact that the answers named, and every bill.
pub(crate) async fn of(house: &House, answers: &[Answer]) -> Value {
    let mut ids: Vec<ContactId> = answers.iter().filter_map(|answer| answer.contact_id).collect();
    ids.sort();
    ids.dedup();
    show(house, &ids).await
}

async fn show(house: &House, ids: &[ContactId]) -> Value {
    let mut all = Map::new();
    for (workspace, ..) in WORKSPACES {
        let (mut contacts, mut bills) = (Map::new(), Vec::new());
        for id in ids {
            contacts.insert(id.0.to_string(), contact(house, workspace, *id).await);
        }
        for cycle in house.cycles(workspace).await.unwrap() {
            let members = house.cycle_members(workspace, &cycle.cycle, None, PAGE).await;
            bills.push(json!({"cycle": cycle, "members": told(members)}));
        }
        all.insert(workspace.to_owned(), json!({"contacts": contacts, "bills": bills}));
    }
    Value::Object(all)
}

async fn contact(house: &House, workspace: &str, id: ContactId) -> Value {
    let reference = Reference::Id(id);
    let page =
        TimelineQuery { kinds: Vec::new(), channel: None, external_id: None, cursor: None, limit: PAGE, own: false };
    let mut shown = told(house.contact(workspace, &reference, None).await);
    // It follows the present time.
    shown.as_object_mut().unwrap().remove("activity");
    json!({"contact": shown, "timeline": told(house.timeline(workspace, &reference, &page).await),
        "history": told(house.history(workspace, &reference, &page).await)})
}

fn told<T: Serialize>(answer: Result<T, AppError>) -> Value {
    match answer {
        Ok(body) => serde_json::to_value(body).unwrap(),
        Err(error) => json!({"problem": Problem::from(error).kind().name()}),
    }
}

/// The folder shows what is expected; members may have been added since.
pub(crate) async fn compare(house: &House, expected: &Value, what: &str) {
    let contacts = expected[WORKSPACES[0].0]["contacts"].as_object().unwrap();
    let ids: Vec<ContactId> = contacts.keys().map(|id| ContactId(id.parse().unwrap())).collect();
    let actual = show(house, &ids).await;
    if let Some(difference) = difference(&actual, expected) {
        panic!("{what}: {difference}");
    }
}

/// The first place where a value is not what it was.
pub(crate) fn difference(actual: &Value, expected: &Value) -> Option<String> {
    match (actual, expected) {
        (Value::Object(ours), Value::Object(theirs)) => theirs.iter().find_map(|(name, expected)| {
            let actual = ours.get(name).unwrap_or(&Value::Null);
            difference(actual, expected).map(|it| format!("/{name}{}", apart(&it)))
        }),
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            pairs.find_map(|(at, (ours, theirs))| difference(ours, theirs).map(|it| format!("/{at}{}", apart(&it))))
        }
        (Value::Array(ours), Value::Array(theirs)) => Some(format!("{} entries, was {}", ours.len(), theirs.len())),
        _ if actual == expected => None,
        _ => Some(format!("{actual}, was {expected}")),
    }
}

/// A deeper path goes on; what differs at its end is set apart.
fn apart(told: &str) -> String {
    if told.starts_with('/') { told.to_owned() } else { format!(": {told}") }
}
