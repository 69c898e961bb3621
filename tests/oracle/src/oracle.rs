//! The naive oracle: each contact's facts in a plain list, replayed from the first whenever somebody asks. It shares no
//! code with the product and none of its algorithms. Where the rules are silent it says "Choice:". Times are texts of
//! one form, `2024-01-05T09:00:00Z`, so that they compare as they stand; what came first has the lower line.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::replay::kept;
use crate::values::{identity, index, text};

/// The contact that took the event: mostly a root, of a duplicate the contact it first landed on, of a merge or unmerge
/// the edge's primary, of a release the holder. Or the problem.
type Answer = Result<usize, &'static str>;

/// What every contact has, and a custom one.
pub(crate) const FIELDS: [&str; 9] =
    ["first_name", "last_name", "email", "phone", "country", "language", "company", "avatar_url", "custom.tier"];

#[derive(Default)]
pub struct Oracle {
    pub(crate) now: String,
    line: u64,
    /// What each contact recorded: the commands, each with `by` whom, its `line` and `at`, and what it did `set`. Those
    /// of a message have also the `identity`, `via` whom that held it, and `suppressed`, since when the contact had
    /// been blocked; a merge has its id as `edge`, the `secondary` and when it was `undone`.
    pub(crate) streams: Vec<Vec<Value>>,
    pub(crate) erased: BTreeSet<usize>,
    /// Who is absorbed, and in whom.
    pub(crate) above: BTreeMap<usize, usize>,
    /// The holder of each identity, which is `<channel>:<external id>`.
    pub(crate) identities: BTreeMap<String, usize>,
    /// Where each message ever taken landed first.
    seen: HashMap<String, usize>,
    keys: HashMap<String, (Value, Value)>,
    spellings: HashMap<String, String>,
}

impl Oracle {
    /// What a line on the replay clock (rule 32) should be answered: `{contact, created, changed}`, or `{problem}`.
    /// Contacts are labelled `@<n>` as they are made, from 0, merges `m<line>`. `created` says that a contact was made,
    /// `changed` that something was appended. Choice: a refused line moves the clock as well, save `clock_behind`.
    pub fn apply(&mut self, line: u64, command: &Value) -> Value {
        let (key, at) = (text(command, "key"), text(command, "at"));
        if let Some((first, answer)) = self.keys.get(&key).filter(|_| !key.is_empty()) {
            return if first == command { answer.clone() } else { json!({"problem": "key_reused"}) };
        } else if at < self.now {
            return json!({"problem": "clock_behind"});
        }
        (self.line, self.now) = (line, at);
        let (contacts, facts) = (self.streams.len(), self.streams.iter().map(Vec::len).sum::<usize>());
        let mut answer = match self.execute(command) {
            Ok(contact) => json!({"contact": format!("@{contact}"), "created": self.streams.len() > contacts}),
            Err(problem) => json!({"problem": problem}),
        };
        if self.streams.iter().map(Vec::len).sum::<usize>() > facts {
            self.keys.insert(key, (command.clone(), answer.clone()));
            answer["changed"] = json!(true);
        }
        answer
    }

    fn execute(&mut self, command: &Value) -> Answer {
        match text(command, "command").as_str() {
            "create_contact" => self.create(command),
            "receive_message" | "send_message" => self.interact(command),
            "merge_contacts" => self.merge(command),
            "unmerge_contacts" => self.unmerge(command),
            "delete_contact" => self.delete(command),
            name => self.change(self.root(self.bearer(&command["contact"])?), name, command),
        }
    }

    /// What lands on a root, or, of a release, with the holder, absorbed or not. Choices: to release what the tree does
    /// not hold changes nothing; the status of an unknown message is a validation error; to block again changes
    /// nothing, not even the reason.
    fn change(&mut self, root: usize, name: &str, command: &Value) -> Answer {
        let (card, identity, tag) = (self.replay(root, false), identity(command), text(command, "tag"));
        let (status, free) = (&card["conversation"]["status"], card["blocked"].is_null());
        let (holder, folded) = (self.identities.get(&identity).copied(), format!("#{}", tag.to_lowercase()));
        let block = json!({"since": self.now, "reason": command["reason"]});
        let ours = holder.is_some_and(|it| self.root(it) == root);
        let known = || self.talk(&self.tree(root)).iter().any(|it| it["message_id"] == command["message_id"]);
        match name {
            "claim_channel" if holder.is_none() => self.connect(root, identity),
            "claim_channel" if !ours => return Err("identity_taken"),
            "release_channel" if ours => {
                self.identities.remove(&identity);
                return Ok(self.record(holder.unwrap_or(root), command.clone()));
            }
            "update_message_status" if !known() => return Err("validation"),
            "add_comment" | "update_message_status" => drop(self.record(root, command.clone())),
            "open_conversation" | "snooze_conversation" if !free => return Err("contact_blocked"),
            "snooze_conversation" if status != "open" && status != "snoozed" => return Err("not_open"),
            "snooze_conversation" if text(command, "until") <= self.now => return Err("validation"),
            "update_contact" => {
                let custom = |it: &str| command["custom"].get(it.trim_start_matches("custom."));
                for (field, value) in FIELDS.iter().filter_map(|it| Some((*it, command.get(it).or(custom(it))?))) {
                    self.edit(root, command, json!({field: kept(field, value, true)}));
                }
            }
            "add_tag" | "remove_tag" => {
                let spelled = (name == "add_tag").then(|| self.spellings.entry(folded.clone()).or_insert(tag).clone());
                self.edit(root, command, json!({folded: spelled}));
            }
            "assign" => self.edit(root, command, json!({"assignee": command["assignee"]})),
            "block_contact" if free => self.edit(root, command, json!({"blocked": block})),
            "unblock_contact" => self.edit(root, command, json!({"blocked": null})),
            _ => self.edit(root, command, Value::Null),
        }
        Ok(root)
    }

    fn create(&mut self, command: &Value) -> Answer {
        let identities: Vec<String> = command["channels"].as_array().into_iter().flatten().map(identity).collect();
        require(!identities.is_empty() || FIELDS[..4].iter().any(|it| !command[it].is_null()), "validation")?;
        require(!identities.iter().any(|it| self.identities.contains_key(it)), "identity_taken")?;
        let contact = self.add_contact(identities);
        self.change(contact, "update_contact", command)?;
        for tag in command["tags"].as_array().into_iter().flatten() {
            self.change(contact, "add_tag", &json!({"tag": tag}))?;
        }
        Ok(contact)
    }

    /// A message, a reaction or a call. Where nobody holds the identity that it is addressed to, it makes the contact.
    /// An identity that is given is taken for one that the contact shows.
    fn interact(&mut self, command: &Value) -> Answer {
        let (named, id, inbound) = (identity(command), text(command, "message_id"), command["contact"].is_null());
        let addressed = if inbound { json!(format!("channel:{named}")) } else { command["contact"].clone() };
        let new = handle(&addressed).filter(|it| !self.identities.contains_key(it));
        let given = if command["external_id"].is_null() { new.clone() } else { Some(named) };
        if let Some(first) = given.as_ref().and_then(|it| self.seen.get(&format!("{it} {id}"))) {
            return Ok(*first);
        }
        let made = new.map(|it| self.add_contact(vec![it]));
        let root = if let Some(made) = made { made } else { self.root(self.bearer(&addressed)?) };
        let since = self.replay(root, false)["blocked"]["since"].take();
        require(inbound || since.is_null(), "contact_blocked")?;
        let rows = if given.is_none() { self.channels(&self.tree(root)) } else { Vec::new() };
        let fits = rows.iter().rev().filter(|it| it.1["channel"] == command["channel"]);
        let latest = fits.max_by_key(|it| it.0).map(|it| identity(&it.1));
        let (identity, mut fact) = (given.or(latest).ok_or("validation")?, command.clone());
        (fact["identity"], fact["via"]) = (json!(identity), json!(self.identities[&identity]));
        (fact["set"], fact["suppressed"]) = (self.filling(root, command["profile"].as_object()), since);
        self.seen.insert(format!("{identity} {id}"), root);
        Ok(self.record(root, fact))
    }

    fn merge(&mut self, command: &Value) -> Answer {
        let both @ [primary, secondary] = [self.bearer(&command["primary"])?, self.bearer(&command["secondary"])?];
        require(primary != secondary, "same_contact")?;
        require(both.iter().all(|it| self.root(*it) == *it), "not_live")?;
        require(both.iter().all(|it| self.replay(*it, false)["blocked"].is_null()), "merge_blocked_contact")?;
        self.above.insert(secondary, primary);
        self.record(secondary, json!({"command": "close_conversation"}));
        let edge = json!({"edge": format!("m{}", self.line), "secondary": secondary, "choices": command["choices"]});
        Ok(self.record(primary, edge))
    }

    /// By the merge alone: a line that names the pair instead says beside it which merge that is.
    fn unmerge(&mut self, command: &Value) -> Answer {
        let found = self.streams.iter_mut().flatten().find(|it| it["edge"] == command["merge_id"]);
        let edge = found.ok_or("merge_not_found")?;
        let primary = index(&edge["by"]);
        require(edge["undone"].is_null(), "already_unmerged")?;
        require(!self.erased.contains(&primary), "contact_erased")?;
        edge["undone"] = json!(self.now);
        self.above.remove(&index(&edge["secondary"]));
        Ok(self.record(primary, command.clone()))
    }

    fn delete(&mut self, command: &Value) -> Answer {
        let contact = self.bearer(&command["contact"])?;
        require(self.root(contact) == contact, "contact_absorbed")?;
        self.erased.extend(self.tree(contact));
        self.identities.retain(|_, holder| !self.erased.contains(holder));
        Ok(self.record(contact, command.clone()))
    }

    /// Records what changes something in what the contact shows or in what it would show without its merges (rule 10).
    fn edit(&mut self, contact: usize, command: &Value, set: Value) {
        let views = |oracle: &Self| [true, false].map(|merges| oracle.replay(contact, merges));
        let (before, mut fact) = (views(self), command.clone());
        fact["set"] = set;
        self.record(contact, fact);
        if before == views(self) {
            self.streams[contact].pop();
        }
    }

    fn record(&mut self, contact: usize, mut fact: Value) -> usize {
        (fact["by"], fact["line"], fact["at"]) = (json!(contact), json!(self.line), json!(self.now));
        self.streams[contact].push(fact);
        contact
    }

    fn add_contact(&mut self, identities: Vec<String>) -> usize {
        self.streams.push(Vec::new());
        identities.into_iter().for_each(|it| self.connect(self.streams.len() - 1, it));
        self.streams.len() - 1
    }

    fn connect(&mut self, contact: usize, identity: String) {
        self.record(contact, json!({"connected": identity}));
        self.identities.insert(identity, contact);
    }

    /// The very contact that a reference names.
    pub(crate) fn bearer(&self, reference: &Value) -> Answer {
        let numbered = || reference.as_str()?.strip_prefix("id:@")?.parse().ok().filter(|it| *it < self.streams.len());
        let found = handle(reference).map_or_else(numbered, |it| self.identities.get(&it).copied());
        let found = found.ok_or("contact_not_found")?;
        require(!self.erased.contains(&found), "contact_erased")?;
        Ok(found)
    }

    pub(crate) fn root(&self, contact: usize) -> usize {
        self.above.get(&contact).map_or(contact, |it| self.root(*it))
    }

    /// The contact and all absorbed in it, at any depth.
    pub(crate) fn tree(&self, contact: usize) -> Vec<usize> {
        let below = self.above.iter().filter(|it| *it.1 == contact);
        [contact].into_iter().chain(below.flat_map(|it| self.tree(*it.0))).collect()
    }
}

fn handle(reference: &Value) -> Option<String> {
    reference.as_str()?.strip_prefix("channel:").map(str::to_owned)
}

fn require(holds: bool, problem: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(problem) }
}
