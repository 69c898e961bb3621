//! What a contact of the store shows, in the form in which the oracle tells it: labels for ids, lists in one order.

use dossier::api::bodies::ContactBody;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::names::Names;

/// Without what the oracle knows nothing of; a short id, for want of a name, is null.
pub(crate) fn shown(body: &ContactBody, names: &Names) -> Value {
    let short_id = body.id.0.simple().to_string()[..8].to_owned();
    let mut shown = serde_json::to_value(body).expect("a body is JSON");
    let members = shown.as_object_mut().expect("a body is an object");
    members.retain(|name, _| !["resolved_from", "revision", "position"].contains(&name.as_str()));
    if shown["display_name"] == short_id {
        shown["display_name"] = Value::Null;
    }
    // The one custom field that the oracle knows is there even when absent.
    let tier = shown["custom"]["tier"].take();
    shown["custom"]["tier"] = tier;
    sort(&mut shown["tags"]);
    sort(&mut shown["also_known_as"]["emails"]);
    sort(&mut shown["also_known_as"]["phones"]);
    label(&mut shown, names);
    shown
}

fn sort(list: &mut Value) {
    list.as_array_mut().expect("a list").sort_by(|a, b| a.as_str().cmp(&b.as_str()));
}

/// Labels for ids, however deep.
fn label(value: &mut Value, names: &Names) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| label(value, names)),
        Value::Object(members) => {
            for (name, value) in members {
                let id = value.as_str().and_then(|text| text.parse::<Uuid>().ok());
                match id.filter(|_| ["id", "contact_id", "merge_id"].contains(&name.as_str())) {
                    Some(id) => *value = json!(names.label(id)),
                    None => label(value, names),
                }
            }
        }
        _ => {}
    }
}
