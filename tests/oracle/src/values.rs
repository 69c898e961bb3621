//! Small readings of JSON and times.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// Channel and external id.
pub(crate) type Identity = (String, String);

pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn index(value: &Value) -> usize {
    value.as_u64().unwrap_or_default() as usize
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn identity(value: &Value) -> Identity {
    (text(value, "channel"), text(value, "external_id"))
}

pub(crate) fn handle(reference: &Value) -> Option<Identity> {
    let (channel, id) = reference.as_str()?.strip_prefix("channel:")?.split_once(':')?;
    Some((channel.to_owned(), id.to_owned()))
}

/// Whether an interaction is a message `in` or `out`, a `message` of either direction, or, for an empty text, anything.
pub(crate) fn is(it: &Value, of: &str) -> bool {
    let message = it["kind"].is_null() || it["kind"] == "message";
    of.is_empty() || message && (of == "message" || (of == "out") == it["sender"].is_string())
}

pub(crate) fn last(talk: &[&Value], of: &str) -> Value {
    talk.iter().rfind(|it| is(it, of)).map(|it| it["at"].clone()).unwrap_or_default()
}

/// The one last interacted with comes first, the others stay as they were.
pub(crate) fn latest_first(mut rows: Vec<(usize, Value)>) -> Vec<(usize, Value)> {
    let latest = rows.iter().map(|it| it.0).max().filter(|it| *it > 0);
    if let Some(found) = rows.iter().position(|it| Some(it.0) == latest) {
        rows[..=found].rotate_right(1);
    }
    rows
}

pub(crate) fn utc(at: &str) -> DateTime<Utc> {
    at.parse().expect("times are RFC 3339")
}

pub(crate) fn rfc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
