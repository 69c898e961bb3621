//! The stored form of an event's metadata.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::Mark;
use dossier_domain::meta::{Actor, ActorKind, Cause, KeyUse, Meta};
use dossier_domain::personal::Personal;
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
pub(super) fn read(bytes: &[u8], workspaces: &Names) -> Result<Meta, serde_json::Error> {
    let stored: Stored<'_> = serde_json::from_slice(bytes)?;
    let actor = match stored.actor {
        ActorKind::System => Actor::system(),
        kind => Actor { kind, id: Personal::Erased },
    };
    Ok(Meta {
        workspace: workspaces.shared(&stored.workspace),
        actor,
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

/// Names that come again and again, kept once.
#[derive(Default)]
pub(super) struct Names {
    last: parking_lot::Mutex<Option<Arc<str>>>,
}

impl Names {
    fn shared(&self, name: &str) -> Arc<str> {
        let mut last = self.last.lock();
        match &*last {
            Some(known) if **known == *name => known.clone(),
            _ => last.insert(Arc::from(name)).clone(),
        }
    }
}
