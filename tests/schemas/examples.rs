//! The examples under `schemas/examples`: events as they lie in the log, with their sealed parts open.

use std::path::Path;

use dossier::adapters::memory::MemoryKeyring;
use dossier::ports::{NewEvent, Recorded};
use dossier::sealing::Codec;
use dossier::sealing::upcast::{Shape, Today, upcast};
use dossier_domain::event::{Event, ReadError};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::meta::Meta;
use dossier_domain::personal::Personal;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// One example.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// `<name>.v<version>[.<variant>]`
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) version: u16,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    /// The stream that it stands in.
    pub(crate) stream: String,
    pub(crate) public: Value,
    pub(crate) personal: Option<Value>,
    /// The sealed id of the actor.
    pub(crate) actor: Option<Arc<str>>,
    pub(crate) meta: Value,
}

/// Every example, by file name.
pub(crate) fn all() -> Vec<Example> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/examples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut examples: Vec<_> = files.map(|file| read(&file)).collect();
    examples.sort_by(|one, other| one.file.cmp(&other.file));
    examples
}

fn read(path: &Path) -> Example {
    let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut parts = file.split('.');
    let (name, version) = (parts.next().unwrap(), parts.next().unwrap());
    let version = version.strip_prefix('v').unwrap().parse().unwrap();
    let content = serde_json::from_str(&std::fs::read_to_string(path).unwrap());
    Example { name: name.to_owned(), version, content: content.unwrap_or_else(|error| panic!("{file}: {error}")), file }
}

impl Example {
    pub(crate) fn stream(&self) -> Stream {
        self.content.stream.parse().unwrap()
    }

    /// The contact in whose stream it stands.
    pub(crate) fn contact(&self) -> Option<ContactId> {
        match self.stream() {
            Stream::Contact(contact) => Some(contact),
            Stream::Identity(_) | Stream::Workspace(_) => None,
        }
    }

    /// The event, as any part of the program reads it.
    pub(crate) fn event(&self) -> Event {
        let personal = self.content.personal.as_ref().map(|personal| personal.to_string().into_bytes());
        self.read(personal.as_deref())
    }

    /// The event after its key was destroyed.
    pub(crate) fn erased(&self) -> Event {
        self.read(None)
    }

    fn read(&self, personal: Option<&[u8]>) -> Event {
        let public = self.content.public.to_string();
        let event = read_as_today(&self.name, self.version, public.as_bytes(), personal);
        event.unwrap_or_else(|error| panic!("{}: {error}", self.file))
    }

    /// Its metadata, with the actor's id as after opening.
    pub(crate) fn meta(&self) -> Meta {
        let codec = Codec::new(Arc::new(MemoryKeyring::default()));
        let data = serde_json::json!({"public": self.content.public}).to_string().into_bytes();
        let unsealed = self.recorded(1, 0, data);
        let mut meta = now(codec.open(&unsealed)).unwrap_or_else(|error| panic!("{}: {error}", self.file)).meta;
        if let Some(actor) = &self.content.actor {
            meta.actor.id = Personal::Open(actor.clone());
        }
        meta
    }

    /// As a record of the log with this data.
    pub(crate) fn recorded(&self, position: u64, revision: u64, data: Vec<u8>) -> Recorded {
        let event = NewEvent {
            id: Uuid::from_u128(u128::from(position)),
            event_type: self.name.as_str().into(),
            version: self.version,
            data,
            meta: self.content.meta.to_string().into_bytes(),
            marks: Vec::new(),
        };
        Recorded { position, revision, stream: self.stream(), event }
    }
}

/// Reads stored parts as the codec does: first they become today's, then an event.
pub(crate) fn read_as_today(
    name: &str,
    version: u16,
    public: &[u8],
    personal: Option<&[u8]>,
) -> Result<Event, ReadError> {
    let shape = Shape { name: name.into(), version, public: public.into(), personal: personal.map(Into::into) };
    match upcast(shape)? {
        Today::Shape(shape) => Event::read(&shape.name, &shape.public, shape.personal.as_deref()),
        Today::Retired | Today::Unknown => Err(ReadError::UnknownType),
    }
}

/// The outcome of what waits for nothing, as all that is in memory.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing here waits")
}
