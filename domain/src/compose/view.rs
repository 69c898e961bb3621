//! Everything that a contact shows, composed over its tree.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Forest, Shown, position_of_tree, shown_by_all, tree_of};
use crate::field::Field;
use crate::ids::{ContactId, IdentityId, MergeId};
use crate::state::{Block, Contact, Conversation, Counts, Latest, Traffic};
use crate::values;

/// A channel identity that a contact shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownIdentity {
    /// Which.
    pub identity: IdentityId,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle; `None` where it was erased.
    pub external_id: Option<Arc<str>>,
    /// Since when its holder holds it.
    pub connected_at: DateTime<Utc>,
    /// Last message in, over all streams of the tree.
    pub last_in: Option<DateTime<Utc>>,
    /// Last message out.
    pub last_out: Option<DateTime<Utc>>,
    /// Last interaction of any kind.
    pub last: Option<Latest>,
    /// The contact of the tree that holds it.
    pub holder: ContactId,
}

/// A contact absorbed in another, with what is absorbed in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Absorbed {
    /// Who.
    pub contact: ContactId,
    /// By which merge.
    pub merge: MergeId,
    /// Since when.
    pub merged_at: DateTime<Utc>,
    /// Into whom, directly.
    pub primary: ContactId,
}

/// The composed contact (rule 22), as far as its streams tell; what depends on the present time is derived when read.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The root.
    pub id: ContactId,
    /// Its workspace.
    pub workspace: Arc<str>,
    /// Fields and tags.
    pub shown: Shown,
    /// The country, if none was set: derived from the composed phone, last (rule 20).
    pub derived_country: Option<Arc<str>>,
    /// E-mail addresses that absorbed contacts bring besides the one shown, in their own order.
    pub other_emails: Vec<Arc<str>>,
    /// Phone numbers likewise.
    pub other_phones: Vec<Arc<str>>,
    /// Identities: first the one last interacted with, then by `connected_at`, channel and external id.
    pub identities: Vec<ShownIdentity>,
    /// Channel of the message recorded first.
    pub source: Option<Arc<str>>,
    /// Its own.
    pub conversation: Conversation,
    /// Its own.
    pub assignee: Option<Arc<str>>,
    /// Its own.
    pub blocked: Option<Block>,
    /// Its own.
    pub created_at: DateTime<Utc>,
    /// Earliest interaction of the tree, or creation if that is earlier.
    pub first_seen: DateTime<Utc>,
    /// Last message in.
    pub last_in: Option<DateTime<Utc>>,
    /// Last message out.
    pub last_out: Option<DateTime<Utc>>,
    /// Last interaction, and its channel.
    pub last_interaction: Option<(DateTime<Utc>, Arc<str>)>,
    /// Sums over the tree.
    pub counts: Counts,
    /// All that is absorbed, each before what is below it.
    pub absorbed: Vec<Absorbed>,
    /// Revision of the root's own stream.
    pub revision: u64,
    /// What the ETag is made of: see [`position`](super::position).
    pub position: u64,
}

impl View {
    /// The text that a field shows.
    pub fn text(&self, field: &Field) -> Option<&Arc<str>> {
        self.shown.fields.get(field).and_then(|shown| shown.value.as_text())
    }

    /// First and last name, else phone, else email, else the handle of the identity last interacted with, else a short
    /// id (rule 5).
    pub fn display_name(&self) -> String {
        let names = [Field::FirstName, Field::LastName];
        let names: Vec<&str> = names.iter().filter_map(|field| self.text(field)).map(AsRef::as_ref).collect();
        if !names.is_empty() {
            return names.join(" ");
        }
        let handle = || self.identities.first().and_then(|shown| shown.external_id.as_ref());
        let text = self.text(&Field::Phone).or_else(|| self.text(&Field::Email)).or_else(handle);
        text.map_or_else(|| self.id.0.simple().to_string()[..8].to_owned(), |text| text.to_string())
    }
}

/// Composes a live contact that is its own root.
///
/// `freed` is the position of the removal that freed it, where its own stream does not have it yet.
pub fn view(forest: &Forest, root: &Contact, freed: Option<u64>) -> View {
    let tree = tree_of(forest, root);
    let mut by_all = shown_by_all(forest, &tree);
    let shown = by_all.remove(&root.id).unwrap_or_default();
    let traffic = traffic_of(&tree);
    let created_at = root.created_at.unwrap_or_default();
    let first = tree.iter().flat_map(|contact| [contact.activity.first, contact.created_at]).flatten().min();
    let other = |field: &Field| other_values(&tree, &by_all, &shown, field);
    View {
        id: root.id,
        workspace: root.workspace.clone(),
        derived_country: derived_country(&shown),
        other_emails: other(&Field::Email),
        other_phones: other(&Field::Phone),
        identities: identities_of(&tree, &traffic),
        source: tree.iter().filter_map(|contact| contact.activity.source.clone()).min().map(|(_, channel)| channel),
        conversation: conversation_of(root, freed),
        assignee: root.assignee.clone(),
        blocked: root.blocked.clone(),
        created_at,
        first_seen: first.unwrap_or(created_at),
        last_in: tree.iter().filter_map(|contact| contact.activity.last_in).max(),
        last_out: tree.iter().filter_map(|contact| contact.activity.last_out).max(),
        last_interaction: traffic
            .values()
            .max_by_key(|seen| seen.last)
            .map(|seen| (seen.last.at, seen.channel.clone())),
        counts: counts_of(&tree),
        absorbed: absorbed_of(&tree),
        revision: root.revision().unwrap_or_default(),
        position: position_of_tree(forest, &tree).max(freed.unwrap_or_default()),
        shown,
    }
}

/// A contact whose edge is gone but whose lock is not shows as restored already (merging.md).
fn conversation_of(root: &Contact, freed: Option<u64>) -> Conversation {
    match (&root.lock, freed) {
        (Some(lock), Some(_)) => root.conversation.closed(lock.meta.occurred_at),
        _ => root.conversation.clone(),
    }
}

fn derived_country(shown: &Shown) -> Option<Arc<str>> {
    if shown.fields.contains_key(&Field::Country) {
        return None;
    }
    let phone = shown.fields.get(&Field::Phone)?.value.as_text()?;
    values::phone::country_of(phone).map(Arc::from)
}

/// What absorbed contacts bring in a field besides the value shown, so that references find it (rule 2).
fn other_values(tree: &[&Contact], by_all: &HashMap<ContactId, Shown>, shown: &Shown, field: &Field) -> Vec<Arc<str>> {
    let text_of = |shown: &Shown| shown.fields.get(field).and_then(|shown| shown.value.as_text()).cloned();
    let mut seen: BTreeSet<String> = text_of(shown).iter().map(|text| values::text::fold(text)).collect();
    let brought = tree.iter().filter_map(|contact| by_all.get(&contact.id).and_then(text_of));
    brought.filter(|text| seen.insert(values::text::fold(text))).collect()
}

/// Traffic by identity: the newest over all streams of the tree.
fn traffic_of(tree: &[&Contact]) -> HashMap<IdentityId, Traffic> {
    let mut all: HashMap<IdentityId, Traffic> = HashMap::new();
    for traffic in tree.iter().flat_map(|contact| &contact.activity.traffic) {
        let known = all.entry(traffic.identity).or_insert_with(|| traffic.clone());
        known.last_in = known.last_in.max(traffic.last_in);
        known.last_out = known.last_out.max(traffic.last_out);
        known.last = known.last.max(traffic.last);
    }
    all
}

fn identities_of(tree: &[&Contact], traffic: &HashMap<IdentityId, Traffic>) -> Vec<ShownIdentity> {
    let held = tree.iter().flat_map(|contact| contact.identities.iter().map(move |own| (contact.id, own)));
    let mut shown: Vec<ShownIdentity> = held
        .filter(|(_, own)| own.connected)
        .map(|(holder, own)| {
            let seen = traffic.get(&own.identity);
            ShownIdentity {
                identity: own.identity,
                channel: own.channel.clone(),
                external_id: own.external_id.open().cloned(),
                connected_at: own.connected_at,
                last_in: seen.and_then(|seen| seen.last_in),
                last_out: seen.and_then(|seen| seen.last_out),
                last: seen.map(|seen| seen.last),
                holder,
            }
        })
        .collect();
    shown.sort_by(|a, b| {
        (a.connected_at, &a.channel, &a.external_id).cmp(&(b.connected_at, &b.channel, &b.external_id))
    });
    let newest = (0..shown.len()).filter(|&index| shown[index].last.is_some()).max_by_key(|&index| shown[index].last);
    if let Some(newest) = newest {
        shown[..=newest].rotate_right(1);
    }
    shown
}

fn counts_of(tree: &[&Contact]) -> Counts {
    let mut counts = Counts::default();
    tree.iter().for_each(|contact| counts.add(contact.activity.counts));
    counts
}

fn absorbed_of(tree: &[&Contact]) -> Vec<Absorbed> {
    let edges = tree.iter().flat_map(|contact| contact.live_edges().map(move |edge| (contact.id, edge)));
    edges
        .map(|(primary, edge)| Absorbed {
            contact: edge.secondary,
            merge: edge.merge,
            merged_at: edge.merged_at,
            primary,
        })
        .collect()
}
