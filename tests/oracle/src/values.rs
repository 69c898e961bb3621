//! Small readings of JSON and times.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn index(value: &Value) -> usize {
    value.as_u64().unwrap_or_default() as usize
}

/// `<channel>:<external id>`
pub(crate) fn identity(value: &Value) -> String {
    format!("{}:{}", text(value, "channel"), text(value, "external_id"))
}

/// Whether an interaction is a message `in` or `out`, a `message` of either direction, or, for an empty text, anything.
pub(crate) fn is(it: &Value, of: &str) -> bool {
    let message = it["kind"].is_null() || it["kind"] == "message";
    of.is_empty() || message && (of == "message" || (of == "out") == it["sender"].is_string())
}

pub(crate) fn last(talk: &[&Value], of: &str) -> Value {
    talk.iter().rfind(|it| is(it, of)).map(|it| it["at"].clone()).unwrap_or_default()
}

pub(crate) fn rfc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
