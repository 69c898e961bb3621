//! Entries of a timeline or history for people: a line each, newest first.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::api::bodies::{EntryBody, EntryKind, EntryPage};
use crate::cli::columns::{aligned, on_one_line, time};

/// See the module. Whose stream an entry stands in is told where there are several.
pub(super) fn told(page: &EntryPage) -> String {
    let streams: BTreeSet<_> = page.entries.iter().filter_map(|entry| entry.contact_id).collect();
    let row = |entry: &EntryBody| {
        let stream = entry.contact_id.filter(|_| streams.len() > 1).map(|id| id.to_string()).unwrap_or_default();
        vec![
            entry.position.to_string(),
            time(entry.at),
            stream.chars().take(8).collect(),
            on_one_line(&entry.actor),
            entry.event_type.to_owned(),
            on_one_line(&handle(entry)),
            on_one_line(&words(entry)),
        ]
    };
    aligned(&page.entries.iter().map(row).collect::<Vec<_>>())
}

fn handle(entry: &EntryBody) -> String {
    match (&entry.channel, &entry.external_id) {
        (Some(channel), Some(external_id)) => format!("{channel}:{external_id}"),
        (Some(channel), None) => channel.to_string(),
        (None, _) => String::new(),
    }
}

/// What an entry says: the text of a message or comment, what an edit changed, else its own members.
fn words(entry: &EntryBody) -> String {
    let data = &entry.data;
    let text = || data["content"]["text"].as_str().or(data["text"].as_str()).unwrap_or_default().to_owned();
    match entry.kind {
        EntryKind::Message if data["kind"] != "message" => format!("{} {}", word(&data["kind"]), text()),
        EntryKind::Message | EntryKind::Comment => text(),
        EntryKind::Event => match (data["before"].as_object(), data["after"].as_object()) {
            (Some(before), Some(after)) => changed(before, after),
            _ => members(data),
        },
    }
}

/// What differs, as `name: before -> after`.
fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> String {
    let mut changes = Vec::new();
    for (name, now) in after {
        let then = before.get(name).unwrap_or(&Value::Null);
        match (then, now) {
            (Value::Object(then), Value::Object(now)) => changes.push(changed(then, now)),
            (then, now) if then == now => {}
            (Value::Null, now) => changes.push(format!("{name}: {}", word(now))),
            (then, now) => changes.push(format!("{name}: {} -> {}", word(then), word(now))),
        }
    }
    changes.retain(|change| !change.is_empty());
    changes.join(", ")
}

/// The members that say something.
fn members(data: &Value) -> String {
    if let Some(changes) = data["changes"].as_array() {
        let each = changes.iter().map(|change| format!("{}: {}", word(&change["field"]), word(&change["value"])));
        return each.collect::<Vec<_>>().join(", ");
    }
    let says = |value: &Value| !value.is_null() && value.as_object().is_none_or(|members| !members.is_empty());
    let members = data.as_object().into_iter().flatten().filter(|(_, value)| says(value));
    members.map(|(name, value)| format!("{name}: {}", word(value))).collect::<Vec<_>>().join(", ")
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(kind: EntryKind, data: Value) -> EntryBody {
        EntryBody {
            id: uuid::Uuid::from_u128(1),
            kind,
            event_type: "x",
            at: chrono::DateTime::UNIX_EPOCH,
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            contact_id: None,
            position: 7,
            actor: "api:a".into(),
            cause: dossier_domain::meta::Cause::Api,
            channel: Some("sms".into()),
            external_id: None,
            data,
        }
    }

    #[test]
    fn each_kind_of_entry_says_what_people_want_to_know() {
        for (kind, data, expected) in [
            (EntryKind::Message, json!({"kind": "message", "content": {"text": "a\nb"}}), "a\nb"),
            (EntryKind::Message, json!({"kind": "reaction", "content": {"text": "+1"}}), "reaction +1"),
            (EntryKind::Message, json!({"kind": "message", "content": null}), ""),
            (EntryKind::Comment, json!({"text": "nice"}), "nice"),
            (EntryKind::Event, json!({"before": {"tag": null}, "after": {"tag": "vip"}, "tag": "vip"}), "tag: vip"),
            (EntryKind::Event, json!({"before": {"a": "x", "b": 1}, "after": {"a": null, "b": 1}}), "a: x -> nothing"),
            (
                EntryKind::Event,
                json!({"before": {"c": {"status": "open"}}, "after": {"c": {"status": "closed"}}}),
                "status: open -> closed",
            ),
            (EntryKind::Event, json!({"changes": [{"field": "email", "value": "a@b.c"}]}), "email: a@b.c"),
            (EntryKind::Event, json!({"merge_id": "m", "choices": {}, "note": null}), "merge_id: m"),
        ] {
            assert_eq!(words(&entry(kind, data.clone())), expected, "{data}");
        }
    }

    #[test]
    fn an_entry_is_one_line() {
        let entries = vec![entry(EntryKind::Comment, json!({"text": "a\nb"}))];
        let page = EntryPage { entries, next_cursor: None };
        assert_eq!(told(&page), "7  1970-01-01T00:00:00Z  api:a  x  sms  a\\nb\n");
    }
}
