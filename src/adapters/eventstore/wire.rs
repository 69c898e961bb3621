//! Our events as the server keeps them: data verbatim, and a JSON object of metadata with the names that its tools know.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dossier_domain::ids::{Mark, Stream};
use eventstore::{EventData, RecordedEvent};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::ports::{NewEvent, Recorded, StoreError};

/// What stands beside an event's data.
#[derive(Serialize, Deserialize)]
struct Beside<'a> {
    #[serde(rename = "$correlationId", default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Uuid>,
    #[serde(rename = "$causationId", default, skip_serializing_if = "Option::is_none")]
    causation_id: Option<Uuid>,
    /// Of the stored shape.
    version: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Mark>,
    /// Our metadata, byte for byte.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
    /// The same where it is no JSON.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    meta_base64: Option<Cow<'a, str>>,
}

/// What our metadata says of why it happened.
#[derive(Default, Deserialize)]
struct Why {
    #[serde(rename = "$correlationId")]
    correlation_id: Option<Uuid>,
    #[serde(rename = "$causationId")]
    causation_id: Option<Uuid>,
}

/// An event on its way there.
pub(super) fn proposed(event: &NewEvent) -> Result<EventData, StoreError> {
    let json = match verbatim(&event.data) {
        Some(data) => EventData::json(&event.event_type, &data).ok(),
        None => None,
    };
    let data = json.unwrap_or_else(|| EventData::binary(&event.event_type, event.data.clone().into()));
    let why: Why = serde_json::from_slice(&event.meta).unwrap_or_default();
    let meta = verbatim(&event.meta);
    let beside = Beside {
        correlation_id: why.correlation_id,
        causation_id: why.causation_id,
        version: event.version,
        marks: event.marks.clone(),
        meta,
        meta_base64: meta.is_none().then(|| BASE64_STANDARD.encode(&event.meta).into()),
    };
    let beside = serde_json::to_vec(&beside)
        .map_err(|error| StoreError::Unavailable { doing: "writing an event's metadata", reason: error.to_string() })?;
    Ok(data.id(event.id).metadata(beside.into()))
}

/// JSON that would come back byte for byte.
fn verbatim(bytes: &[u8]) -> Option<&RawValue> {
    let value: &RawValue = serde_json::from_slice(bytes).ok()?;
    (value.get().len() == bytes.len()).then_some(value)
}

/// How our streams are named there.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// What all of them begin with.
    pub(super) prefix: String,
}

impl Names {
    pub(super) fn of(&self, stream: &Stream) -> String {
        format!("{}{stream}", self.prefix)
    }

    /// The stream of an event, if it is one of ours: other applications and the server itself write there too.
    pub(super) fn stream_of(&self, event: &RecordedEvent) -> Option<Stream> {
        if event.event_type.starts_with('$') {
            return None;
        }
        // The client did not look whether it is text.
        let name = std::str::from_utf8(event.stream_id().as_bytes()).ok()?.strip_prefix(&*self.prefix)?;
        let stream: Stream = name.parse().ok()?;
        // A uuid can be written in several ways; ours are written in one.
        (stream.to_string() == name).then_some(stream)
    }
}

/// Our position of an event: 0 is before the first.
pub(super) fn position_of(event: &RecordedEvent) -> u64 {
    event.position.commit.saturating_add(1)
}

/// An event of ours as it was appended.
pub(super) fn recorded(stream: Stream, event: RecordedEvent) -> Result<Recorded, StoreError> {
    let damaged =
        |reason: String| StoreError::Damaged { place: format!("{stream} revision {}", event.revision), reason };
    if event.position.commit == u64::MAX {
        let reason = "the server does not tell its position: EventStoreDB 23.10 or newer, or KurrentDB, is needed";
        return Err(damaged(reason.to_owned()));
    }
    let beside: Beside<'_> = serde_json::from_slice(&event.custom_metadata)
        .map_err(|_| damaged("its metadata is not what this program writes".to_owned()))?;
    let meta = match (beside.meta, &beside.meta_base64) {
        (Some(meta), _) => meta.get().as_bytes().to_vec(),
        (None, Some(text)) => {
            let decoded = BASE64_STANDARD.decode(text.as_bytes());
            decoded.map_err(|_| damaged("its metadata is no base64".to_owned()))?
        }
        (None, None) => return Err(damaged("its metadata is missing".to_owned())),
    };
    let (version, marks) = (beside.version, beside.marks);
    Ok(Recorded {
        position: position_of(&event),
        revision: event.revision,
        event: NewEvent {
            id: event.id,
            event_type: event.event_type.into(),
            version,
            data: event.data.into(),
            meta,
            marks,
        },
        stream,
    })
}
