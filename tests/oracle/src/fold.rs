//! How the oracle reads a contact: its own stream from the start, merges being edits in it (rule 22).

use serde_json::{Value, json};

use crate::oracle::{FIELDS, Merge, Oracle};
use crate::values::{index, text};

impl Oracle {
    /// Rule 22, literally: the contact's own stream from its start, each merge not undone being one edit in its place.
    /// Choices: a snooze ends before a line of the same instant; an open conversation has no `closed_at`; to block again
    /// changes nothing, not even the reason.
    pub(crate) fn replay(&self, contact: usize, with_merges: bool) -> Value {
        let talk = json!({"status": "none", "opened_at": null, "closed_at": null, "snoozed_until": null});
        let mut it = json!({"conversation": talk, "tags": {}, "comments": 0, "assignee": null, "blocked": null});
        FIELDS.iter().for_each(|field| it[field] = Value::Null);
        for fact in &self.contacts[contact].stream {
            let (at, name) = (&fact["at"], fact["command"].as_str().unwrap_or_default());
            end_snooze(&mut it, at);
            match name {
                "set" => it[text(fact, "field")] = fact["value"].clone(),
                "add_tag" => it["tags"][text(fact, "tag").to_lowercase()] = json!(true),
                "remove_tag" => {
                    drop(it["tags"].as_object_mut().map(|tags| tags.remove(&text(fact, "tag").to_lowercase())))
                }
                "merge" if with_merges => self.bring(&mut it, &self.merges[index(&fact["edge"])]),
                "add_comment" => it["comments"] = json!(index(&it["comments"]) + 1),
                "assign" => it["assignee"] = fact["assignee"].clone(),
                "block_contact" if it["blocked"].is_null() => {
                    converse(&mut it, "open snoozed", "closed", at);
                    it["blocked"] = json!({"since": at, "reason": fact["reason"]});
                }
                "unblock_contact" => it["blocked"] = Value::Null,
                "open_conversation" => converse(&mut it, "none snoozed closed", "open", at),
                "close_conversation" => converse(&mut it, "open snoozed", "closed", at),
                "snooze_conversation" => {
                    converse(&mut it, "open", "snoozed", at);
                    it["conversation"]["snoozed_until"] = fact["until"].clone();
                }
                "send_message" if fact["sender"] != "broadcast" => converse(&mut it, "none closed", "open", at),
                "receive_message" if fact["suppressed"].is_null() => {
                    let from = if fact["kind"] == "reaction" { "" } else { "none snoozed closed" };
                    converse(&mut it, from, "open", at);
                    // What came by the identity of a contact erased since went with it (rule 18).
                    let gone = self.contacts[index(&fact["via"])].erased;
                    let fill = fact["fill"].as_object().filter(|_| !gone);
                    fill.into_iter().flatten().for_each(|(field, value)| it[field] = value.clone());
                }
                _ => {}
            }
        }
        end_snooze(&mut it, &json!(self.now));
        it
    }

    /// The edit that a merge is: each field by its choice or policy 1 (names are one field there), every tag added.
    fn bring(&self, shown: &mut Value, merge: &Merge) {
        if merge.undone.is_some() {
            return;
        }
        let (mine, theirs) = (shown.clone(), self.replay(merge.secondary, true));
        let named = !(mine["first_name"].is_null() && mine["last_name"].is_null());
        for field in FIELDS {
            let keeps = match merge.choices[field].as_str() {
                Some("primary") => true,
                Some(_) => theirs[field].is_null(),
                None if field.ends_with("_name") => named,
                None => !mine[field].is_null(),
            };
            shown[field] = if keeps { &mine } else { &theirs }[field].clone();
            if merge.choices[field].is_object() {
                shown[field] = by_hand(field, &merge.choices[field]["value"]);
            }
        }
        theirs["tags"].as_object().into_iter().flatten().for_each(|(tag, _)| shown["tags"][tag] = json!(true));
    }
}

/// Moves a conversation whose status is one of `from`.
fn converse(card: &mut Value, from: &str, to: &str, at: &Value) {
    let talk = &mut card["conversation"];
    if from.contains(talk["status"].as_str().unwrap_or_default()) {
        (talk["status"], talk["snoozed_until"]) = (json!(to), Value::Null);
        match to {
            "open" => (talk["opened_at"], talk["closed_at"]) = (at.clone(), Value::Null),
            "closed" => talk["closed_at"] = at.clone(),
            _ => {}
        }
    }
}

fn end_snooze(card: &mut Value, at: &Value) {
    let until = &card["conversation"]["snoozed_until"];
    if until.is_string() && until.as_str() <= at.as_str() {
        let until = until.clone();
        converse(card, "snoozed", "open", &until);
    }
}

/// An avatar alone remembers whether it was set by hand.
pub(crate) fn by_hand(field: &str, value: &Value) -> Value {
    if field == "avatar_url" && !value.is_null() { json!({"url": value, "by_hand": true}) } else { value.clone() }
}

/// The country derived from the phone, where none was set (rule 20).
pub(crate) fn with_country(shown: &Value) -> Value {
    let (mut shown, phone) = (shown.clone(), text(shown, "phone"));
    let known = [("+60", "MY"), ("+49", "DE"), ("+65", "SG")].into_iter().find(|it| phone.starts_with(it.0));
    if shown["country"].is_null() {
        shown["country"] = json!(known.map(|it| it.1));
    }
    shown
}
