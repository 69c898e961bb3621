//! A workspace to try histories in: a line a minute, contacts named by a letter whose identity is the small one.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use chrono_tz::Tz;
use dossier_oracle::Oracle;
use serde_json::{Value, json};

/// What a line was answered.
pub struct Answer {
    pub problem: Option<String>,
    pub contact: Option<String>,
    pub merge: Option<String>,
    pub created: bool,
    pub changed: bool,
}

impl Answer {
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

pub struct World {
    pub oracle: Oracle,
    zone: Tz,
    anchor_day: u32,
    pub now: DateTime<Utc>,
    line: u64,
    labels: BTreeMap<String, String>,
}

impl World {
    /// UTC, anchor day 1, at noon of the tenth of January; with a contact for each letter.
    pub fn of(letters: &str) -> Self {
        Self::within(Tz::UTC, 1, "2024-01-10T12:00:00Z", letters)
    }

    pub fn within(zone: Tz, anchor_day: u32, start: &str, letters: &str) -> Self {
        let now = start.parse().expect("a time");
        let (oracle, labels) = (Oracle::default(), BTreeMap::new());
        let mut world = Self { oracle, zone, anchor_day, now, line: 0, labels };
        for letter in letters.chars() {
            let channels = json!([{"channel": "ch", "external_id": letter.to_lowercase().to_string()}]);
            let made = world.line(json!({"command": "create_contact", "channels": channels}));
            world.labels.insert(letter.to_string(), made.contact.expect("a contact is made"));
        }
        world
    }

    pub fn at(&mut self, time: &str) -> &mut Self {
        self.now = time.parse().expect("a time");
        self
    }

    /// Gives a line as it is, a minute after the last, with a key of its own unless it has one.
    pub fn line(&mut self, mut command: Value) -> Answer {
        self.line += 1;
        let at = self.now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let members = command.as_object_mut().expect("an object");
        members.entry("at").or_insert(json!(at));
        members.entry("key").or_insert(json!(format!("key {}", self.line)));
        let answer = self.oracle.apply(self.line, &command);
        self.now += Duration::minutes(1);
        let text = |member: &str| answer[member].as_str().map(str::to_owned);
        let merged = command["command"] == "merge_contacts" && answer["changed"] == true;
        Answer {
            problem: text("problem"),
            contact: text("contact"),
            merge: merged.then(|| format!("m{}", self.line)),
            created: answer["created"] == true,
            changed: answer["changed"] == true,
        }
    }

    /// A command addressed to a contact.
    pub fn to(&mut self, name: &str, command: &str, mut members: Value) -> Answer {
        members["command"] = json!(command);
        members["contact"] = json!(self.reference(name));
        self.line(members)
    }

    pub fn set(&mut self, name: &str, members: Value) -> Answer {
        self.to(name, "update_contact", members)
    }

    pub fn tag(&mut self, name: &str, tag: &str) -> Answer {
        self.to(name, "add_tag", json!({"tag": tag}))
    }

    pub fn untag(&mut self, name: &str, tag: &str) -> Answer {
        self.to(name, "remove_tag", json!({"tag": tag}))
    }

    pub fn erase(&mut self, name: &str) -> Answer {
        self.to(name, "delete_contact", json!({}))
    }

    pub fn claim(&mut self, name: &str, identity: &str) -> Answer {
        self.to(name, "claim_channel", json!({"channel": "ch", "external_id": identity}))
    }

    pub fn release(&mut self, name: &str, identity: &str) -> Answer {
        self.to(name, "release_channel", json!({"channel": "ch", "external_id": identity}))
    }

    /// An inbound message on channel `ch`.
    pub fn inbound(&mut self, identity: &str, message: &str) -> Answer {
        self.inbound_with(identity, message, json!({}))
    }

    pub fn inbound_with(&mut self, identity: &str, message: &str, mut more: Value) -> Answer {
        more["command"] = json!("receive_message");
        more["external_id"] = json!(identity);
        more["message_id"] = json!(message);
        if more["channel"].is_null() {
            more["channel"] = json!("ch");
        }
        self.line(more)
    }

    pub fn outbound(&mut self, name: &str, sender: &str, message: &str) -> Answer {
        let members = json!({"channel": "ch", "sender": sender, "message_id": message});
        self.to(name, "send_message", members)
    }

    /// Merges and answers the merge's id.
    pub fn merge(&mut self, primary: &str, secondary: &str) -> String {
        self.merge_with(primary, secondary, json!({})).merge.expect("merged")
    }

    pub fn merge_with(&mut self, primary: &str, secondary: &str, choices: Value) -> Answer {
        let (primary, secondary) = (self.reference(primary), self.reference(secondary));
        self.line(json!({"command": "merge_contacts", "primary": primary, "secondary": secondary, "choices": choices}))
    }

    pub fn unmerge(&mut self, merge: &str) -> Answer {
        self.line(json!({"command": "unmerge_contacts", "merge_id": merge}))
    }

    pub fn reference(&self, name: &str) -> String {
        format!("id:{}", self.label(name))
    }

    pub fn label(&self, name: &str) -> String {
        self.labels.get(name).cloned().unwrap_or(name.to_owned())
    }

    /// What a live contact shows.
    #[track_caller]
    pub fn shown(&self, name: &str) -> Value {
        let found = self.what_became(name).filter(|it| it["state"] == "live");
        found.unwrap_or_else(|| panic!("{name} is not live"))
    }

    /// What is told of a contact, live or not.
    pub fn what_became(&self, name: &str) -> Option<Value> {
        (0..).map_while(|it| self.oracle.contact(it)).find(|it| it["id"] == self.label(name))
    }

    /// The root that shows an identity.
    pub fn resolve(&self, channel: &str, external_id: &str) -> Option<String> {
        let shows = |it: &Value| it["channel"] == channel && it["external_id"] == external_id;
        let mut all = (0..).map_while(|it| self.oracle.contact(it));
        let found = all.find(|it| it["channels"].as_array().into_iter().flatten().any(shows));
        found.and_then(|it| it["id"].as_str().map(str::to_owned))
    }

    pub fn statements(&self, id_of: &dyn Fn(&str) -> String) -> Vec<Value> {
        self.oracle.statements(self.zone, self.anchor_day, id_of)
    }

    /// Every statement as cycle and count, closed or not.
    pub fn bills(&self) -> Vec<(String, u64)> {
        let row =
            |it: &Value| (it["cycle"].as_str().unwrap_or_default().to_owned(), it["active"].as_u64().unwrap_or(99));
        self.statements(&str::to_owned).iter().map(row).collect()
    }
}
