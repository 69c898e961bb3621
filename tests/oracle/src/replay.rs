//! What the oracle shows of a contact: its own stream read from the start, merges being edits in it (rule 22).

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use crate::oracle::{FIELDS, Oracle};
use crate::values::{index, is, last, rfc, text};

impl Oracle {
    /// Rule 22, literally: the contact's own stream from its start, each merge not undone being one edit in its place.
    /// It comes to a card of the fields, the tags, each by its folded form after a `#`, the `conversation`, the
    /// `assignee` and, if it is `blocked`, `since` when and the `reason`; nothing in it is null.
    pub(crate) fn replay(&self, contact: usize, with_merges: bool) -> Value {
        let mut card = json!({"conversation": talk("none", &Value::Null, &Value::Null, &Value::Null)});
        // What came by the identity of a contact erased since went with it (rule 18).
        let lost = |it: &Value| it["via"].is_u64() && self.erased.contains(&index(&it["via"]));
        for fact in self.streams[contact].iter().chain([&json!({"at": self.now})]) {
            converse(&mut card["conversation"], fact);
            if with_merges && fact["edge"].is_string() && fact["undone"].is_null() {
                self.bring(&mut card, fact);
            }
            for (name, value) in fact["set"].as_object().filter(|_| !lost(fact)).into_iter().flatten() {
                card[name] = value.clone();
            }
        }
        card.as_object_mut().expect("a card").retain(|_, value| !value.is_null());
        card
    }

    /// The edit that a merge is: each field by its choice or policy 1 (names are one field there), every tag added.
    fn bring(&self, card: &mut Value, edge: &Value) {
        let (mine, theirs) = (card.clone(), self.replay(index(&edge["secondary"]), true));
        let nameless = mine["first_name"].is_null() && mine["last_name"].is_null();
        for field in FIELDS {
            let lacks = if field.ends_with("_name") { nameless } else { mine[field].is_null() };
            card[field] = match &edge["choices"][field] {
                Value::Object(given) => kept(field, &given["value"], true),
                Value::String(side) if side == "secondary" && !theirs[field].is_null() => theirs[field].clone(),
                Value::Null if lacks => theirs[field].clone(),
                _ => mine[field].clone(),
            };
        }
        tags(&theirs).for_each(|(tag, spelled)| card[tag] = spelled.clone());
    }

    /// What a channel's profile fills: what is shown as absent, and an avatar not set by hand (rule 7). Choices: a
    /// derived country is shown, so not filled; an avatar cleared by hand is absent, so filled; nothing while blocked.
    pub(crate) fn filling(&self, root: usize, profile: Option<&Map<String, Value>>) -> Value {
        let (Some(profile), mut fill) = (profile, json!({})) else { return Value::Null };
        let mut shown = self.replay(root, true);
        shown["country"] = country(&shown);
        for (field, value) in profile.iter().filter(|_| shown["blocked"].is_null()) {
            if shown[field].is_null() || shown[field]["by_hand"] == false {
                fill[field] = kept(field, value, false);
            }
        }
        fill
    }

    /// The interactions of a tree as recorded, suppressed ones too: on the replay clock also the order of `at`.
    pub(crate) fn talk(&self, tree: &[usize]) -> Vec<&Value> {
        let mut talk: Vec<_> = tree.iter().flat_map(|&it| &self.streams[it]).filter(|it| it["via"].is_u64()).collect();
        talk.sort_by_key(|it| index(&it["line"]));
        talk
    }

    /// The identities of a tree, each with the line it was last interacted with: the latest of them first, all others
    /// by `connected_at`. What came by a holder erased since is unreadable, but its times stay (rule 18).
    pub(crate) fn channels(&self, tree: &[usize]) -> Vec<(usize, Value)> {
        let (talk, mut rows) = (self.talk(tree), Vec::new());
        for (known, holder) in self.identities.iter().filter(|it| tree.contains(it.1)) {
            let of = talk.iter().filter(|it| it["identity"] == **known && it["suppressed"].is_null());
            let of: Vec<&Value> = of.copied().collect();
            let since = self.streams[*holder].iter().rfind(|it| it["connected"] == **known).map(|it| &it["at"]);
            let (channel, id) = known.split_once(':').expect("a channel");
            let row = json!({"channel": channel, "external_id": id, "connected_at": since,
                "last_in": last(&of, "in"), "last_out": last(&of, "out"), "contact_id": format!("@{holder}")});
            rows.push((of.last().map_or(0, |it| index(&it["line"])), row));
        }
        let latest = rows.iter().map(|it| it.0).max().filter(|it| *it > 0);
        rows.sort_by_key(|it| (Some(it.0) != latest, text(&it.1, "connected_at")));
        rows
    }

    /// The n-th contact, from 0: a live one in the form of the door, without `revision`, `position` and
    /// `resolved_from`; of another whether it is erased, and the root that it leads to. Choice: without a name, phone,
    /// email or identity interacted with, the display name is the short id: null here.
    pub fn contact(&self, root: usize) -> Option<Value> {
        self.streams.get(root)?;
        let (erased, above) = (self.erased.contains(&root), self.root(root));
        if erased || above != root {
            return Some(json!({"id": format!("@{root}"), "erased": erased, "root": format!("@{above}")}));
        }
        let tree = self.tree(root);
        let cards: Vec<Value> = tree.iter().map(|&it| self.replay(it, true)).collect();
        let (it, rows, facts) = (&cards[0], self.channels(&tree), || tree.iter().flat_map(|&it| &self.streams[it]));
        let (talk, hidden): (Vec<_>, Vec<_>) = self.talk(&tree).into_iter().partition(|it| it["suppressed"].is_null());
        let handle = rows.first().filter(|row| row.0 > 0).map(|row| text(&row.1, "external_id")).unwrap_or_default();
        let name = format!("{} {}", text(it, "first_name"), text(it, "last_name"));
        let names = [name.trim(), &text(it, "phone"), &text(it, "email"), &handle].map(str::to_owned);
        let source = talk.iter().find(|it| is(it, "message") && it["sender"] != "broadcast").map(|it| &it["channel"]);
        let lately = self.now.parse::<DateTime<Utc>>().expect("a time") - Duration::days(30);
        let active = last(&talk, "").as_str() > Some(&rfc(lately));
        let blocked = it["blocked"].is_object().then_some("blocked");
        let count = |way| talk.iter().filter(|it| is(it, way)).count();
        let also = |field| {
            let brought = cards.iter().map(|card| text(card, field));
            brought.filter(|value| *value != text(it, field) && !value.is_empty()).collect::<BTreeSet<_>>()
        };
        let mut shown = json!({
            "id": format!("@{root}"), "state": "live", "conversation": it["conversation"], "assignee": it["assignee"],
            "display_name": names.iter().find(|it| !it.is_empty()), "avatar_url": it["avatar_url"]["url"],
            "also_known_as": {"emails": also("email"), "phones": also("phone")}, "custom": {"tier": it["custom.tier"]},
            "tags": tags(it).map(|it| it.1.as_str()).collect::<BTreeSet<_>>(), "channels_total": rows.len(),
            "channels": rows.iter().map(|row| &row.1).collect::<Vec<_>>(), "source": source,
            "status": blocked.or(it["conversation"]["status"].as_str()), "blocked": blocked.is_some(),
            "activity": blocked.unwrap_or(if active { "active" } else { "inactive" }),
            "blocked_reason": it["blocked"]["reason"], "last_channel": talk.last().map(|it| &it["channel"]),
            "created_at": self.streams[root][0]["at"], "first_seen": facts().filter_map(|it| it["at"].as_str()).min(),
            "last_in": last(&talk, "in"), "last_out": last(&talk, "out"), "last_message": last(&talk, "message"),
            "last_interaction": last(&talk, ""), "absorbed": self.absorbed(root),
            "counts": {"messages_in": count("in"), "messages_out": count("out"), "suppressed": hidden.len(),
                "comments": facts().filter(|it| it["command"] == "add_comment").count()},
        });
        FIELDS[..7].iter().for_each(|field| shown[field] = it[field].clone());
        shown["country"] = country(it);
        Some(shown)
    }

    fn absorbed(&self, contact: usize) -> Vec<Value> {
        let live = self.streams[contact].iter().filter(|it| it["edge"].is_string() && it["undone"].is_null());
        let row = |(it, to): (&Value, usize)| {
            json!({"contact_id": format!("@{to}"), "merge_id": it["edge"], "merged_at": it["at"],
                "absorbed": self.absorbed(to)})
        };
        live.map(|it| (it, index(&it["secondary"]))).map(row).collect()
    }
}

/// What a fact does to the conversation (rules 11, 15, 16). Choices: a snooze ends before a line of the same instant;
/// an open conversation has no `closed_at`.
fn converse(it: &mut Value, fact: &Value) {
    let (at, until, none) = (&fact["at"], it["snoozed_until"].clone(), &Value::Null);
    if until.is_string() && until.as_str() <= at.as_str() {
        *it = talk("open", &until, none, none);
    }
    let (open, running) = (it["status"] == "open", it["status"] == "open" || it["status"] == "snoozed");
    let quiet = || fact["kind"] == "reaction" || fact["sender"] == "broadcast" || fact["suppressed"].is_string();
    *it = match fact["command"].as_str().unwrap_or_default() {
        "open_conversation" | "receive_message" if !open && !quiet() => talk("open", at, none, none),
        "send_message" if !running && !quiet() => talk("open", at, none, none),
        "close_conversation" | "block_contact" if running => talk("closed", &it["opened_at"], at, none),
        "snooze_conversation" => talk("snoozed", &it["opened_at"], none, &fact["until"]),
        _ => return,
    };
}

fn talk(status: &str, opened: &Value, closed: &Value, until: &Value) -> Value {
    json!({"status": status, "opened_at": opened, "closed_at": closed, "snoozed_until": until})
}

/// A value as it is kept: an avatar alone remembers whether it was set by hand.
pub(crate) fn kept(field: &str, value: &Value, by_hand: bool) -> Value {
    if field == "avatar_url" && !value.is_null() { json!({"url": value, "by_hand": by_hand}) } else { value.clone() }
}

/// The tags of a card, each with its spelling.
pub(crate) fn tags(card: &Value) -> impl Iterator<Item = (&String, &Value)> {
    card.as_object().into_iter().flatten().filter(|it| it.0.starts_with('#'))
}

/// The country shown: where none was set, it is derived from the phone (rule 20).
pub(crate) fn country(card: &Value) -> Value {
    let phone = text(card, "phone");
    let known = [("+60", "MY"), ("+49", "DE"), ("+65", "SG")].into_iter().find(|it| phone.starts_with(it.0));
    if card["country"].is_null() { json!(known.map(|it| it.1)) } else { card["country"].clone() }
}
