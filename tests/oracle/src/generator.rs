//! Commands from a seed: a life of some hundreds of contacts over fourteen billing cycles, one line after another.
//!
//! It asks an oracle of its own what is so at each line, so that most commands mean something, and some are refused on
//! purpose. Lines stand on even seconds and snoozes end on odd ones, so that nothing hangs on which comes first.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Months, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::billing::cycle_start;
use crate::dice::Dice;
use crate::oracle::Oracle;
use crate::values::{index, rfc, text};

/// What the workspace is to be configured with before the first line.
pub const ZONE: Tz = Tz::Europe__Berlin;
pub const ANCHOR_DAY: u32 = 31;

const START: &str = "2024-01-05T08:00:00Z";
const SPAN_DAYS: i64 = 455;
const CONTACTS_MAX: usize = 600;
pub(crate) const HEIGHT_MAX: usize = 5;

/// Channel and external id.
pub(crate) type Identity = (String, String);
pub(crate) type Deed = fn(&mut Generator) -> Option<Value>;

/// `count` commands of the NDJSON form on a replay clock. References are `channel:<channel>:<id>` or `id:@<line>`, merges
/// `m<line>`, each naming the line that made it, 1-based.
pub fn commands(seed: u64, count: usize) -> Vec<Value> {
    let mut generator = Generator::new(seed, count);
    generator.make_keeper();
    while generator.lines.len() < count {
        generator.tick();
        if let Some(command) = generator.next_command() {
            generator.put(command);
        }
    }
    generator.lines
}

/// A merge that was made.
pub(crate) struct Merge {
    pub id: String,
    pub primary: usize,
    pub secondary: usize,
    pub undone: bool,
}

pub(crate) struct Generator {
    pub dice: Dice,
    pub oracle: Oracle,
    pub lines: Vec<Value>,
    pub answers: Vec<Value>,
    pub merges: Vec<Merge>,
    pub now: DateTime<Utc>,
    /// When something was last appended.
    pub appended_at: String,
    pub blocked: BTreeSet<usize>,
    /// Outbound messages: who recorded it, its id, the last status reported.
    pub sent: Vec<(usize, String, String)>,
    /// Every identity ever used.
    pub used: Vec<Identity>,
    step: i64,
    cycles: Vec<DateTime<Utc>>,
}

impl Generator {
    fn new(seed: u64, count: usize) -> Self {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date");
        let cycles = (0..16).map(|it| utc(&cycle_start(ZONE, ANCHOR_DAY, first + Months::new(it)).1)).collect();
        Self {
            dice: Dice(seed),
            oracle: Oracle::default(),
            lines: Vec::new(),
            answers: Vec::new(),
            merges: Vec::new(),
            now: utc(START),
            appended_at: String::new(),
            blocked: BTreeSet::new(),
            sent: Vec::new(),
            used: Vec::new(),
            step: SPAN_DAYS * 86_400 / count.max(1) as i64,
            cycles,
        }
    }

    /// The next instant: often the same, and at the end of a cycle often its last or the next one's first.
    fn tick(&mut self) {
        if self.dice.chance(12) {
            return;
        }
        let seconds = self.dice.below(2 * self.step as usize + 2) as i64 / 2 * 2;
        let (from, mut to) = (self.now, self.now + Duration::seconds(seconds));
        if let Some(end) = self.cycles.iter().find(|it| from < **it && **it <= to) {
            let last = *end - Duration::seconds(2);
            match self.dice.below(3) {
                0 => to = *end,
                1 if last > from => to = last,
                _ => {}
            }
        }
        self.now = to;
    }

    fn next_command(&mut self) -> Option<Value> {
        let deeds: [(usize, Deed); 19] = [
            (330, Self::receive),
            (95, Self::send),
            (34, Self::report),
            (100, Self::update),
            (95, Self::tag),
            (30, Self::comment),
            (60, Self::converse),
            (20, Self::assign),
            (16, Self::block),
            (13, Self::unblock),
            (64, Self::merge),
            (20, Self::merge_again),
            (68, Self::unmerge),
            (14, Self::claim),
            (16, Self::release),
            (15, Self::create),
            (4, Self::delete),
            (42, Self::deliver_again),
            (52, Self::wrong),
        ];
        let chosen = self.dice.weighted(&deeds.map(|it| it.0));
        deeds[chosen].1(self)
    }

    /// Completes a command with its key and time and takes it. `"key": null` asks for a line without one.
    fn put(&mut self, mut command: Value) {
        let line = self.line();
        let members = command.as_object_mut().expect("a command is an object");
        members.entry("at").or_insert(json!(rfc(self.now)));
        members.entry("key").or_insert(json!(format!("k{line}")));
        members.retain(|name, value| name != "key" || !value.is_null());
        let answer = self.oracle.apply(line, &command);
        if answer["changed"] == true {
            self.appended_at = text(&command, "at");
            self.remember(&command, number(&answer["contact"]).expect("a contact took it"));
        }
        self.lines.push(command);
        self.answers.push(answer);
    }

    fn remember(&mut self, command: &Value, contact: usize) {
        match command["command"].as_str().unwrap_or_default() {
            "block_contact" => drop(self.blocked.insert(contact)),
            "unblock_contact" | "delete_contact" => drop(self.blocked.remove(&contact)),
            "send_message" => self.sent.push((contact, text(command, "message_id"), String::new())),
            "merge_contacts" => {
                let edge = self.oracle.streams[contact].last().expect("the merge");
                let (id, secondary) = (text(edge, "edge"), index(&edge["secondary"]));
                self.merges.push(Merge { id, primary: contact, secondary, undone: false });
            }
            "unmerge_contacts" => {
                let undone = self.merges.iter_mut().find(|it| command["merge_id"] == it.id);
                undone.expect("a merge").undone = true;
            }
            _ => {}
        }
    }

    /// The number of the line to come.
    pub fn line(&self) -> u64 {
        self.lines.len() as u64 + 1
    }

    /// A contact never merged or deleted, that spells every tag first.
    fn make_keeper(&mut self) {
        self.put(json!({"command": "create_contact", "first_name": "Keeper", "tags": crate::deeds::TAGS}));
    }

    fn absorbed_set(&self) -> BTreeSet<usize> {
        self.oracle.above.keys().copied().collect()
    }

    fn alive(&self) -> impl Iterator<Item = usize> {
        (1..self.oracle.streams.len()).filter(|it| !self.oracle.erased.contains(it))
    }

    /// The live roots but for the keeper.
    pub fn roots(&self) -> Vec<usize> {
        let absorbed = self.absorbed_set();
        self.alive().filter(|it| !absorbed.contains(it)).collect()
    }

    pub fn absorbed(&self) -> Vec<usize> {
        let absorbed = self.absorbed_set();
        self.alive().filter(|it| absorbed.contains(it)).collect()
    }

    pub fn erased(&self) -> Vec<usize> {
        self.oracle.erased.iter().copied().collect()
    }

    /// The roots that may merge.
    pub fn free_roots(&self) -> Vec<usize> {
        self.roots().into_iter().filter(|it| !self.blocked.contains(it)).collect()
    }

    /// A contact to address, absorbed about as often as not.
    pub fn somebody(&mut self) -> Option<usize> {
        let from = if self.dice.chance(45) { self.absorbed() } else { self.roots() };
        self.dice.pick(&from)
    }

    /// One of the tree that a contact stands in.
    pub fn one_of_tree(&mut self, contact: usize) -> usize {
        let tree = self.oracle.tree(self.oracle.root(contact));
        self.dice.pick(&tree).unwrap_or(contact)
    }

    /// A reference that names this very contact.
    pub fn reference(&mut self, contact: usize) -> String {
        let held: Vec<_> = self.oracle.identities.iter().filter(|it| *it.1 == contact).map(|it| it.0.clone()).collect();
        match self.dice.pick(&held) {
            Some(identity) if self.dice.chance(35) => format!("channel:{identity}"),
            _ => format!("id:{}", label(contact)),
        }
    }

    /// How many merges deep a tree is.
    pub fn height(&self, contact: usize) -> usize {
        height(&self.oracle, contact)
    }

    /// Merges that can be undone.
    pub fn live_merges(&self) -> Vec<usize> {
        self.merges_where(|all, it| !it.undone && !all.erased.contains(&it.primary))
    }

    pub fn merges_where(&self, wanted: impl Fn(&Oracle, &Merge) -> bool) -> Vec<usize> {
        (0..self.merges.len()).filter(|&it| wanted(&self.oracle, &self.merges[it])).collect()
    }

    /// Identities held, with their holders, that fit.
    pub fn held_where(&self, wanted: impl Fn(usize) -> bool) -> Vec<(Identity, usize)> {
        let held = self.oracle.identities.iter().filter(|it| wanted(*it.1));
        held.map(|(identity, holder)| (parts(identity), *holder)).collect()
    }

    pub fn fresh_identity(&mut self) -> Identity {
        let channel = self.dice.word(&["whatsapp", "telegram", "email", "web"]);
        let identity = (channel, format!("u{}", self.used.len()));
        self.used.push(identity.clone());
        identity
    }

    /// An identity used before that nobody holds now.
    pub fn freed_identity(&mut self) -> Option<Identity> {
        let free: Vec<_> = self.used.iter().filter(|it| self.holder(it).is_none()).cloned().collect();
        self.dice.pick(&free)
    }

    pub fn may_grow(&self) -> bool {
        self.oracle.streams.len() < CONTACTS_MAX
    }

    pub fn holder(&self, identity: &Identity) -> Option<usize> {
        self.oracle.identities.get(&format!("{}:{}", identity.0, identity.1)).copied()
    }
}

pub(crate) fn label(contact: usize) -> String {
    format!("@{contact}")
}

/// The number of a contact by its label.
pub(crate) fn number(label: &Value) -> Option<usize> {
    label.as_str()?.strip_prefix('@')?.parse().ok()
}

/// How many merges deep a tree is.
pub(crate) fn height(oracle: &Oracle, contact: usize) -> usize {
    let below = oracle.above.iter().filter(|it| *it.1 == contact);
    below.map(|it| 1 + height(oracle, *it.0)).max().unwrap_or(0)
}

pub(crate) fn parts(identity: &str) -> Identity {
    let (channel, id) = identity.split_once(':').expect("a channel");
    (channel.to_owned(), id.to_owned())
}

pub(crate) fn utc(at: &str) -> DateTime<Utc> {
    at.parse().expect("times are RFC 3339")
}
