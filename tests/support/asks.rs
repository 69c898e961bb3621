//! Short words for what may be asked.

use std::sync::Arc;

use dossier::app::ask::{
    Ask, Clock, Command, CreateContact, Edit, Envelope, ExpectedRevisions, Handle, IfExists, Inbound, Key, Merge,
    Outbound, Unmerge, UnmergeTarget,
};
use dossier_domain::command::ProfileValues;
use dossier_domain::event::{ClosingNote, Content, InteractionKind, Sender};
use dossier_domain::field::{Choice, Field, MergeChoices, Origin, Value};
use dossier_domain::fields::FieldType;
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::meta::{Actor, ActorKind, Cause};
use dossier_domain::personal::Personal;
use dossier_domain::values::reference::Reference;
use dossier_domain::values::tag::parse_tag;
use dossier_domain::workspace::NewField;

/// The channel of every identity that is named by a letter.
pub const CHANNEL: &str = "ch";

pub fn command(key: Option<&str>, ask: Ask) -> Command {
    let body = format!("{ask:?}").into_bytes();
    let envelope = Envelope {
        workspace: "default".into(),
        key: key.map(|text| Key { text: text.into(), body: body.into() }),
        actor: Actor { kind: ActorKind::User, id: Personal::Open("anna".into()) },
        cause: Cause::Api,
        correlation_id: None,
        if_match: None,
        clock: Clock::Now,
        batch_id: None,
    };
    Command { envelope, ask }
}

pub fn handle(external_id: &str) -> Handle {
    match external_id.split_once(':') {
        Some((channel, external_id)) => Handle { channel: channel.into(), external_id: external_id.into() },
        None => Handle { channel: CHANNEL.into(), external_id: external_id.into() },
    }
}

pub fn by_id(contact: ContactId) -> Reference {
    Reference::Id(contact)
}

pub fn by_handle(external_id: &str) -> Reference {
    let Handle { channel, external_id } = handle(external_id);
    Reference::Channel { channel, external_id }
}

pub fn field(name: &str) -> Field {
    name.parse().expect("a field")
}

pub fn values(values: &[(&str, Option<&str>)], origin: Origin) -> ProfileValues {
    let values = values.iter().map(|(name, value)| (field(name), value.map(Value::from))).collect();
    ProfileValues { values, origin }
}

pub fn create(handles: &[&str]) -> Ask {
    Ask::Create(CreateContact {
        values: values(&[], Origin::Api),
        tags: Vec::new(),
        channels: handles.iter().map(|it| handle(it)).collect(),
        if_exists: IfExists::Create,
    })
}

pub fn set(contact: ContactId, name: &str, value: Option<&str>) -> Ask {
    Ask::Edit(by_id(contact), Edit::Profile(values(&[(name, value)], Origin::Manual)))
}

/// Defines a custom field that has no options.
pub fn define(key: &str, kind: FieldType) -> Ask {
    Ask::DefineField(NewField { key: key.into(), kind, name: key.into(), options: Vec::new(), order: None })
}

pub fn tag(contact: ContactId, name: &str) -> Ask {
    Ask::Edit(by_id(contact), Edit::AddTag(parse_tag(name).expect("a tag")))
}

pub fn untag(contact: ContactId, name: &str) -> Ask {
    Ask::Edit(by_id(contact), Edit::RemoveTag(parse_tag(name).expect("a tag")))
}

pub fn comment(contact: ContactId, text: &str) -> Ask {
    Ask::Edit(by_id(contact), Edit::Comment(text.into()))
}

pub fn close(contact: ContactId) -> Ask {
    Ask::Edit(by_id(contact), Edit::Close(ClosingNote::default()))
}

pub fn block(contact: ContactId) -> Ask {
    Ask::Edit(by_id(contact), Edit::Block(Some("spam".into())))
}

pub fn unblock(contact: ContactId) -> Ask {
    Ask::Edit(by_id(contact), Edit::Unblock(None))
}

pub fn claim(contact: ContactId, external_id: &str) -> Ask {
    Ask::Claim(by_id(contact), handle(external_id))
}

pub fn release(contact: ContactId, external_id: &str) -> Ask {
    Ask::Release(by_id(contact), handle(external_id))
}

pub fn delete(contact: ContactId) -> Ask {
    Ask::Delete(by_id(contact))
}

/// An inbound message; its text names it.
pub fn inbound(external_id: &str, message: &str) -> Ask {
    inbound_with(external_id, message, &[])
}

pub fn inbound_with(external_id: &str, message: &str, profile: &[(&str, Option<&str>)]) -> Ask {
    Ask::Receive(Inbound {
        handle: handle(external_id),
        message_id: message.into(),
        content: Some(Content::Text { text: Arc::from(format!("text of {message}")) }),
        kind: InteractionKind::Message,
        profile: values(profile, Origin::Channel),
        at: None,
    })
}

/// An outbound message to a handle, or to whichever the contact has.
pub fn outbound(contact: Reference, external_id: Option<&str>, message: &str) -> Ask {
    let channel = external_id.map_or(CHANNEL.into(), |it| handle(it).channel);
    Ask::Send(Outbound {
        contact,
        channel,
        external_id: external_id.map(|it| handle(it).external_id),
        message_id: Some(message.into()),
        content: Some(Content::Text { text: Arc::from(format!("text of {message}")) }),
        kind: InteractionKind::Message,
        sender: Sender::User,
        at: None,
    })
}

pub fn primary() -> Choice {
    Choice::Primary
}

pub fn secondary() -> Choice {
    Choice::Secondary
}

pub fn given(value: Option<&str>) -> Choice {
    Choice::Given(value.map(Value::from))
}

pub fn merge(primary: ContactId, secondary: ContactId, choices: &[(&str, Choice)]) -> Ask {
    let choices: MergeChoices = choices.iter().map(|(name, choice)| (field(name), choice.clone())).collect();
    let expected = ExpectedRevisions::default();
    Ask::Merge(Merge { primary: by_id(primary), secondary: by_id(secondary), choices, expected })
}

pub fn unmerge(merge: MergeId) -> Ask {
    Ask::Unmerge(Unmerge { target: UnmergeTarget::Merge(merge), expected: ExpectedRevisions::default() })
}

pub fn unmerge_pair(primary: ContactId, secondary: ContactId) -> Ask {
    let target = UnmergeTarget::Secondary { primary: by_id(primary), secondary: by_id(secondary) };
    Ask::Unmerge(Unmerge { target, expected: ExpectedRevisions::default() })
}
