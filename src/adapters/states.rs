//! The row of a contact's own state, as every engine keeps it: `form | count of others | their ids | sealed state`, the state
//! packed.

use dossier_domain::ids::ContactId;
use dossier_domain::state::packed::NotPacked;
use dossier_domain::state::{Contact, Life};
use uuid::Uuid;

use crate::ports::SecretKey;
use crate::ports::read_store::{ReadError, StoredContact};
use crate::sealing::{Codec, SealError};

/// What stands in front of a contact's row. With [`Contact::FORM`] this and the next change: a row of another form is not
/// read, but folded from the log.
const SEALED: u8 = 4;
/// Of an erased contact, whose state holds nothing personal.
const BARE: u8 = 5;
/// Not kept: a key that it would need is gone.
const UNREADABLE: u8 = 3;

/// In which form a state is kept.
pub(super) enum Form {
    /// Sealed with the key of the contact and of these others.
    Sealed { others: Vec<Uuid>, key: SecretKey },
    /// As it is.
    Bare,
    /// Not at all.
    Unreadable,
}

/// How a state is to be kept. A contact whose key is destroyed has nothing left to seal.
pub(super) async fn form_of(codec: &Codec, state: &Contact) -> Result<Form, ReadError> {
    let others = state.also_guarded_by().into_iter().map(|id| id.0).filter(|id| *id != state.id.0);
    let others: Vec<Uuid> = others.collect();
    // Not by whether the key is gone already: a row sealed just before that could never be opened again, though a
    // fresh fold gives it.
    if state.life == Life::Erased && others.is_empty() {
        return Ok(Form::Bare);
    }
    if others.len() >= usize::from(u8::MAX) {
        // More contacts than fit: the state is folded from the log whenever it is needed.
        return Ok(Form::Unreadable);
    }
    let mut holders = vec![state.id.0];
    holders.extend(&others);
    match codec.state_key(&holders).await {
        Ok(key) => Ok(Form::Sealed { others, key }),
        Err(SealError::Destroyed) => Ok(Form::Unreadable),
        Err(SealError::Failed(error)) => Err(unavailable("sealing a state", &error)),
    }
}

/// The row.
pub(super) fn row(state: &Contact, form: Form) -> Result<Vec<u8>, ReadError> {
    let packed_behind = |row| state.pack_into(row).map_err(unfit);
    match form {
        Form::Unreadable => Ok(vec![UNREADABLE]),
        Form::Bare => packed_behind(vec![BARE]),
        Form::Sealed { others, key } => {
            let mut row = vec![SEALED, u8::try_from(others.len()).unwrap_or(u8::MAX)];
            others.iter().for_each(|other| row.extend_from_slice(other.as_bytes()));
            let sealed = Codec::seal_state(&key, state.id.0.as_bytes(), &packed_behind(Vec::with_capacity(1024))?);
            row.extend(sealed.map_err(|error| unavailable("sealing a state", &error))?);
            Ok(row)
        }
    }
}

/// The state of a row, packed; `None` where a key that it needs is gone.
pub(super) async fn open(codec: &Codec, id: ContactId, value: Vec<u8>) -> Result<Option<Vec<u8>>, ReadError> {
    match value.split_first() {
        Some((&BARE, plain)) => Ok(Some(plain.to_vec())),
        Some((&SEALED, rest)) => {
            let Some((&count, rest)) = rest.split_first() else { return Ok(None) };
            let Some((others, sealed)) = rest.split_at_checked(usize::from(count) * 16) else { return Ok(None) };
            let mut holders = vec![id.0];
            holders.extend(others.chunks_exact(16).filter_map(|bytes| Uuid::from_slice(bytes).ok()));
            let opened = codec.open_state(&holders, id.0.as_bytes(), sealed.to_vec()).await;
            opened.map_err(|error| unavailable("opening a state", &error))
        }
        _ => Ok(None),
    }
}

/// The state of a row, read.
pub(super) async fn stored(codec: &Codec, id: ContactId, row: Vec<u8>) -> Result<StoredContact, ReadError> {
    match open(codec, id, row).await? {
        Some(packed) => Ok(StoredContact::Found(Box::new(Contact::unpack(&packed).map_err(unfit)?))),
        None => Ok(StoredContact::Unreadable),
    }
}

fn unfit(error: NotPacked) -> ReadError {
    ReadError::Unavailable { doing: "reading a row", reason: error.to_string() }
}

/// What is stored is not of the shape that this version writes.
pub(super) fn shape(error: serde_json::Error) -> ReadError {
    ReadError::Unavailable { doing: "reading a row", reason: error.to_string() }
}

fn unavailable(doing: &'static str, error: &crate::app::AppError) -> ReadError {
    ReadError::Unavailable { doing, reason: error.to_string() }
}
