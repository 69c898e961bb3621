//! The commands that are meant to succeed.

use chrono::Duration;
use serde_json::{Map, Value, json};

use crate::generator::{Generator, HEIGHT_MAX, Identity};
use crate::oracle::FIELDS;
use crate::replay::tags;
use crate::values::{rfc, text};

pub(crate) const TAGS: [&str; 12] =
    ["vip", "Lead", "trial", "paid", "press", "Reseller", "churned", "beta", "north", "south", "Wholesale", "walk-in"];
const FIRST: [&str; 12] =
    ["Aisyah", "Ben", "Chitra", "Daniel", "Eva", "Farid", "Greta", "Hana", "Ivo", "Jana", "Kumar", "Lena"];
const LAST: [&str; 10] = ["Adler", "Binti", "Chua", "Dorn", "Engel", "Fong", "Ganesan", "Huber", "Ismail", "Jung"];
const COMPANIES: [&str; 6] = ["Acme", "Borneo Tea", "Cargo Nord", "Delta Optik", "Eastern Rubber", "Fjord & Sons"];

impl Generator {
    /// A value of the form that the store keeps, so that nothing has to be normalised. Avatars are never the same twice.
    pub(crate) fn value(&mut self, field: &str) -> Value {
        let dice = &mut self.dice;
        json!(match field {
            "first_name" => dice.word(&FIRST),
            "last_name" => dice.word(&LAST),
            "email" => format!("p{}@example.com", dice.below(900)),
            "phone" => match dice.below(3) {
                0 => format!("+60123{:06}", dice.below(1_000_000)),
                1 => format!("+49151{:08}", dice.below(100_000_000)),
                _ => format!("+6581{:06}", dice.below(1_000_000)),
            },
            "country" => dice.word(&["MY", "DE", "SG", "ID", "FR", "US"]),
            "language" => dice.word(&["en", "ms", "de-DE", "zh", "fr"]),
            "company" => dice.word(&COMPANIES),
            // 0 is a value.
            "custom.tier" => return json!(dice.below(4)),
            _ => format!("https://img.example.com/{}-{}.png", self.lines.len(), dice.below(1000)),
        })
    }

    fn some_fields(&mut self, percent: usize, of: &[&str]) -> Map<String, Value> {
        let mut members = Map::new();
        for field in of {
            if self.dice.chance(percent) {
                members.insert((*field).to_owned(), self.value(field));
            }
        }
        members
    }

    /// An identity that writes: mostly one held, more often than not by an absorbed contact, some by a blocked one.
    fn writer(&mut self) -> Option<Identity> {
        let absorbed = self.absorbed();
        let held = match self.dice.below(100) {
            0..4 if self.may_grow() => return Some(self.fresh_identity()),
            4..6 if self.may_grow() => return self.freed_identity(),
            6..14 => self.held_where(|it| self.blocked.contains(&self.oracle.root(it))),
            14..50 => self.held_where(|it| absorbed.contains(&it)),
            _ => self.held_where(|_| true),
        };
        self.dice.pick(&held).map(|it| it.0)
    }

    pub(crate) fn receive(&mut self) -> Option<Value> {
        let identity = self.writer()?;
        let mut command = json!({"command": "receive_message", "channel": identity.0, "external_id": identity.1,
            "message_id": format!("in{}", self.line())});
        let words = format!("hello {}", self.dice.below(100));
        match self.dice.below(2) {
            0 => command["text"] = json!(words),
            _ => command["content"] = json!({"type": "text", "text": words}),
        }
        match self.dice.below(100) {
            0..8 => command["kind"] = json!("reaction"),
            8..14 => command["kind"] = json!("call"),
            14..50 => command["kind"] = json!("message"),
            _ => {}
        }
        if self.dice.chance(35) {
            let holder = self.holder(&identity);
            // An avatar that came by an absorbed holder may be erased under another contact: the rules do not say what
            // is shown then.
            let of = if holder.is_none_or(|it| self.oracle.root(it) == it) { &FIELDS[..8] } else { &FIELDS[..7] };
            command["profile"] = Value::Object(self.some_fields(35, of));
        }
        Some(command)
    }

    pub(crate) fn send(&mut self) -> Option<Value> {
        let senders = ["user", "user", "user", "user", "workflow", "api", "ai", "broadcast", "broadcast"];
        let mut sender = self.dice.word(&senders);
        let (identity, reference) = if self.dice.chance(2) && self.may_grow() {
            let identity = self.fresh_identity();
            sender = "user".to_owned();
            (identity.clone(), format!("channel:{}:{}", identity.0, identity.1))
        } else {
            let held = self.held_where(|it| !self.blocked.contains(&self.oracle.root(it)));
            let (identity, holder) = self.dice.pick(&held)?;
            let addressed = self.one_of_tree(holder);
            (identity, self.reference(addressed))
        };
        let mut command = json!({"command": "send_message", "contact": reference, "channel": identity.0,
            "text": format!("dear {}", self.dice.below(100)), "sender": sender,
            "message_id": format!("out{}", self.line())});
        if self.dice.chance(60) {
            command["external_id"] = json!(identity.1);
        }
        Some(command)
    }

    /// A status of a message out, mostly of a late one: no status twice, and none after `failed` or `read`.
    pub(crate) fn report(&mut self) -> Option<Value> {
        let lately = if self.dice.chance(70) { self.sent.len().saturating_sub(60) } else { 0 };
        let chosen = lately + self.dice.below(self.sent.len() - lately);
        let (owner, message, status) = self.sent.get(chosen)?.clone();
        let steps = ["", "sent", "delivered", "read"];
        let next = steps.iter().position(|it| *it == status).map(|it| it + 1).filter(|it| *it < 4)?;
        if self.oracle.erased.contains(&owner) || self.blocked.contains(&self.oracle.root(owner)) {
            return None;
        }
        let status = if self.dice.chance(45) { "failed" } else { steps[next] };
        self.sent[chosen].2 = status.to_owned();
        let addressed = self.one_of_tree(owner);
        let reference = self.reference(addressed);
        Some(json!({"command": "update_message_status", "contact": reference, "message_id": message, "status": status}))
    }

    pub(crate) fn update(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let shown = self.oracle.replay(self.oracle.root(contact), true);
        let reference = self.reference(contact);
        let mut command = json!({"command": "update_contact", "contact": reference});
        for _ in 0..1 + self.dice.below(3) {
            let field = FIELDS[self.dice.below(FIELDS.len())];
            let restated = field != "avatar_url" && !shown[field].is_null();
            let value = match self.dice.below(100) {
                0..20 if field != "country" || restated => Value::Null,
                20..38 if restated => shown[field].clone(),
                _ => self.value(field),
            };
            put(&mut command, field, value);
        }
        Some(command)
    }

    pub(crate) fn tag(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let shown = self.oracle.replay(self.oracle.root(contact), true);
        let known: Vec<String> = tags(&shown).map(|it| it.0[1..].to_owned()).collect();
        let adds = self.dice.chance(58);
        let known = if adds { None } else { self.dice.pick(&known) };
        let any = self.dice.word(&TAGS);
        let tag = match known {
            Some(tag) if self.dice.chance(85) => tag,
            _ => any,
        };
        let tag = if self.dice.chance(15) { tag.to_uppercase() } else { tag };
        let reference = self.reference(contact);
        Some(json!({"command": if adds { "add_tag" } else { "remove_tag" }, "contact": reference, "tag": tag}))
    }

    pub(crate) fn comment(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let reference = self.reference(contact);
        Some(json!({"command": "add_comment", "contact": reference, "text": format!("note {}", self.line())}))
    }

    pub(crate) fn converse(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let root = self.oracle.root(contact);
        if self.blocked.contains(&root) {
            return None;
        }
        let open = self.oracle.replay(root, false)["conversation"]["status"] != "closed";
        let name = match self.dice.below(10) {
            0..4 => "close_conversation",
            4..8 if open && self.may_snooze(root) => "snooze_conversation",
            _ => "open_conversation",
        };
        let reference = self.reference(contact);
        let mut command = json!({"command": name, "contact": reference});
        if name == "snooze_conversation" {
            let seconds = 3601 + 2 * self.dice.below(20 * 43_200) as i64;
            command["until"] = json!(rfc(self.now + Duration::seconds(seconds)));
        } else if name == "close_conversation" && self.dice.chance(50) {
            command["category"] = json!("solved");
        }
        Some(command)
    }

    pub(crate) fn may_snooze(&self, root: usize) -> bool {
        let status = text(&self.oracle.replay(root, false)["conversation"], "status");
        ["open", "snoozed"].contains(&status.as_str()) && !self.blocked.contains(&root)
    }

    pub(crate) fn assign(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let who = self.dice.word(&["user:anna", "user:bo", "user:carl"]);
        let who = if self.dice.chance(25) { Value::Null } else { json!(who) };
        let reference = self.reference(contact);
        Some(json!({"command": "assign", "contact": reference, "assignee": who}))
    }

    pub(crate) fn block(&mut self) -> Option<Value> {
        let free = self.free_roots();
        let root = self.dice.pick(&free)?;
        let addressed = self.one_of_tree(root);
        let reference = self.reference(addressed);
        Some(json!({"command": "block_contact", "contact": reference, "reason": format!("spam {}", self.line())}))
    }

    pub(crate) fn unblock(&mut self) -> Option<Value> {
        let blocked: Vec<usize> = self.blocked.iter().copied().collect();
        let root = self.dice.pick(&blocked).filter(|_| blocked.len() > 12)?;
        let addressed = self.one_of_tree(root);
        let reference = self.reference(addressed);
        Some(json!({"command": "unblock_contact", "contact": reference}))
    }

    /// Two roots, the secondary often with a tree already, so that trees grow deep.
    pub(crate) fn merge(&mut self) -> Option<Value> {
        let free = self.free_roots();
        let trees: Vec<usize> = free.iter().copied().filter(|&it| self.height(it) > 0).collect();
        let (primary, any) = (self.dice.pick(&free)?, self.dice.pick(&free)?);
        let secondary = if self.dice.chance(55) { self.dice.pick(&trees)? } else { any };
        self.merge_of(primary, secondary)
    }

    /// A pair that was merged before, either way round.
    pub(crate) fn merge_again(&mut self) -> Option<Value> {
        let free = self.free_roots();
        let undone = self.merges_where(|_, it| free.contains(&it.primary) && free.contains(&it.secondary));
        let chosen = self.dice.pick(&undone)?;
        let (one, other) = (self.merges[chosen].primary, self.merges[chosen].secondary);
        if self.dice.chance(70) { self.merge_of(one, other) } else { self.merge_of(other, one) }
    }

    fn merge_of(&mut self, primary: usize, secondary: usize) -> Option<Value> {
        if primary == secondary || self.height(secondary) >= HEIGHT_MAX {
            return None;
        }
        let (primary, secondary) = (self.reference(primary), self.reference(secondary));
        let mut command = json!({"command": "merge_contacts", "primary": primary, "secondary": secondary});
        if self.dice.chance(50) {
            let mut choices = self.some_fields(35, &FIELDS);
            for (_, value) in &mut choices {
                *value = match self.dice.below(10) {
                    0..3 => json!("primary"),
                    3..7 => json!("secondary"),
                    7 => json!({"value": null}),
                    _ => json!({"value": value}),
                };
            }
            command["choices"] = Value::Object(choices);
        }
        Some(command)
    }

    /// Half of the time an inner one. With a `pair` it is to be asked for by the two contacts instead of the merge.
    pub(crate) fn unmerge(&mut self) -> Option<Value> {
        let (live, absorbed) = (self.live_merges(), self.absorbed());
        if live.len() * 3 < self.oracle.identities.len() {
            return None;
        }
        let inner = self.merges_where(|_, it| !it.undone && absorbed.contains(&it.primary));
        let chosen = if self.dice.chance(30) { self.dice.pick(&inner) } else { self.dice.pick(&live) }?;
        let (primary, secondary) = (self.merges[chosen].primary, self.merges[chosen].secondary);
        let mut command = json!({"command": "unmerge_contacts", "merge_id": self.merges[chosen].id});
        if self.dice.chance(50) {
            let (primary, secondary) = (self.reference(primary), self.reference(secondary));
            command["pair"] = json!({"primary": primary, "secondary": secondary});
        }
        Some(command)
    }

    pub(crate) fn claim(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let freed = if self.dice.chance(35) { self.freed_identity() } else { None };
        let identity = freed.unwrap_or_else(|| self.fresh_identity());
        let reference = self.reference(contact);
        Some(
            json!({"command": "claim_channel", "contact": reference, "channel": identity.0, "external_id": identity.1}),
        )
    }

    pub(crate) fn release(&mut self) -> Option<Value> {
        let absorbed = self.absorbed();
        let inner = self.dice.chance(60);
        let held = self.held_where(|it| absorbed.contains(&it) == inner);
        let (identity, holder) = self.dice.pick(&held)?;
        let addressed = self.one_of_tree(holder);
        let reference = self.reference(addressed);
        Some(
            json!({"command": "release_channel", "contact": reference, "channel": identity.0, "external_id": identity.1}),
        )
    }

    pub(crate) fn create(&mut self) -> Option<Value> {
        if !self.may_grow() {
            return None;
        }
        let mut command = json!({"command": "create_contact"});
        self.some_fields(45, &FIELDS).into_iter().for_each(|(field, value)| put(&mut command, &field, value));
        let mut channels = Vec::new();
        for _ in 0..self.dice.below(4) {
            let (channel, external_id) = self.fresh_identity();
            channels.push(json!({"channel": channel, "external_id": external_id}));
        }
        if channels.is_empty() {
            command["last_name"] = self.value("last_name");
        } else {
            command["channels"] = json!(channels);
        }
        if self.dice.chance(50) {
            command["tags"] = json!([self.dice.word(&TAGS[..6]), self.dice.word(&TAGS[6..])]);
        }
        Some(command)
    }

    pub(crate) fn delete(&mut self) -> Option<Value> {
        let roots = self.roots();
        let trees: Vec<usize> = roots.iter().copied().filter(|&it| self.height(it) > 0).collect();
        let root = if self.dice.chance(50) { self.dice.pick(&trees) } else { self.dice.pick(&roots) }?;
        // A deep tree takes long to grow and is kept.
        if self.oracle.tree(root).len() > 6 {
            return None;
        }
        let reference = self.reference(root);
        Some(json!({"command": "delete_contact", "contact": reference}))
    }
}

/// Sets a member of an edit, a custom one where those stand.
fn put(command: &mut Value, field: &str, value: Value) {
    match field.strip_prefix("custom.") {
        Some(key) => command["custom"][key] = value,
        None => command[field] = value,
    }
}
