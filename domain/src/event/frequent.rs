//! The frequent events, read in the form in which they are written.
//!
//! These are nearly all that a replay reads. Serde would find every member by its name, copy texts twice and look at a
//! value of several possible types once for each; here everything is where it was written. What stands there in another
//! form is left to serde, part by part.

use serde::de::DeserializeOwned;

use super::{
    ContactCreated, Content, ConversationOpened, Event, IdentityClaimed, IdentityConnected, IdentityNamed,
    InteractionKind, MessageReceived, MessageSent, MessageText, Personal, ProfileEdit, ProfileEdited, Sender, TagAdded,
    TagNamed,
};
use crate::field::{Field, FieldChange, Origin, Value};
use crate::ids::{ContactId, IdentityId};
use crate::written::Cursor;

/// Reads one part of an event.
type Read<T> = fn(&mut Cursor<'_>) -> Option<T>;

/// The event, if it is a frequent one; `None` leaves it to serde.
pub(super) fn read(name: &str, public: &[u8], personal: Option<&[u8]>) -> Option<Event> {
    Some(match name {
        "message_received" => MessageReceived { personal: opened(personal, text)?, ..part(public, received)? }.into(),
        "message_sent" => MessageSent { personal: opened(personal, text)?, ..part(public, sent)? }.into(),
        "conversation_opened" if is_empty(public) => ConversationOpened {}.into(),
        "contact_created" if is_empty(public) => ContactCreated {}.into(),
        "identity_claimed" => IdentityClaimed { personal: opened(personal, handle)?, ..part(public, claimed)? }.into(),
        "identity_connected" => {
            IdentityConnected { personal: opened(personal, handle)?, ..part(public, connected)? }.into()
        }
        "profile_edited" => ProfileEdited { personal: opened(personal, edit)?, ..part(public, edited)? }.into(),
        "tag_added" if is_empty(public) => TagAdded { personal: opened(personal, tag)? }.into(),
        _ => return None,
    })
}

fn part<T: DeserializeOwned>(bytes: &[u8], read: Read<T>) -> Option<T> {
    Cursor::whole(bytes, read).or_else(|| serde_json::from_slice(bytes).ok())
}

fn opened<T: DeserializeOwned>(bytes: Option<&[u8]>, read: Read<T>) -> Option<Personal<T>> {
    match bytes {
        Some(bytes) => part(bytes, read).map(Personal::Open),
        None => Some(Personal::Erased),
    }
}

fn is_empty(public: &[u8]) -> bool {
    public == b"{}"
}

fn received(cursor: &mut Cursor<'_>) -> Option<MessageReceived> {
    cursor.pass(r#"{"identity":""#)?;
    let identity = IdentityId(cursor.uuid()?);
    cursor.pass(r#","channel":""#)?;
    let channel = cursor.text()?.into();
    cursor.pass(r#","at":""#)?;
    let at = cursor.time()?;
    cursor.pass(r#","kind":""#)?;
    let kind = kind(cursor)?;
    let holder = holder(cursor)?;
    cursor.pass("}")?;
    Some(MessageReceived { identity, channel, at, kind, holder, personal: Personal::Erased })
}

fn sent(cursor: &mut Cursor<'_>) -> Option<MessageSent> {
    cursor.pass(r#"{"identity":""#)?;
    let identity = IdentityId(cursor.uuid()?);
    cursor.pass(r#","channel":""#)?;
    let channel = cursor.text()?.into();
    cursor.pass(r#","at":""#)?;
    let at = cursor.time()?;
    cursor.pass(r#","kind":""#)?;
    let kind = kind(cursor)?;
    cursor.pass(r#","sender":""#)?;
    let sender = sender(cursor)?;
    cursor.pass(r#","message":""#)?;
    let message = cursor.mark()?;
    let holder = holder(cursor)?;
    cursor.pass("}")?;
    Some(MessageSent { identity, channel, at, kind, sender, message, holder, personal: Personal::Erased })
}

fn kind(cursor: &mut Cursor<'_>) -> Option<InteractionKind> {
    Some(match cursor.text()? {
        "message" => InteractionKind::Message,
        "reaction" => InteractionKind::Reaction,
        "call" => InteractionKind::Call,
        _ => return None,
    })
}

fn sender(cursor: &mut Cursor<'_>) -> Option<Sender> {
    Some(match cursor.text()? {
        "user" => Sender::User,
        "workflow" => Sender::Workflow,
        "api" => Sender::Api,
        "ai" => Sender::Ai,
        "broadcast" => Sender::Broadcast,
        _ => return None,
    })
}

/// The absorbed contact that comes last in some events, if any; `None`: it can't be read.
fn holder(cursor: &mut Cursor<'_>) -> Option<Option<ContactId>> {
    match cursor.passes(r#","holder":""#) {
        true => Some(Some(ContactId(cursor.uuid()?))),
        false => Some(None),
    }
}

fn text(cursor: &mut Cursor<'_>) -> Option<MessageText> {
    cursor.pass(r#"{"external_id":""#)?;
    let external_id = cursor.text()?.into();
    cursor.pass(r#","message_id":""#)?;
    let message_id = cursor.text()?.into();
    let content = match cursor.passes(r#","content":{"type":"text","text":""#) {
        true => {
            let text = cursor.text()?.into();
            cursor.pass("}")?;
            Some(Content::Text { text })
        }
        false => None,
    };
    cursor.pass("}")?;
    Some(MessageText { external_id, message_id, content })
}

fn claimed(cursor: &mut Cursor<'_>) -> Option<IdentityClaimed> {
    cursor.pass(r#"{"contact":""#)?;
    let contact = ContactId(cursor.uuid()?);
    cursor.pass(r#","channel":""#)?;
    let channel = cursor.text()?.into();
    cursor.pass("}")?;
    Some(IdentityClaimed { contact, channel, personal: Personal::Erased })
}

fn connected(cursor: &mut Cursor<'_>) -> Option<IdentityConnected> {
    cursor.pass(r#"{"identity":""#)?;
    let identity = IdentityId(cursor.uuid()?);
    cursor.pass(r#","epoch":"#)?;
    let epoch = cursor.number()?;
    cursor.pass(r#","channel":""#)?;
    let channel = cursor.text()?.into();
    cursor.pass("}")?;
    Some(IdentityConnected { identity, epoch, channel, personal: Personal::Erased })
}

fn handle(cursor: &mut Cursor<'_>) -> Option<IdentityNamed> {
    cursor.pass(r#"{"external_id":""#)?;
    let external_id = cursor.text()?.into();
    cursor.pass("}")?;
    Some(IdentityNamed { external_id })
}

fn edited(cursor: &mut Cursor<'_>) -> Option<ProfileEdited> {
    let holder = match cursor.passes(r#"{"holder":""#) {
        true => Some(ContactId(cursor.uuid()?)),
        false => cursor.pass("{").map(|()| None)?,
    };
    cursor.pass("}")?;
    Some(ProfileEdited { holder, personal: Personal::Erased })
}

fn edit(cursor: &mut Cursor<'_>) -> Option<ProfileEdit> {
    cursor.pass(r#"{"changes":["#)?;
    let mut changes = Vec::with_capacity(1);
    loop {
        changes.push(change(cursor)?);
        if !cursor.passes(",") {
            break;
        }
    }
    cursor.pass("]}")?;
    Some(ProfileEdit { changes })
}

fn change(cursor: &mut Cursor<'_>) -> Option<FieldChange> {
    cursor.pass(r#"{"field":""#)?;
    let field: Field = cursor.text()?.parse().ok()?;
    cursor.pass(r#","value":"#)?;
    let value = match cursor.passes("\"") {
        true => Some(Value::Text(cursor.text()?.into())),
        false => cursor.pass("null").map(|()| None)?,
    };
    cursor.pass(r#","origin":""#)?;
    let origin = match cursor.text()? {
        "manual" => Origin::Manual,
        "channel" => Origin::Channel,
        "derived" => Origin::Derived,
        "import" => Origin::Import,
        "api" => Origin::Api,
        _ => return None,
    };
    cursor.pass("}")?;
    Some(FieldChange { field, value, origin })
}

fn tag(cursor: &mut Cursor<'_>) -> Option<TagNamed> {
    cursor.pass(r#"{"key":""#)?;
    let key = cursor.text()?.into();
    cursor.pass(r#","name":""#)?;
    let name = cursor.text()?.into();
    cursor.pass("}")?;
    Some(TagNamed { key, name })
}

#[cfg(test)]
#[path = "frequent_tests.rs"]
mod tests;
