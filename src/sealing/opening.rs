//! Decoding and opening.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dossier_domain::event::{Event, ReadError};
use dossier_domain::meta::Meta;
use dossier_domain::personal::Personal;
use dossier_domain::state::Fact;
use zeroize::Zeroizing;

use super::cipher::Prepared;
use super::codec::{Codec, Holders, Key};
use super::meta::Workspaces;
use super::stored::{Contents, Parts, StoredBox};
use super::upcast::{Shape, Today, upcast};
use super::{binding, meta};
use crate::app::error::AppError;
use crate::ports::{NewEvent, Recorded};

/// An event, read and opened as far as its keys exist.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What happened; what was erased is gone from it.
    pub event: Event,
    /// Who, why, when.
    pub meta: Meta,
    /// It could not be opened although nobody erased it: a key is lost, or bytes are damaged.
    pub damaged: bool,
}

impl Opened {
    /// The event in its place.
    pub fn fact(&self, recorded: &Recorded) -> Fact<'_> {
        Fact { event: &self.event, meta: &self.meta, revision: recorded.revision, position: recorded.position }
    }
}

/// Opens events one after another. What they have in common with the one before is not done again: often it is of the
/// same contact, and nearly always of the same workspace.
pub struct Opener<'a> {
    codec: &'a Codec,
    workspaces: Workspaces,
    last_key: Option<(Holders, Prepared)>,
    desk: Desk,
}

/// Where boxes are opened. Wiped when it is done with.
#[derive(Default)]
struct Desk {
    bytes: Zeroizing<Vec<u8>>,
    bound_to: Vec<u8>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(codec: &'a Codec) -> Self {
        Opener { codec, workspaces: Workspaces::default(), last_key: None, desk: Desk::default() }
    }

    /// Reads an event and opens it as far as its keys exist.
    ///
    /// # Errors
    /// The keyring failed, or the stored shape is not one that this version knows.
    pub async fn open(&mut self, recorded: &Recorded) -> Result<Opened, AppError> {
        match self.written(recorded) {
            Some(opened) => Ok(opened),
            None => self.in_any_form(recorded).await,
        }
    }

    /// An event that stands in the form in which it is written, whole, with its keys at hand: nearly every one. Of all
    /// others the longer way says what they are.
    fn written(&mut self, recorded: &Recorded) -> Option<Opened> {
        let parts = Parts::written(&recorded.event.data)?;
        let meta = meta::read(&recorded.event.meta, &mut self.workspaces).ok()?;
        let contents = match &parts.sealed {
            Some(sealed) => {
                let key = prepared(&mut self.last_key, self.codec, Holders::of(&recorded.stream, sealed.also)?)?;
                let plain = self.desk.open(recorded, sealed, key)?;
                Some(Contents::written(plain).or_else(|| Contents::read(plain).ok())?)
            }
            None => None,
        };
        read(recorded, parts.public, meta, contents, false).ok().filter(|opened| !opened.damaged)
    }

    async fn in_any_form(&mut self, recorded: &Recorded) -> Result<Opened, AppError> {
        let (parts, meta) = taken_apart(recorded, &mut self.workspaces)?;
        let Some(sealed) = &parts.sealed else { return read(recorded, parts.public, meta, None, false) };
        let key = match Holders::of(&recorded.stream, sealed.also) {
            Some(holders) => self.codec.opening_key(holders).await?,
            None => Key::Lost,
        };
        let contents = match key {
            Key::Found(key) => {
                let plain = Prepared::new(&key).ok().and_then(|key| self.desk.open(recorded, sealed, &key));
                plain.and_then(|plain| Contents::read(plain).ok())
            }
            Key::Destroyed => return read(recorded, parts.public, meta, None, false),
            Key::Lost => None,
        };
        let damaged = contents.is_none();
        read(recorded, parts.public, meta, contents, damaged)
    }
}

/// The key of these holders, made ready: that of the event before, if it is the same.
fn prepared<'k>(last: &'k mut Option<(Holders, Prepared)>, codec: &Codec, holders: Holders) -> Option<&'k Prepared> {
    if !last.as_ref().is_some_and(|(known, _)| *known == holders) {
        *last = Some((holders, Prepared::new(&codec.key_at_hand(holders)?).ok()?));
    }
    last.as_ref().map(|(_, key)| key)
}

impl Desk {
    /// Opens a box. `None`: it is damaged, or was made for another event or with another key.
    fn open(&mut self, recorded: &Recorded, sealed: &StoredBox<'_>, key: &Prepared) -> Option<&[u8]> {
        let NewEvent { id, event_type, version, .. } = &recorded.event;
        self.bytes.clear();
        if self.bytes.capacity() < sealed.with.len() {
            // Growing in place would leave what was opened before somewhere in memory.
            self.bytes = Zeroizing::new(Vec::with_capacity(sealed.with.len()));
        }
        BASE64.decode_vec(sealed.with, &mut self.bytes).ok()?;
        binding::write(&mut self.bound_to, &recorded.stream, *id, event_type, *version);
        key.open(&self.bound_to, &mut self.bytes).ok().map(|plain| &*plain)
    }
}

/// Reads what anyone may read of an event.
pub(super) fn glance(recorded: &Recorded) -> Result<Opened, AppError> {
    let (parts, meta) = taken_apart(recorded, &mut Workspaces::default())?;
    read(recorded, parts.public, meta, None, false)
}

fn taken_apart<'a>(recorded: &'a Recorded, workspaces: &mut Workspaces) -> Result<(Parts<'a>, Meta), AppError> {
    let unfit = |error: serde_json::Error| unreadable(recorded, &error.into());
    let parts = Parts::read(&recorded.event.data).map_err(unfit)?;
    let meta = meta::read(&recorded.event.meta, workspaces).map_err(unfit)?;
    Ok((parts, meta))
}

/// The event out of its parts. What was sealed and does not have the shape of its type is damage, like what does not
/// open: it never stops a replay.
fn read(
    recorded: &Recorded,
    public: &[u8],
    mut meta: Meta,
    contents: Option<Contents<'_>>,
    mut damaged: bool,
) -> Result<Opened, AppError> {
    let Contents { actor, data: personal } = contents.unwrap_or_default();
    if let Some(actor) = actor {
        meta.actor.id = Personal::Open(Arc::from(&*actor));
    }
    let event = match today(recorded, public, personal) {
        Err(ReadError::Shape(_)) if personal.is_some() => {
            damaged = true;
            today(recorded, public, None)
        }
        other => other,
    };
    Ok(Opened { event: event.map_err(|error| unreadable(recorded, &error))?, meta, damaged })
}

fn today(recorded: &Recorded, public: &[u8], personal: Option<&[u8]>) -> Result<Event, ReadError> {
    let NewEvent { event_type, version, .. } = &recorded.event;
    let shape = Shape {
        name: Cow::Borrowed(event_type),
        version: *version,
        public: Cow::Borrowed(public),
        personal: personal.map(Cow::Borrowed),
    };
    match upcast(shape)? {
        Today::Shape(shape) => Event::read(&shape.name, &shape.public, shape.personal.as_deref()),
        Today::Retired | Today::Unknown => Err(ReadError::UnknownType),
    }
}

/// Of what the parser says only the place is kept: its words may quote a value.
fn unreadable(recorded: &Recorded, error: &ReadError) -> AppError {
    let what = match error {
        ReadError::UnknownType => "this version does not know its type".to_owned(),
        ReadError::Shape(error) => format!("line {}, column {} of its JSON", error.line(), error.column()),
    };
    let NewEvent { event_type, version, .. } = &recorded.event;
    AppError::Internal(format!("the {event_type} {version} at position {} can't be read: {what}", recorded.position))
}
