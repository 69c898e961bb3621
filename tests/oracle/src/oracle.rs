//! The naive oracle: each contact's commands in a plain list, replayed from the first whenever somebody asks. It shares
//! no code with the product and none of its algorithms. Where the rules are silent it says "Choice:". Times are texts
//! of one form, `2024-01-05T09:00:00Z`, so that they compare as they stand.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::fold::{by_hand, with_country};
use crate::values::{Identity, handle, identity, latest_first, list, text};

type Answer = Result<Outcome, Outcome>;
pub(crate) const FIELDS: [&str; 8] =
    ["first_name", "last_name", "email", "phone", "country", "language", "company", "avatar_url"];

/// What a line should be answered; contacts are labelled `@<line>`, merges `m<line>`. `contact` is the one that took the
/// event, mostly a root, of a duplicate the contact it first landed on, of a merge or unmerge the edge's primary, of `identity_taken`
/// and `contact_absorbed` the root they name. `status` is 201 where a contact or a merge was made; `changed` says that
/// something was appended, `retried` that the key was known and the answer is the first one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub status: u16,
    pub problem: Option<&'static str>,
    pub contact: Option<String>,
    pub merge: Option<String>,
    pub created: bool,
    pub duplicate: bool,
    pub changed: bool,
    pub retried: bool,
}

/// `stream` holds the commands that this contact recorded, each with its `position`, `line` and `at`; those of a message
/// also with `via`, who held the identity, and `suppressed`, since when the contact had been blocked.
#[derive(Default)]
pub(crate) struct Contact {
    pub label: String,
    pub stream: Vec<Value>,
    pub erased: bool,
}

pub(crate) struct Merge {
    pub id: String,
    pub primary: usize,
    pub secondary: usize,
    pub choices: Value,
    pub at: String,
    pub undone: Option<String>,
}

#[derive(Default)]
pub struct Oracle {
    pub(crate) zone: Tz,
    pub(crate) anchor_day: u32,
    pub(crate) now: String,
    line: u64,
    position: u64,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) merges: Vec<Merge>,
    /// The holder of each identity, and since when.
    pub(crate) identities: BTreeMap<Identity, (usize, String)>,
    /// Each message ever taken: where it landed, and its position.
    pub(crate) seen: BTreeMap<(Identity, String), (usize, u64)>,
    /// When the message at a position was first reported failed.
    pub(crate) failed: HashMap<u64, String>,
    keys: HashMap<String, (Value, Outcome)>,
    pub(crate) spellings: HashMap<String, String>,
}

impl Oracle {
    /// A workspace without history; the anchor day is 1-31.
    pub fn new(zone: Tz, anchor_day: u32) -> Self {
        Self { zone, anchor_day, ..Self::default() }
    }

    /// One line on the replay clock (rule 32). Choice: a refused line moves the clock as well, save `clock_behind`.
    pub fn apply(&mut self, line: u64, command: &Value) -> Outcome {
        let (key, at) = (text(command, "key"), text(command, "at"));
        if let Some((first, outcome)) = self.keys.get(&key) {
            let again = Outcome { retried: true, changed: false, ..outcome.clone() };
            return if first == command { again } else { refused(422, "key_reused") };
        } else if at < self.now {
            return refused(422, "clock_behind");
        }
        (self.line, self.now) = (line, at);
        let before = self.position;
        let mut outcome = self.execute(command).unwrap_or_else(|refusal| refusal);
        outcome.changed = self.position > before;
        if outcome.changed && !key.is_empty() {
            self.keys.insert(key, (command.clone(), outcome.clone()));
        }
        outcome
    }

    fn execute(&mut self, command: &Value) -> Answer {
        match command["command"].as_str().unwrap_or_default() {
            "create_contact" => self.create(command),
            "receive_message" => self.receive(command),
            "send_message" => self.send(command),
            "merge_contacts" => self.merge(command),
            "unmerge_contacts" => self.unmerge(command),
            "delete_contact" => self.delete(command),
            name => {
                let root = self.root(self.bearer(&command["contact"])?);
                let took = self.change(root, name, command)?;
                Ok(self.answer(200, took))
            }
        }
    }

    /// What lands on a root, or, of a release, with the holder, absorbed or not: it answers who took it. Choices: to
    /// release what the tree does not hold changes nothing; the status of an unknown message is a validation error.
    fn change(&mut self, root: usize, name: &str, command: &Value) -> Result<usize, Outcome> {
        let card = self.replay(root, false);
        let status = &card["conversation"]["status"];
        let holder = self.holder(&identity(command));
        let ours = holder.is_some_and(|it| self.root(it) == root);
        match name {
            "update_contact" => self.update(root, command),
            "claim_channel" if holder.is_none() => self.connect(root, identity(command)),
            "claim_channel" if !ours => return Err(self.naming(holder.unwrap_or(root), "identity_taken")),
            "release_channel" if ours => {
                self.identities.remove(&identity(command));
                self.position += 1;
                return Ok(holder.unwrap_or(root));
            }
            "claim_channel" | "release_channel" => {}
            "update_message_status" => {
                let (tree, id) = (self.tree(root), text(command, "message_id"));
                let message = self.seen.iter().find(|it| it.0.1 == id && tree.contains(&it.1.0));
                let position = message.ok_or(refused(422, "validation"))?.1.1;
                self.position += 1;
                if command["status"] == "failed" {
                    self.failed.entry(position).or_insert(self.now.clone());
                }
            }
            "open_conversation" | "snooze_conversation" if !card["blocked"].is_null() => {
                return Err(refused(409, "contact_blocked"));
            }
            "snooze_conversation" if status != "open" && status != "snoozed" => return Err(refused(409, "not_open")),
            "snooze_conversation" if text(command, "until") <= self.now => return Err(refused(422, "validation")),
            _ => self.edit(root, command.clone()),
        }
        Ok(root)
    }

    fn create(&mut self, command: &Value) -> Answer {
        let identities: Vec<Identity> = list(&command["channels"]).iter().map(identity).collect();
        if identities.is_empty() && FIELDS[..4].iter().all(|field| command[field].is_null()) {
            return Err(refused(422, "validation"));
        } else if let Some(holder) = identities.iter().find_map(|it| self.holder(it)) {
            return Err(self.naming(holder, "identity_taken"));
        }
        let contact = self.add_contact();
        self.update(contact, command);
        list(&command["tags"]).iter().for_each(|it| self.edit(contact, json!({"command": "add_tag", "tag": it})));
        identities.into_iter().for_each(|it| self.connect(contact, it));
        Ok(Outcome { created: true, ..self.answer(201, contact) })
    }

    fn receive(&mut self, command: &Value) -> Answer {
        let identity = identity(command);
        if let Some(known) = self.duplicate(&identity, command) {
            return Ok(known);
        }
        let (root, created) = self.landing(&identity);
        let mut message = command.clone();
        message["suppressed"] = self.replay(root, false)["blocked"]["since"].take();
        message["fill"] = self.filling(root, &command["profile"]);
        self.take_message(root, identity, message);
        Ok(Outcome { created, ..self.answer(200 + u16::from(created), root) })
    }

    /// Choice: to send by an identity that the contact does not show is a validation error.
    fn send(&mut self, command: &Value) -> Answer {
        let (channel, new) = (&command["channel"], handle(&command["contact"]).filter(|it| self.holder(it).is_none()));
        let given = command["external_id"].as_str().map(|_| identity(command)).or(new.clone());
        if let Some(known) = given.as_ref().and_then(|it| self.duplicate(it, command)) {
            return Ok(known);
        }
        let (root, created) = match &new {
            Some(unheld) => self.landing(unheld),
            None => (self.root(self.bearer(&command["contact"])?), false),
        };
        if !self.replay(root, false)["blocked"].is_null() {
            return Err(refused(409, "contact_blocked"));
        }
        let mut rows = self.channels(&self.tree(root));
        rows.retain(|(_, row)| row["channel"] == *channel && given.as_ref().is_none_or(|it| identity(row) == *it));
        let chosen = latest_first(rows).first().map(|it| identity(&it.1)).ok_or(refused(422, "validation"))?;
        self.take_message(root, chosen, command.clone());
        Ok(Outcome { created, ..self.answer(200 + u16::from(created), root) })
    }

    fn merge(&mut self, command: &Value) -> Answer {
        let (primary, secondary) = (self.bearer(&command["primary"])?, self.bearer(&command["secondary"])?);
        let both = [primary, secondary];
        if primary == secondary {
            return Err(refused(409, "same_contact"));
        } else if both.iter().any(|&it| self.root(it) != it) {
            return Err(refused(409, "not_live"));
        } else if both.iter().any(|&it| !self.replay(it, false)["blocked"].is_null()) {
            return Err(refused(409, "merge_blocked_contact"));
        }
        let (id, at, choices) = (format!("m{}", self.line), self.now.clone(), command["choices"].clone());
        self.merges.push(Merge { id: id.clone(), primary, secondary, choices, at, undone: None });
        self.record(primary, json!({"command": "merge", "edge": self.merges.len() - 1}));
        self.record(secondary, json!({"command": "close_conversation"}));
        Ok(Outcome { merge: Some(id), ..self.answer(201, primary) })
    }

    /// Choice: by the pair, `primary` must be the one that holds the edge.
    fn unmerge(&mut self, command: &Value) -> Answer {
        let found = if let Some(id) = command["merge_id"].as_str() {
            self.merges.iter().position(|it| it.id == id).ok_or(refused(404, "merge_not_found"))?
        } else {
            let pair = (self.bearer(&command["primary"])?, self.bearer(&command["secondary"])?);
            let named = |it: &Merge| it.undone.is_none() && (it.primary, it.secondary) == pair;
            self.merges.iter().position(named).ok_or(refused(409, "not_merged"))?
        };
        let (id, primary) = (self.merges[found].id.clone(), self.merges[found].primary);
        if self.merges[found].undone.is_some() {
            return Err(refused(409, "already_unmerged"));
        } else if self.contacts[primary].erased {
            return Err(refused(410, "contact_erased"));
        }
        self.merges[found].undone = Some(self.now.clone());
        self.position += 1;
        Ok(Outcome { merge: Some(id), ..self.answer(200, primary) })
    }

    fn delete(&mut self, command: &Value) -> Answer {
        let contact = self.bearer(&command["contact"])?;
        if self.root(contact) != contact {
            return Err(self.naming(contact, "contact_absorbed"));
        }
        let tree = self.tree(contact);
        self.identities.retain(|_, (holder, _)| !tree.contains(holder));
        tree.iter().for_each(|&it| self.contacts[it].erased = true);
        self.position += 1;
        Ok(self.answer(200, contact))
    }

    fn update(&mut self, root: usize, command: &Value) {
        for field in FIELDS.into_iter().filter(|it| command.get(it).is_some()) {
            let value = by_hand(field, &command[field]);
            self.edit(root, json!({"command": "set", "field": field, "value": value}));
        }
    }

    /// What a channel's profile fills: what is shown as absent, and an avatar not set by hand (rule 7). Choices: a derived
    /// country is shown, so not filled; an avatar cleared by hand is absent, so filled; nothing while blocked.
    fn filling(&self, root: usize, profile: &Value) -> Value {
        if !profile.is_object() {
            return Value::Null;
        }
        let (shown, mut fill) = (with_country(&self.replay(root, true)), json!({}));
        for field in FIELDS.into_iter().filter(|it| !profile[it].is_null()) {
            if field == "avatar_url" && shown[field]["by_hand"] != true {
                fill[field] = json!({"url": profile[field], "by_hand": false});
            } else if shown[field].is_null() {
                fill[field] = profile[field].clone();
            }
        }
        fill
    }

    /// Records what changes something in what the contact shows or in what it would show without its merges (rule 10).
    fn edit(&mut self, contact: usize, command: Value) {
        let views = |oracle: &Self| [true, false].map(|merges| oracle.replay(contact, merges));
        let (before, tag) = (views(self), text(&command, "tag"));
        self.record(contact, command);
        if before == views(self) {
            self.contacts[contact].stream.pop();
            self.position -= 1;
        } else {
            self.spellings.entry(tag.to_lowercase()).or_insert(tag);
        }
    }

    fn record(&mut self, contact: usize, mut fact: Value) {
        self.position += 1;
        (fact["position"], fact["line"], fact["at"]) = (json!(self.position), json!(self.line), json!(self.now));
        self.contacts[contact].stream.push(fact);
    }

    fn take_message(&mut self, root: usize, identity: Identity, mut message: Value) {
        (message["external_id"], message["via"]) = (json!(identity.1), json!(self.identities[&identity].0));
        self.seen.insert((identity, text(&message, "message_id")), (root, self.position + 1));
        self.record(root, message);
    }

    fn duplicate(&self, identity: &Identity, command: &Value) -> Option<Outcome> {
        let (owner, _) = self.seen.get(&(identity.clone(), text(command, "message_id")))?;
        Some(Outcome { duplicate: true, ..self.answer(200, *owner) })
    }

    /// The root of the identity's holder, else a new contact with it.
    fn landing(&mut self, identity: &Identity) -> (usize, bool) {
        if let Some(holder) = self.holder(identity) {
            return (self.root(holder), false);
        }
        let contact = self.add_contact();
        self.connect(contact, identity.clone());
        (contact, true)
    }

    fn add_contact(&mut self) -> usize {
        self.contacts.push(Contact { label: format!("@{}", self.line), ..Contact::default() });
        self.record(self.contacts.len() - 1, json!({"command": "created"}));
        self.contacts.len() - 1
    }

    fn connect(&mut self, contact: usize, identity: Identity) {
        self.identities.insert(identity, (contact, self.now.clone()));
        self.position += 1;
    }

    fn answer(&self, status: u16, contact: usize) -> Outcome {
        Outcome { status, contact: Some(self.contacts[contact].label.clone()), ..Outcome::default() }
    }

    fn naming(&self, contact: usize, problem: &'static str) -> Outcome {
        Outcome { problem: Some(problem), ..self.answer(409, self.root(contact)) }
    }

    pub(crate) fn holder(&self, identity: &Identity) -> Option<usize> {
        self.identities.get(identity).map(|it| it.0)
    }

    /// The very contact that a reference names.
    pub(crate) fn bearer(&self, reference: &Value) -> Result<usize, Outcome> {
        let label = reference.as_str().unwrap_or_default().trim_start_matches("id:");
        let found = match handle(reference) {
            Some(identity) => self.holder(&identity),
            None => self.contacts.iter().position(|it| it.label == label),
        };
        let found = found.ok_or(refused(404, "contact_not_found"))?;
        if self.contacts[found].erased { Err(refused(410, "contact_erased")) } else { Ok(found) }
    }

    pub(crate) fn root(&self, contact: usize) -> usize {
        let edge = self.merges.iter().find(|it| it.secondary == contact && it.undone.is_none());
        edge.map_or(contact, |it| self.root(it.primary))
    }

    /// The contact and all absorbed in it, at any depth.
    pub(crate) fn tree(&self, contact: usize) -> Vec<usize> {
        let below = self.merges.iter().filter(|it| it.primary == contact && it.undone.is_none());
        [contact].into_iter().chain(below.flat_map(|it| self.tree(it.secondary))).collect()
    }
}

fn refused(status: u16, problem: &'static str) -> Outcome {
    Outcome { status, problem: Some(problem), ..Outcome::default() }
}
