//! How often a stream of commands comes to each situation that the merge rules were made for.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use crate::generator::{ANCHOR_DAY, ZONE, height, number};
use crate::oracle::Oracle;
use crate::values::{identity, index, text};

/// Situations and problems by name, each with the number of lines that came to it.
pub fn coverage(commands: &[Value]) -> BTreeMap<String, usize> {
    let mut seen = Coverage { oracle: Oracle::default(), keys: HashSet::new(), counts: BTreeMap::new() };
    for (command, line) in commands.iter().zip(1..) {
        let before = seen.before(command);
        let answer = seen.oracle.apply(line, command);
        seen.after(command, &answer);
        if answer["changed"] == true {
            before.into_iter().for_each(|it| seen.count(it));
        }
    }
    seen.blocks_across_cycles();
    seen.at_the_end();
    seen.counts
}

struct Coverage {
    oracle: Oracle,
    /// Of the lines that changed something.
    keys: HashSet<String>,
    counts: BTreeMap<String, usize>,
}

impl Coverage {
    fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_insert(0) += 1;
    }

    fn absorbed(&self, contact: usize) -> bool {
        self.oracle.root(contact) != contact
    }

    /// What a line comes to if it takes effect, judged before it does.
    fn before(&self, command: &Value) -> Vec<&'static str> {
        let holder = self.oracle.identities.get(&identity(command)).copied();
        let addressed = self.oracle.bearer(&command["contact"]).ok();
        let inside = addressed.is_some_and(|it| self.absorbed(it));
        let mut named = match command["command"].as_str().unwrap_or_default() {
            "receive_message" => self.before_message(holder),
            "send_message" if inside => vec!["sent to an absorbed"],
            "update_contact" if inside => vec!["edit of an absorbed"],
            "add_tag" | "remove_tag" if inside => vec!["tag of an absorbed"],
            "release_channel" if holder.is_some_and(|it| self.absorbed(it)) => vec!["release of an absorbed holder"],
            "claim_channel" if inside => vec!["claim for an absorbed"],
            "delete_contact" if addressed.is_some_and(|it| height(&self.oracle, it) > 0) => vec!["delete of a tree"],
            "delete_contact" => vec!["delete of one"],
            "unmerge_contacts" => self.before_unmerge(command),
            "merge_contacts" => self.before_merge(command),
            _ => Vec::new(),
        };
        if holder.is_none() && command["command"] == "receive_message" {
            named.push("message that makes a contact");
        }
        named
    }

    fn before_message(&self, holder: Option<usize>) -> Vec<&'static str> {
        let Some(holder) = holder else { return Vec::new() };
        let blocked = self.oracle.replay(self.oracle.root(holder), false)["blocked"].is_object();
        let mut named = Vec::new();
        named.extend(self.absorbed(holder).then_some("message for an absorbed"));
        named.extend(blocked.then_some("message suppressed"));
        named
    }

    fn before_unmerge(&self, command: &Value) -> Vec<&'static str> {
        let edges = self.oracle.streams.iter().flatten().filter(|it| it["edge"].is_string());
        let Some(edge) = edges.into_iter().find(|it| it["edge"] == command["merge_id"]) else { return Vec::new() };
        let (primary, secondary) = (index(&edge["by"]), index(&edge["secondary"]));
        let root = self.oracle.root(primary);
        let mut named = vec!["unmerge"];
        named.extend(self.absorbed(primary).then_some("inner unmerge"));
        named.extend((height(&self.oracle, secondary) > 0).then_some("unmerge of a tree"));
        let blocked = self.oracle.replay(root, false)["blocked"].is_object();
        named.extend(blocked.then_some("unmerge from a blocked root"));
        named
    }

    fn before_merge(&self, command: &Value) -> Vec<&'static str> {
        let [primary, secondary] = [&command["primary"], &command["secondary"]].map(|it| self.oracle.bearer(it).ok());
        let both = [primary, secondary];
        let again = |it: &Value| {
            it["edge"].is_string()
                && both.contains(&Some(index(&it["by"])))
                && both.contains(&Some(index(&it["secondary"])))
        };
        let mut named = vec!["merge"];
        named.extend(self.oracle.streams.iter().flatten().any(again).then_some("merge again"));
        named.extend(secondary.is_some_and(|it| height(&self.oracle, it) == 4).then_some("tree of depth 5"));
        for choice in command["choices"].as_object().into_iter().flatten() {
            named.push(match choice.1 {
                Value::String(side) if side == "primary" => "choice of the primary's",
                Value::String(_) => "choice of the secondary's",
                given if given["value"].is_null() => "choice of nothing",
                _ => "choice of a given value",
            });
        }
        named
    }

    fn after(&mut self, command: &Value, answer: &Value) {
        let known = !self.keys.insert(text(command, "key")) && command["key"].is_string();
        if let Some(problem) = answer["problem"].as_str() {
            self.count(&format!("problem {problem}"));
            self.count("refused");
        } else if answer["changed"] == true {
        } else if known {
            self.count("retry by key");
        } else if command["message_id"].is_string() && command["command"] != "update_message_status" {
            let landed = number(&answer["contact"]).expect("a duplicate names its contact");
            let now = self.oracle.identities.get(&identity(command)).map(|it| self.oracle.root(*it));
            match (self.oracle.erased.contains(&landed), self.absorbed(landed), now == Some(landed)) {
                (true, ..) => self.count("redelivery after an erasure"),
                (_, true, _) => self.count("redelivery after a merge"),
                (_, _, false) => self.count("redelivery after an unmerge or a release"),
                _ => self.count("redelivery"),
            }
        } else {
            self.count("no change");
        }
    }

    /// Blocks under which something came in the cycle they began in, and in a later one.
    fn blocks_across_cycles(&mut self) {
        let ends: Vec<String> =
            self.oracle.statements(ZONE, ANCHOR_DAY, &str::to_owned).iter().map(|it| text(it, "end")).collect();
        let cycle = |at: &str| ends.iter().filter(|it| it.as_str() <= at).count();
        let mut blocks: BTreeMap<(usize, String), BTreeSet<bool>> = BTreeMap::new();
        for contact in 0..self.oracle.streams.len() {
            for it in self.oracle.talk(&[contact]).into_iter().filter(|it| it["suppressed"].is_string()) {
                let since = text(it, "suppressed");
                let later = cycle(&since) < cycle(&text(it, "at"));
                blocks.entry((contact, since)).or_default().insert(later);
            }
        }
        let both = blocks.values().filter(|it| it.len() == 2).count();
        self.counts.insert("block with messages in two cycles".to_owned(), both);
    }

    fn at_the_end(&mut self) {
        let live = (0..).map_while(|it| self.oracle.contact(it)).filter(|it| it["state"] == "live").count();
        self.counts.insert("contacts".to_owned(), self.oracle.streams.len());
        self.counts.insert("live contacts at the end".to_owned(), live);
        let cycles = self.oracle.statements(ZONE, ANCHOR_DAY, &str::to_owned).len();
        self.counts.insert("cycles".to_owned(), cycles);
        let erased = |it: &Value, member: &str| self.oracle.erased.contains(&index(&it[member]));
        let lost = self.oracle.streams.iter().flatten().filter(|it| it["via"].is_u64());
        let lost = lost.filter(|it| erased(it, "via") && !erased(it, "by")).count();
        self.counts.insert("message of a holder erased since".to_owned(), lost);
    }
}
