//! Encoding and sealing, decoding and opening.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dossier_domain::event::{Event, Public, ReadError, Sealable};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::meta::{ActorKind, Meta};
use dossier_domain::personal::Personal;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::Fact;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::marks::Marks;
use super::meta::Names;
use super::text::Text;
use super::upcast::{Shape, Today, upcast};
use super::{cipher, meta};
use crate::app::error::AppError;
use crate::ports::{KeyState, Keyring, KeyringError, NewEvent, Recorded, SecretKey};

/// Seals and opens events with the keys of a keyring.
pub struct Codec {
    keyring: Arc<dyn Keyring>,
    workspaces: Names,
}

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

/// Why an event could not be sealed.
#[derive(Debug)]
pub enum SealError {
    /// A contact that it speaks of is erased: read again, and decide anew.
    Destroyed,
    /// The keyring failed.
    Failed(AppError),
}

/// The data of a stored event: what anyone may read, and a sealed box with what is personal.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StoredData<'a> {
    /// The public part, as the schema of its event says.
    #[serde(borrow)]
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    public: &'a RawValue,
    /// The box; absent where nothing is personal.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sealed: Option<StoredBox<'a>>,
}

/// A sealed box: AES-256-GCM, bound to `<stream>|<event id>|<type>|<version>`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StoredBox<'a> {
    /// The contact whose key is needed besides that of the stream's own; in an identity's stream, the one whose key
    /// alone is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    also: Option<Uuid>,
    /// Base64 of nonce (12 bytes), ciphertext and tag (16 bytes). Opened, it is what the schema `sealed` says.
    #[serde(borrow)]
    with: &'a str,
}

/// What lies in a sealed box.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Inside<'a> {
    /// Which one of its kind acted; absent for the store itself, and where nobody's key seals the event.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    actor: Option<Text<'a>>,
    /// The personal part, as the schema of its event says; absent where it has none.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    data: Option<&'a RawValue>,
}

/// [`StoredData`] as it is written: the parts of the event go where they belong at once.
#[derive(Serialize)]
struct WrittenData<'a> {
    public: Public<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<StoredBox<'a>>,
}

/// [`Inside`] as it is written.
#[derive(Serialize)]
struct WrittenInside<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Sealable<'a>>,
}

impl Codec {
    /// A codec over a keyring.
    pub fn new(keyring: Arc<dyn Keyring>) -> Self {
        Codec { keyring, workspaces: Names::default() }
    }

    /// Encodes an event and seals what is personal in it, bound to the stream, the id and the type.
    ///
    /// # Errors
    /// [`SealError`].
    pub async fn seal(&self, stream: &Stream, id: Uuid, event: &Event, meta: &Meta) -> Result<NewEvent, SealError> {
        let also = event.also_sealed_for();
        let also = also.filter(|_| !armed(Break::OneKeySealsAll) || key_holder(stream).is_none());
        let with = match inside(stream, event, meta)? {
            None => None,
            Some(plain) => {
                let key = self.key_for(stream, also).await?;
                let bound_to = bound_to(stream, id, event.name(), event.version());
                let sealed = cipher::seal(&key, &bound_to, &plain).map_err(|_| internal("sealing failed"))?;
                Some(BASE64.encode(sealed))
            }
        };
        let sealed = with.as_deref().map(|with| StoredBox { also: also.map(|also| also.0), with });
        let data = serde_json::to_vec(&WrittenData { public: event.public(), sealed }).map_err(encoding)?;
        Ok(NewEvent {
            id,
            event_type: event.name().into(),
            version: event.version(),
            data,
            meta: meta::write(meta).map_err(encoding)?,
            marks: meta.marks.clone(),
        })
    }

    async fn key_for(&self, stream: &Stream, also: Option<ContactId>) -> Result<SecretKey, SealError> {
        let holder = key_holder(stream).or(also.map(|also| also.0));
        let holder = holder.ok_or_else(|| internal("nobody's key to seal with"))?;
        if armed(Break::FirstEventBeforeItsKey) && matches!(self.find(holder).await, Ok(KeyState::Missing)) {
            return cipher::random_key().map_err(|_| internal("no randomness"));
        }
        let own = self.key_of(holder).await?;
        match also.filter(|also| also.0 != holder) {
            None => Ok(own),
            Some(also) => {
                let other = self.key_of(also.0).await?;
                Ok(joined((holder, &own), (also.0, &other)))
            }
        }
    }

    async fn key_of(&self, holder: Uuid) -> Result<SecretKey, SealError> {
        match self.keyring.at_hand(holder) {
            Some(KeyState::Live(key)) => Ok(key),
            _ => self.keyring.create_if_absent(holder).await.map_err(sealing),
        }
    }

    /// Reads an event and opens it as far as its keys exist.
    ///
    /// # Errors
    /// The keyring failed, or the stored shape is not one that this version knows.
    pub async fn open(&self, recorded: &Recorded) -> Result<Opened, AppError> {
        let shape = |error: serde_json::Error| unreadable(recorded, &error.into());
        let data: StoredData<'_> = serde_json::from_slice(&recorded.event.data).map_err(shape)?;
        let meta = meta::read(&recorded.event.meta, &self.workspaces).map_err(shape)?;
        let Some(sealed) = &data.sealed else { return read(recorded, data.public, meta, None, false) };
        match self.opening_key(&recorded.stream, sealed.also).await? {
            Key::Found(key) => {
                let mut bytes = Zeroizing::new(Vec::new());
                let inside = look_inside(recorded, sealed, &key, &mut bytes);
                let damaged = inside.is_none();
                read(recorded, data.public, meta, inside, damaged)
            }
            Key::Destroyed => read(recorded, data.public, meta, None, false),
            Key::Lost => read(recorded, data.public, meta, None, true),
        }
    }

    /// Reads what anyone may read of an event: it looks as if it were erased. Needs no key and is cheap.
    ///
    /// # Errors
    /// The stored shape is not one that this version knows.
    pub fn glance(&self, recorded: &Recorded) -> Result<Opened, AppError> {
        let unfit = |error: serde_json::Error| unreadable(recorded, &error.into());
        let data: StoredData<'_> = serde_json::from_slice(&recorded.event.data).map_err(unfit)?;
        let meta = meta::read(&recorded.event.meta, &self.workspaces).map_err(unfit)?;
        read(recorded, data.public, meta, None, false)
    }

    async fn opening_key(&self, stream: &Stream, also: Option<Uuid>) -> Result<Key, AppError> {
        let Some(holder) = key_holder(stream).or(also) else { return Ok(Key::Lost) };
        let own = self.find(holder).await?;
        let other = match also.filter(|also| *also != holder) {
            Some(also) => Some((also, self.find(also).await?)),
            None => None,
        };
        Ok(match (own, other) {
            (KeyState::Destroyed, _) | (_, Some((_, KeyState::Destroyed))) => Key::Destroyed,
            (KeyState::Live(own), None) => Key::Found(own),
            (KeyState::Live(own), Some((also, KeyState::Live(other)))) => {
                Key::Found(joined((holder, &own), (also, &other)))
            }
            (KeyState::Missing, _) | (_, Some((_, KeyState::Missing))) => Key::Lost,
        })
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, AppError> {
        if let Some(state) = self.keyring.at_hand(holder) {
            return Ok(state);
        }
        match self.keyring.find(holder).await {
            // One key that can't be read is damage to one contact, and no reason to stop at it.
            Err(KeyringError::WrongMasterKey { .. }) => Ok(KeyState::Missing),
            found => Ok(found?),
        }
    }

    /// The key that seals bytes of a read model: of a contact, and of others whose values lie in them.
    ///
    /// # Errors
    /// [`SealError`].
    pub async fn state_key(&self, holders: &[Uuid]) -> Result<SecretKey, SealError> {
        let mut keys = Vec::with_capacity(holders.len());
        for holder in holders {
            keys.push(self.key_of(*holder).await?);
        }
        all_joined(holders, keys).ok_or_else(|| internal("nobody's key to seal with"))
    }

    /// Seals bytes of a read model with such a key.
    ///
    /// # Errors
    /// The cipher failed.
    pub fn seal_state(key: &SecretKey, bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, AppError> {
        cipher::seal(key, bound_to, plain).map_err(|_| AppError::Internal("sealing failed".into()))
    }

    /// Opens what [`Codec::seal_state`] sealed; `None` if any key is gone or the bytes are not those.
    ///
    /// # Errors
    /// The keyring failed.
    pub async fn open_state(
        &self,
        holders: &[Uuid],
        bound_to: &[u8],
        mut sealed: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, AppError> {
        let mut keys = Vec::with_capacity(holders.len());
        for holder in holders {
            let KeyState::Live(key) = self.find(*holder).await? else { return Ok(None) };
            keys.push(key);
        }
        let Some(key) = all_joined(holders, keys) else { return Ok(None) };
        Ok(cipher::open(&key, bound_to, &mut sealed).ok().map(|plain| plain.to_vec()))
    }
}

/// The key that both contacts' keys make together: destroying either leaves nothing that opens the box.
fn joined(one: (Uuid, &SecretKey), other: (Uuid, &SecretKey)) -> SecretKey {
    let (low, high) = if one.0 <= other.0 { (one.1, other.1) } else { (other.1, one.1) };
    let mut context = Context::new(&SHA256);
    context.update(b"dossier two keys");
    context.update(&low.0);
    context.update(&high.0);
    let mut key = SecretKey([0; 32]);
    key.0.copy_from_slice(context.finish().as_ref());
    key
}

/// The key that the keys of all holders make together; one holder's is its own.
fn all_joined(holders: &[Uuid], keys: Vec<SecretKey>) -> Option<SecretKey> {
    let each = holders.iter().copied().zip(keys);
    each.reduce(|(highest, all), (holder, key)| (holder.max(highest), joined((highest, &all), (holder, &key))))
        .map(|(_, key)| key)
}

enum Key {
    Found(SecretKey),
    Destroyed,
    Lost,
}

/// Whose key seals what stands in a stream; in that of an identity, each event names its own.
fn key_holder(stream: &Stream) -> Option<Uuid> {
    match stream {
        Stream::Contact(contact) => Some(contact.0),
        Stream::Workspace(name) => Some(Marks::workspace_key(name)),
        Stream::Identity(_) => None,
    }
}

/// The plain text of the box; `None` where there is nothing to seal.
fn inside(stream: &Stream, event: &Event, meta: &Meta) -> Result<Option<Vec<u8>>, SealError> {
    let data = event.personal();
    let actor = match meta.actor.kind {
        ActorKind::System => None,
        _ if key_holder(stream).is_none() && event.also_sealed_for().is_none() => None,
        _ => meta.actor.id.open().map(|id| Text(Cow::Borrowed(id))),
    };
    if data.is_none() && actor.is_none() {
        return Ok(None);
    }
    serde_json::to_vec(&WrittenInside { actor, data }).map(Some).map_err(encoding)
}

/// What a sealed part is bound to, `<stream>|<id>|<name>|<version>`: it opens in no other event. Read from the right it
/// is unambiguous, whatever a workspace is called.
fn bound_to(stream: &Stream, id: Uuid, name: &str, version: u16) -> Vec<u8> {
    let mut bound = Vec::with_capacity(128);
    let mut buffer = Uuid::encode_buffer();
    let (category, rest): (&str, &str) = match stream {
        Stream::Contact(contact) => ("contact-", contact.0.hyphenated().encode_lower(&mut buffer)),
        Stream::Identity(identity) => ("identity-", identity.0.hyphenated().encode_lower(&mut buffer)),
        Stream::Workspace(name) => ("workspace-", name),
    };
    bound.extend_from_slice(category.as_bytes());
    bound.extend_from_slice(rest.as_bytes());
    bound.push(b'|');
    bound.extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes());
    bound.push(b'|');
    bound.extend_from_slice(name.as_bytes());
    bound.push(b'|');
    bound.extend_from_slice(version.to_string().as_bytes());
    bound
}

/// Opens the box into `bytes`. `None`: it is damaged, or was made for another event or with another key.
fn look_inside<'b>(
    recorded: &Recorded,
    sealed: &StoredBox<'_>,
    key: &SecretKey,
    bytes: &'b mut Vec<u8>,
) -> Option<Inside<'b>> {
    let NewEvent { id, event_type, version, .. } = &recorded.event;
    BASE64.decode_vec(sealed.with, bytes).ok()?;
    let plain = cipher::open(key, &bound_to(&recorded.stream, *id, event_type, *version), bytes).ok()?;
    serde_json::from_slice(plain).ok()
}

/// The event out of its parts. What was sealed and does not have the shape of its type is damage, like what does not
/// open: it never stops a replay.
fn read(
    recorded: &Recorded,
    public: &RawValue,
    mut meta: Meta,
    inside: Option<Inside<'_>>,
    mut damaged: bool,
) -> Result<Opened, AppError> {
    let Inside { actor, data } = inside.unwrap_or_default();
    if let Some(Text(actor)) = actor {
        meta.actor.id = Personal::Open(Arc::from(&*actor));
    }
    let personal = data.map(|data| data.get().as_bytes());
    let event = match today(recorded, public, personal) {
        Err(ReadError::Shape(_)) if personal.is_some() => {
            damaged = true;
            today(recorded, public, None)
        }
        other => other,
    };
    Ok(Opened { event: event.map_err(|error| unreadable(recorded, &error))?, meta, damaged })
}

fn today(recorded: &Recorded, public: &RawValue, personal: Option<&[u8]>) -> Result<Event, ReadError> {
    let NewEvent { event_type, version, .. } = &recorded.event;
    let shape = Shape {
        name: Cow::Borrowed(event_type),
        version: *version,
        public: Cow::Borrowed(public.get().as_bytes()),
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

fn encoding(error: serde_json::Error) -> SealError {
    internal(&error.to_string())
}

fn internal(reason: &str) -> SealError {
    SealError::Failed(AppError::Internal(reason.to_owned()))
}

fn sealing(error: KeyringError) -> SealError {
    match error {
        KeyringError::Destroyed => SealError::Destroyed,
        error => SealError::Failed(error.into()),
    }
}
