//! The canonical bytes of what is asked, by which a retry is told from a key used twice.
//!
//! They are kept for ever, as a keyed hash, so they must never change for the same command: what is added later is
//! written only where it is given. Who asks, why and when is no part of them. Every text bears its length, so no two
//! commands run together.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::command::ProfileValues;
use dossier_domain::event::{Content, DeliveryStatus, FieldEdit, InteractionKind, Sender, WorkspaceConfigured};
use dossier_domain::field::{Choice, Field, Value};
use dossier_domain::ids::ContactId;
use dossier_domain::values::reference::Reference;
use dossier_domain::workspace::NewField;

use crate::app::ask::{
    Ask, CreateContact, Edit, ExpectedRevisions, Handle, IfExists, Inbound, Merge, Outbound, StatusReported, Unmerge,
    UnmergeTarget,
};

/// The canonical bytes.
pub fn canonical(ask: &Ask) -> Vec<u8> {
    let mut bytes = Bytes(Vec::with_capacity(192));
    bytes.ask(ask);
    bytes.0
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }

    /// Absent, or present and then written.
    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.tag(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn texts(&mut self, texts: &[Arc<str>]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    fn option_text(&mut self, text: Option<&Arc<str>>) {
        self.option(text, |bytes, text| bytes.text(text));
    }

    fn time(&mut self, time: Option<DateTime<Utc>>) {
        self.option(time, |bytes, time| bytes.0.extend_from_slice(&time.timestamp_micros().to_le_bytes()));
    }

    fn contact(&mut self, id: ContactId) {
        self.0.extend_from_slice(id.0.as_bytes());
    }

    fn reference(&mut self, reference: &Reference) {
        match reference {
            Reference::Id(id) => {
                self.tag(0);
                self.contact(*id);
            }
            Reference::Email(email) => {
                self.tag(1);
                self.text(&email.folded());
            }
            Reference::Phone(phone) => {
                self.tag(2);
                self.text(phone.as_str());
            }
            Reference::Channel { channel, external_id } => {
                self.tag(3);
                self.text(channel);
                self.text(external_id);
            }
        }
    }

    fn handle(&mut self, handle: &Handle) {
        self.text(&handle.channel);
        self.text(&handle.external_id);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(text) => {
                self.tag(0);
                self.text(text);
            }
            Value::Boolean(yes) => {
                self.tag(1);
                self.tag((*yes).into());
            }
            Value::Number(number) => {
                self.tag(2);
                self.number(number.to_bits());
            }
            Value::List(texts) => {
                self.tag(3);
                self.texts(texts);
            }
        }
    }

    /// Fields by name, so that the order in which they were written makes no difference.
    fn values(&mut self, values: &ProfileValues) {
        let mut sorted: Vec<(String, &Option<Value>)> =
            values.values.iter().map(|(field, value)| (field.to_string(), value)).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        self.number(sorted.len() as u64);
        for (field, value) in sorted {
            self.text(&field);
            self.option(value.as_ref(), Self::value);
        }
    }

    fn content(&mut self, content: Option<&Content>) {
        self.option(content, |bytes, Content::Text { text }| {
            bytes.tag(0);
            bytes.text(text);
        });
    }

    fn expected(&mut self, expected: ExpectedRevisions) {
        self.option(expected.primary, Self::number);
        self.option(expected.secondary, Self::number);
    }

    fn ask(&mut self, ask: &Ask) {
        match ask {
            Ask::Create(create) => self.create(create),
            Ask::Edit(contact, edit) => {
                self.tag(2);
                self.reference(contact);
                self.edit(edit);
            }
            Ask::Claim(contact, handle) => {
                self.tag(3);
                self.reference(contact);
                self.handle(handle);
            }
            Ask::Release(contact, handle) => {
                self.tag(4);
                self.reference(contact);
                self.handle(handle);
            }
            Ask::Receive(inbound) => self.inbound(inbound),
            Ask::Send(outbound) => self.outbound(outbound),
            Ask::ReportStatus(reported) => self.reported(reported),
            Ask::Merge(merge) => self.merge(merge),
            Ask::Unmerge(unmerge) => self.unmerge(unmerge),
            Ask::Delete(contact) => {
                self.tag(10);
                self.reference(contact);
            }
            Ask::Configure(settings) => self.settings(settings),
            Ask::DefineField(new) => self.new_field(new),
            Ask::ChangeField(edit) => self.field_edit(edit),
            Ask::RetireField(named) => self.tagged_text(14, &named.key),
            Ask::DefineSegment { name, filter } => {
                self.tagged_text(15, name);
                self.text(&filter.to_string());
            }
            Ask::ChangeSegment(change) => {
                self.tagged_text(16, &change.segment);
                self.option_text(change.name.as_ref());
                self.option(change.filter.as_ref(), |bytes, filter| bytes.text(&filter.to_string()));
            }
            Ask::RemoveSegment(named) => self.tagged_text(17, named),
        }
    }

    fn create(&mut self, create: &CreateContact) {
        self.tag(1);
        self.values(&create.values);
        self.number(create.tags.len() as u64);
        create.tags.iter().for_each(|tag| self.text(&tag.name));
        self.number(create.channels.len() as u64);
        create.channels.iter().for_each(|handle| self.handle(handle));
        self.tag(match create.if_exists {
            IfExists::Create => 0,
            IfExists::Fail => 1,
            IfExists::Update => 2,
            IfExists::FillEmpty => 3,
        });
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Profile(values) => {
                self.tag(0);
                self.values(values);
            }
            Edit::AddTag(tag) => self.tagged_text(1, &tag.name),
            Edit::RemoveTag(tag) => self.tagged_text(2, &tag.name),
            Edit::Comment(text) => self.tagged_text(3, text),
            Edit::Open => self.tag(4),
            Edit::Close(note) => {
                self.tag(5);
                self.option_text(note.category.as_ref());
                self.option_text(note.summary.as_ref());
            }
            Edit::Snooze(until) => {
                self.tag(6);
                self.time(Some(*until));
            }
            Edit::Assign(assignee) => {
                self.tag(7);
                self.option_text(assignee.as_ref());
            }
            Edit::Block(reason) => {
                self.tag(8);
                self.option_text(reason.as_ref());
            }
            Edit::Unblock(reason) => {
                self.tag(9);
                self.option_text(reason.as_ref());
            }
        }
    }

    fn tagged_text(&mut self, tag: u8, text: &str) {
        self.tag(tag);
        self.text(text);
    }

    fn inbound(&mut self, inbound: &Inbound) {
        self.tag(5);
        self.handle(&inbound.handle);
        self.text(&inbound.message_id);
        self.content(inbound.content.as_ref());
        self.kind(inbound.kind);
        self.values(&inbound.profile);
        self.time(inbound.at);
    }

    fn outbound(&mut self, outbound: &Outbound) {
        self.tag(6);
        self.reference(&outbound.contact);
        self.text(&outbound.channel);
        self.option_text(outbound.external_id.as_ref());
        self.option_text(outbound.message_id.as_ref());
        self.content(outbound.content.as_ref());
        self.kind(outbound.kind);
        self.tag(match outbound.sender {
            Sender::User => 0,
            Sender::Workflow => 1,
            Sender::Api => 2,
            Sender::Ai => 3,
            Sender::Broadcast => 4,
        });
        self.time(outbound.at);
    }

    fn kind(&mut self, kind: InteractionKind) {
        self.tag(match kind {
            InteractionKind::Message => 0,
            InteractionKind::Reaction => 1,
            InteractionKind::Call => 2,
        });
    }

    fn reported(&mut self, reported: &StatusReported) {
        self.tag(7);
        self.reference(&reported.contact);
        self.text(&reported.message_id);
        self.tag(match reported.status {
            DeliveryStatus::Sent => 0,
            DeliveryStatus::Delivered => 1,
            DeliveryStatus::Read => 2,
            DeliveryStatus::Failed => 3,
        });
        self.option_text(reported.error.as_ref());
        self.time(reported.at);
    }

    fn merge(&mut self, merge: &Merge) {
        self.tag(8);
        self.reference(&merge.primary);
        self.reference(&merge.secondary);
        let mut choices: Vec<(String, &Choice)> = merge.choices.iter().map(named).collect();
        choices.sort_by(|a, b| a.0.cmp(&b.0));
        self.number(choices.len() as u64);
        for (field, choice) in choices {
            self.text(&field);
            match choice {
                Choice::Primary => self.tag(0),
                Choice::Secondary => self.tag(1),
                Choice::Given(value) => {
                    self.tag(2);
                    self.option(value.as_ref(), Self::value);
                }
            }
        }
        self.expected(merge.expected);
    }

    fn unmerge(&mut self, unmerge: &Unmerge) {
        self.tag(9);
        match &unmerge.target {
            UnmergeTarget::Merge(merge) => {
                self.tag(0);
                self.0.extend_from_slice(merge.0.as_bytes());
            }
            UnmergeTarget::Secondary { primary, secondary } => {
                self.tag(1);
                self.reference(primary);
                self.reference(secondary);
            }
        }
        self.expected(unmerge.expected);
    }

    fn settings(&mut self, settings: &WorkspaceConfigured) {
        self.tag(11);
        self.text(&settings.time_zone);
        self.tag(settings.billing_anchor_day);
        self.option_text(settings.default_region.as_ref());
        self.number(settings.active_days.into());
    }

    fn new_field(&mut self, new: &NewField) {
        self.tagged_text(12, &new.key);
        self.text(new.kind.name());
        self.text(&new.name);
        self.texts(&new.options);
        self.option(new.order, |bytes, order| bytes.number(order.into()));
    }

    fn field_edit(&mut self, edit: &FieldEdit) {
        self.tagged_text(13, &edit.key);
        self.option_text(edit.name.as_ref());
        self.option(edit.options.as_ref(), |bytes, options| bytes.texts(options));
        self.option(edit.order, |bytes, order| bytes.number(order.into()));
    }
}

fn named<'a>((field, choice): (&Field, &'a Choice)) -> (String, &'a Choice) {
    (field.to_string(), choice)
}
