//! The stored form of an event's metadata.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::Mark;
use dossier_domain::meta::{Actor, ActorKind, Cause, KeyUse, Meta};
use dossier_domain::personal::Personal;
use dossier_domain::written::{self, Cursor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{text, time};

/// The metadata of an event: readable by anyone, without the actor's id, with the names that the cluster's tools expect.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Stored<'a> {
    /// The workspace it belongs to.
    #[serde(borrow)]
    workspace: Cow<'a, str>,
    /// What kind of actor acted; which one is sealed with the event.
    actor: ActorKind,
    /// Why.
    cause: Cause,
    /// When it happened.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "DateTime<Utc>"))]
    occurred_at: DateTime<Utc>,
    /// When it was recorded.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "DateTime<Utc>"))]
    recorded_at: DateTime<Utc>,
    /// What it belongs to, across systems.
    #[serde(rename = "$correlationId")]
    correlation_id: Uuid,
    /// The command that caused it.
    #[serde(rename = "$causationId")]
    causation_id: Uuid,
    /// The import or bulk run it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
    /// Recorded on a replay clock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    /// The idempotency key that the command bore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<StoredKey>,
    /// The keyed hashes by which this very event is found again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<StoredMark>,
}

/// An idempotency key, and how it was answered.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StoredKey {
    /// Keyed hash of workspace and key.
    mark: StoredMark,
    /// Keyed hash of what was asked, to tell a retry from a key used twice.
    body: StoredMark,
    /// Status of the first answer: 200 or 201.
    status: u16,
}

/// 32 hexadecimal digits, read straight into bytes: there are up to four in every event, and a replay reads them all.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transparent))]
struct StoredMark(Mark);

impl Serialize for StoredMark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0; 32];
        hex::encode_to_slice(self.0.0, &mut digits).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(std::str::from_utf8(&digits).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for StoredMark {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, "a mark", |digits| {
            let mut bytes = [0; 16];
            hex::decode_to_slice(digits.as_bytes(), &mut bytes).ok()?;
            Some(StoredMark(Mark(bytes)))
        })
    }
}

pub(super) fn write(meta: &Meta) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Stored {
        workspace: Cow::Borrowed(&meta.workspace),
        actor: meta.actor.kind,
        cause: meta.cause,
        occurred_at: meta.occurred_at,
        recorded_at: meta.recorded_at,
        correlation_id: meta.correlation_id,
        causation_id: meta.causation_id,
        batch_id: meta.batch_id,
        replayed: meta.replayed,
        key: meta.key.map(|KeyUse { mark, body, status }| StoredKey {
            mark: StoredMark(mark),
            body: StoredMark(body),
            status,
        }),
        marks: meta.marks.iter().copied().map(StoredMark).collect(),
    })
}

/// The metadata, and a slot for the actor's id, which is sealed with the event.
pub(super) fn read(bytes: &[u8], workspaces: &mut Workspaces) -> Result<Meta, serde_json::Error> {
    match Cursor::whole(bytes, |cursor| written_meta(cursor, workspaces)) {
        Some(meta) => Ok(meta),
        None => in_any_form(bytes, workspaces),
    }
}

fn in_any_form(bytes: &[u8], workspaces: &mut Workspaces) -> Result<Meta, serde_json::Error> {
    let stored: Stored<'_> = serde_json::from_slice(bytes)?;
    Ok(Meta {
        workspace: workspaces.named(&stored.workspace),
        actor: actor(stored.actor),
        cause: stored.cause,
        occurred_at: stored.occurred_at,
        recorded_at: stored.recorded_at,
        correlation_id: stored.correlation_id,
        causation_id: stored.causation_id,
        batch_id: stored.batch_id,
        replayed: stored.replayed,
        key: stored.key.map(|key| KeyUse { mark: key.mark.0, body: key.body.0, status: key.status }),
        marks: stored.marks.into_iter().map(|mark| mark.0).collect(),
    })
}

/// The metadata in the form in which [`write`] leaves it: every event has some, and serde takes five times as long.
fn written_meta(cursor: &mut Cursor<'_>, workspaces: &mut Workspaces) -> Option<Meta> {
    cursor.pass(r#"{"workspace":""#)?;
    let workspace = cursor.text()?;
    cursor.pass(r#","actor":""#)?;
    let actor = actor(ActorKind::from_name(cursor.text()?)?);
    cursor.pass(r#","cause":""#)?;
    let cause = Cause::from_name(cursor.text()?)?;
    cursor.pass(r#","occurred_at":""#)?;
    let occurred = cursor.text()?;
    cursor.pass(r#","recorded_at":""#)?;
    let recorded = cursor.text()?;
    cursor.pass(r#","$correlationId":""#)?;
    let correlation_id = cursor.uuid()?;
    cursor.pass(r#","$causationId":""#)?;
    let causation_id = cursor.uuid()?;
    let batch_id = match cursor.passes(r#","batch_id":""#) {
        true => Some(cursor.uuid()?),
        false => None,
    };
    let replayed = cursor.passes(r#","replayed":true"#);
    let key = match cursor.passes(r#","key":{"mark":""#) {
        true => Some(written_key(cursor)?),
        false => None,
    };
    let marks = match cursor.passes(r#","marks":[""#) {
        true => written_marks(cursor)?,
        false => Vec::new(),
    };
    cursor.pass("}")?;
    let occurred_at = written::time(occurred.as_bytes())?;
    // They are one time, mostly.
    let recorded_at = if recorded == occurred { occurred_at } else { written::time(recorded.as_bytes())? };
    let workspace = workspaces.named(workspace);
    Some(Meta {
        workspace,
        actor,
        cause,
        occurred_at,
        recorded_at,
        correlation_id,
        causation_id,
        batch_id,
        replayed,
        key,
        marks,
    })
}

fn written_key(cursor: &mut Cursor<'_>) -> Option<KeyUse> {
    let mark = cursor.mark()?;
    cursor.pass(r#","body":""#)?;
    let body = cursor.mark()?;
    cursor.pass(r#","status":"#)?;
    let status = cursor.number()?.try_into().ok()?;
    cursor.pass("}")?;
    Some(KeyUse { mark, body, status })
}

fn written_marks(cursor: &mut Cursor<'_>) -> Option<Vec<Mark>> {
    let mut marks = vec![cursor.mark()?];
    while cursor.passes(r#",""#) {
        marks.push(cursor.mark()?);
    }
    cursor.pass("]")?;
    Some(marks)
}

fn actor(kind: ActorKind) -> Actor {
    match kind {
        ActorKind::System => Actor::system(),
        kind => Actor { kind, id: Personal::Erased },
    }
}

/// The name of the workspace that was met last, kept once: the next event is nearly always of the same.
#[derive(Default)]
pub(super) struct Workspaces(Option<Arc<str>>);

impl Workspaces {
    fn named(&mut self, name: &str) -> Arc<str> {
        match &self.0 {
            Some(known) if **known == *name => known.clone(),
            _ => self.0.insert(Arc::from(name)).clone(),
        }
    }
}

#[cfg(test)]
#[path = "meta_tests.rs"]
mod tests;
