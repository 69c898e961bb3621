//! What the oracle shows: every live contact in the form of the door, and what became of the others.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use serde_json::{Value, json};

use crate::fold::with_country;
use crate::oracle::{Contact, FIELDS, Merge, Oracle};
use crate::values::{identity, index, is, last, latest_first, rfc, text, utc};

impl Oracle {
    /// The messages of a tree as recorded: on the replay clock also the order of `at`.
    pub(crate) fn talk(&self, tree: &[usize], suppressed: bool) -> Vec<&Value> {
        let all = tree.iter().flat_map(|&it| &self.contacts[it].stream);
        let mut talk: Vec<_> =
            all.filter(|it| it["via"].is_u64() && it["suppressed"].is_null() != suppressed).collect();
        talk.sort_by_key(|it| index(&it["position"]));
        talk
    }

    /// The identities of a tree by `connected_at`, each with the position it was last interacted with. What came by a
    /// holder erased since is unreadable, but its times stay (rule 18).
    pub(crate) fn channels(&self, tree: &[usize]) -> Vec<(usize, Value)> {
        let (talk, mut rows) = (self.talk(tree, false), Vec::new());
        for (known, (holder, since)) in self.identities.iter().filter(|it| tree.contains(&it.1.0)) {
            let mut of = talk.clone();
            of.retain(|it| identity(it) == *known);
            let row = json!({"channel": known.0, "external_id": known.1, "connected_at": since,
                "last_in": last(&of, "in"), "last_out": last(&of, "out"), "contact_id": self.contacts[*holder].label});
            rows.push((of.last().map_or(0, |it| index(&it["position"])), row));
        }
        rows.sort_by_key(|it| text(&it.1, "connected_at"));
        rows
    }

    /// Every live contact in the form of the door, without `revision`, `position`, `custom`, `resolved_from`.
    pub fn contacts(&self, now: &str) -> Vec<Value> {
        let live = (0..self.contacts.len()).filter(|&it| !self.contacts[it].erased && self.root(it) == it);
        live.map(|it| self.contact(it, now)).collect()
    }

    /// Choice: without a name, phone, email or identity interacted with, the display name is the short id: null here.
    fn contact(&self, root: usize, now: &str) -> Value {
        let (tree, mut it) = (self.tree(root), with_country(&self.replay(root, true)));
        let (talk, rows) = (self.talk(&tree, false), latest_first(self.channels(&tree)));
        let name = [text(&it, "first_name"), text(&it, "last_name")].join(" ").trim().to_owned();
        let handle = rows.first().filter(|row| row.0 > 0).map(|row| text(&row.1, "external_id"));
        let display = [name, text(&it, "phone"), text(&it, "email"), handle.unwrap_or_default()];
        let source = talk.iter().find(|it| is(it, "message") && it["sender"] != "broadcast");
        let (born, lately) =
            (|it: &usize| text(&self.contacts[*it].stream[0], "at"), rfc(utc(now) - Duration::days(30)));
        let active = last(&talk, "").as_str().is_some_and(|at| at > lately.as_str());
        let activity = if active { "active" } else { "inactive" };
        let blocked = it["blocked"].is_object().then_some("blocked");
        let aka = ["email", "phone"].map(|field| {
            let theirs = tree[1..].iter().map(|&below| text(&self.replay(below, true), field));
            theirs.filter(|theirs| *theirs != text(&it, field) && !theirs.is_empty()).collect::<BTreeSet<_>>()
        });
        let comments = tree.iter().map(|&below| index(&self.replay(below, false)["comments"]));
        let counts = ["in", "out"].map(|of| talk.iter().filter(|it| is(it, of)).count());
        let tags = it["tags"].as_object().into_iter().flatten().map(|tag| self.spellings[tag.0].as_str());
        let mut shown = json!({
            "id": self.contacts[root].label, "state": "live", "display_name": display.iter().find(|it| !it.is_empty()),
            "avatar_url": it["avatar_url"]["url"], "also_known_as": {"emails": aka[0], "phones": aka[1]},
            "tags": tags.collect::<BTreeSet<_>>(), "channels_total": rows.len(),
            "channels": rows.iter().map(|row| &row.1).collect::<Vec<_>>(),
            "source": source.map(|it| &it["channel"]), "last_channel": talk.last().map(|it| &it["channel"]),
            "status": blocked.or(it["conversation"]["status"].as_str()), "activity": blocked.unwrap_or(activity),
            "blocked": blocked.is_some(), "blocked_reason": it["blocked"]["reason"],
            "created_at": born(&root), "first_seen": tree.iter().map(born).min(),
            "last_in": last(&talk, "in"), "last_out": last(&talk, "out"), "last_message": last(&talk, "message"),
            "last_interaction": last(&talk, ""), "absorbed": self.absorbed(root),
            "counts": {"messages_in": counts[0], "messages_out": counts[1], "comments": comments.sum::<usize>(),
                "suppressed": self.talk(&tree, true).len()},
        });
        for same in FIELDS[..7].iter().chain(&["assignee", "conversation"]) {
            shown[same] = it[same].take();
        }
        shown
    }

    fn absorbed(&self, contact: usize) -> Vec<Value> {
        let edges = self.merges.iter().filter(|it| it.primary == contact && it.undone.is_none());
        let row = |it: &Merge| {
            json!({"contact_id": self.contacts[it.secondary].label, "merge_id": it.id,
            "merged_at": it.at, "absorbed": self.absorbed(it.secondary)})
        };
        edges.map(row).collect()
    }

    /// Each contact that is not live: `{state, root}`.
    pub fn absorbed_or_erased(&self) -> BTreeMap<String, Value> {
        let row = |(i, it): (usize, &Contact)| {
            let state = if it.erased { "erased" } else { "absorbed" };
            (it.label.clone(), json!({"state": state, "root": self.contacts[self.root(i)].label}))
        };
        let gone = self.contacts.iter().enumerate().filter(|(i, it)| it.erased || self.root(*i) != *i);
        gone.map(row).collect()
    }

    /// The root that shows an identity.
    pub fn resolve(&self, channel: &str, external_id: &str) -> Option<String> {
        let holder = self.holder(&(channel.to_owned(), external_id.to_owned()))?;
        Some(self.contacts[self.root(holder)].label.clone())
    }
}
