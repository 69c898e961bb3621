//! A contact for people: a name and what is known, a line each. What is absent has no line.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use serde_json::Value;

use crate::api::bodies::{AbsorbedRow, ChannelBody, ContactBody, ConversationBody, ConversationStatus};
use crate::cli::columns::{aligned, on_one_line, time};

/// See the module.
pub(super) fn told(contact: &ContactBody) -> String {
    let mut card = Card { rows: Vec::new() };
    card.identity(contact);
    card.profile(contact);
    card.life(contact);
    card.list("absorbed", absorbed(contact.id, contact.absorbed.rows()));
    card.line("revision", contact.revision.to_string());
    card.line("position", contact.position.to_string());
    format!("{}\n{}", on_one_line(&contact.display_name), aligned(&card.rows))
}

/// Lines of a label and a value.
struct Card {
    rows: Vec<Vec<String>>,
}

impl Card {
    fn line(&mut self, label: &str, value: impl AsRef<str>) {
        self.rows.push(vec![format!("  {label}"), on_one_line(value.as_ref())]);
    }

    fn some(&mut self, label: &str, value: Option<&Arc<str>>) {
        if let Some(value) = value {
            self.line(label, value);
        }
    }

    fn when(&mut self, label: &str, value: Option<DateTime<Utc>>) {
        if let Some(value) = value {
            self.line(label, time(value));
        }
    }

    /// Several lines under one label.
    fn list(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        for (index, value) in values.into_iter().enumerate() {
            self.line(if index == 0 { label } else { "" }, value);
        }
    }

    fn words(&mut self, label: &str, values: &[Arc<str>]) {
        if !values.is_empty() {
            self.line(label, values.join(", "));
        }
    }

    fn identity(&mut self, contact: &ContactBody) {
        self.line("id", contact.id.to_string());
        if let Some(from) = &contact.resolved_from {
            self.line("asked for", format!("{}, absorbed by merge {}", from.contact_id, from.merge_id));
        }
    }

    fn profile(&mut self, contact: &ContactBody) {
        self.some("first name", contact.first_name.as_ref());
        self.some("last name", contact.last_name.as_ref());
        self.some("email", contact.email.as_ref());
        self.some("phone", contact.phone.as_ref());
        self.words("other emails", &contact.also_known_as.emails);
        self.words("other phones", &contact.also_known_as.phones);
        self.some("country", contact.country.as_ref());
        self.some("language", contact.language.as_ref());
        self.some("company", contact.company.as_ref());
        self.some("avatar", contact.avatar_url.as_ref());
        for (key, value) in &contact.custom {
            self.line(&format!("custom.{}", on_one_line(key)), word(value));
        }
        self.words("tags", &contact.tags);
        self.list("channels", contact.channels.iter().map(channel));
    }

    fn life(&mut self, contact: &ContactBody) {
        self.line("status", format!("{}, {}", word(&contact.status), word(&contact.activity)));
        self.some("blocked for", contact.blocked_reason.as_ref());
        self.list("conversation", conversation(&contact.conversation));
        self.some("assignee", contact.assignee.as_ref());
        self.some("source", contact.source.as_ref());
        self.when("created", Some(contact.created_at));
        self.when("first seen", Some(contact.first_seen));
        self.when("last in", contact.last_in);
        self.when("last out", contact.last_out);
        let counts = [
            (contact.counts.messages_in, "in"),
            (contact.counts.messages_out, "out"),
            (contact.counts.suppressed, "suppressed"),
            (contact.counts.comments, "comments"),
        ];
        let counts: Vec<_> = counts.iter().filter(|(count, _)| *count > 0).collect();
        if !counts.is_empty() {
            self.line(
                "counts",
                counts.iter().map(|(count, of)| format!("{count} {of}")).collect::<Vec<_>>().join(", "),
            );
        }
    }
}

/// A value as JSON has it, texts without their quotes.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn channel(channel: &ChannelBody) -> String {
    let handle = channel.external_id.as_deref().unwrap_or("(erased)");
    let mut told = format!("{}:{handle}, connected {}", channel.channel, time(channel.connected_at));
    for (label, at) in [("last in", channel.last_in), ("last out", channel.last_out)] {
        told.extend(at.map(|at| format!(", {label} {}", time(at))));
    }
    told
}

fn conversation(conversation: &ConversationBody) -> Option<String> {
    let opened = conversation.opened_at.map(time).unwrap_or_default();
    match conversation.status {
        ConversationStatus::None => None,
        ConversationStatus::Open => Some(format!("open since {opened}")),
        ConversationStatus::Snoozed => {
            Some(format!("opened {opened}, snoozed until {}", conversation.snoozed_until.map(time).unwrap_or_default()))
        }
        ConversationStatus::Closed => {
            Some(format!("opened {opened}, closed {}", conversation.closed_at.map(time).unwrap_or_default()))
        }
    }
}

/// Absorbed contacts below those that absorbed them, indented by depth.
fn absorbed(root: ContactId, rows: &[AbsorbedRow]) -> Vec<String> {
    let mut below: HashMap<ContactId, Vec<&AbsorbedRow>> = HashMap::new();
    rows.iter().rev().for_each(|row| below.entry(row.primary).or_default().push(row));
    let mut lines = Vec::new();
    let mut open: Vec<_> = below.remove(&root).unwrap_or_default().into_iter().map(|row| (0, row)).collect();
    while let Some((depth, row)) = open.pop() {
        let indent = "  ".repeat(depth);
        lines.push(format!("{indent}{} on {}, merge {}", row.contact_id, time(row.merged_at), row.merge_id));
        open.extend(below.remove(&row.contact_id).unwrap_or_default().into_iter().map(|row| (depth + 1, row)));
    }
    lines
}
