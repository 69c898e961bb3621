//! Encoding and sealing, and the keys for both ways.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::meta::{ActorKind, Meta};
use dossier_domain::sabotage::{Break, armed};
use uuid::Uuid;

use super::marks::Marks;
use super::opening::{self, Opened, Opener};
use super::stored::{StoredBox, WrittenData, WrittenInside};
use super::text::Text;
use super::{binding, cipher, meta};
use crate::app::error::AppError;
use crate::ports::{KeyState, Keyring, KeyringError, NewEvent, Recorded, SecretKey};

/// Seals and opens events with the keys of a keyring.
pub struct Codec {
    keyring: Arc<dyn Keyring>,
}

/// Why an event could not be sealed.
#[derive(Debug)]
pub enum SealError {
    /// A contact that it speaks of is erased: read again, and decide anew.
    Destroyed,
    /// The keyring failed.
    Failed(AppError),
}

impl Codec {
    /// A codec over a keyring.
    pub fn new(keyring: Arc<dyn Keyring>) -> Self {
        Codec { keyring }
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
                let mut bound_to = Vec::new();
                binding::write(&mut bound_to, stream, id, event.name(), event.version());
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

    /// Reads an event and opens it as far as its keys exist. Many are read faster by one [`Opener`].
    ///
    /// # Errors
    /// The keyring failed, or the stored shape is not one that this version knows.
    pub async fn open(&self, recorded: &Recorded) -> Result<Opened, AppError> {
        self.opener().open(recorded).await
    }

    /// Opens events one after another. It remembers the last key, so it should not outlive a page of events.
    pub fn opener(&self) -> Opener<'_> {
        Opener::new(self)
    }

    /// Reads what anyone may read of an event: it looks as if it were erased. Needs no key and is cheap.
    ///
    /// # Errors
    /// The stored shape is not one that this version knows.
    pub fn glance(&self, recorded: &Recorded) -> Result<Opened, AppError> {
        opening::glance(recorded)
    }

    /// The key that opens a box of these holders' keys, if they are at hand and live.
    pub(super) fn key_at_hand(&self, holders: Holders) -> Option<SecretKey> {
        let Some(KeyState::Live(own)) = self.keyring.at_hand(holders.0) else { return None };
        match holders.1 {
            None => Some(own),
            Some(also) => match self.keyring.at_hand(also)? {
                KeyState::Live(other) => Some(joined((holders.0, &own), (also, &other))),
                KeyState::Destroyed | KeyState::Missing => None,
            },
        }
    }

    /// The key that opens a box of these holders' keys.
    pub(super) async fn opening_key(&self, Holders(holder, also): Holders) -> Result<Key, AppError> {
        let own = self.find(holder).await?;
        let other = match also {
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

/// What became of the key of a box.
pub(super) enum Key {
    Found(SecretKey),
    Destroyed,
    Lost,
}

/// Whose keys open a box: one holder's, or two holders' together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Holders(Uuid, Option<Uuid>);

impl Holders {
    /// Of a box in a stream that names another holder or none; `None`: nobody's key can have made it.
    pub(super) fn of(stream: &Stream, also: Option<Uuid>) -> Option<Self> {
        let holder = key_holder(stream).or(also)?;
        Some(Holders(holder, also.filter(|also| *also != holder)))
    }
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
