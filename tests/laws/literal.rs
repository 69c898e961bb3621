//! What contacts show, said once more, word for word: a contact's stream is replayed, and each merge that was not undone
//! is one edit where it stands in it. Slow, and without a line of the product's composing or folding.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use dossier::ports::Recorded;
use dossier::sealing::Opened;
use dossier_domain::compose::View;
use dossier_domain::event::{Event, InteractionKind, MergeOutcome, Sender};
use dossier_domain::field::{Choice, Field, Value};
use dossier_domain::ids::{ContactId, IdentityId, MergeId, Stream};
use dossier_domain::values::phone::country_of;

type Fields = BTreeMap<Field, Value>;

/// A log, opened as far as its keys exist.
pub struct Literal<'a>(pub &'a [(Recorded, Opened)]);

/// What a contact shows, as far as the literal reading says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shows {
    fields: Fields,
    country: Option<String>,
    tags: BTreeSet<String>,
    identities: BTreeSet<(IdentityId, ContactId)>,
    absorbed: BTreeSet<(MergeId, ContactId, ContactId)>,
    source: Option<String>,
    first_seen: Option<DateTime<Utc>>,
    last_in: Option<DateTime<Utc>>,
    last_out: Option<DateTime<Utc>>,
    last_interaction: Option<(DateTime<Utc>, String)>,
    /// Messages in, messages out, suppressed, comments.
    counts: [u64; 4],
    conversation: &'static str,
    assignee: Option<String>,
    blocked: bool,
    position: u64,
}

impl Literal<'_> {
    /// Every live contact that no live merge absorbs.
    pub fn roots(&self) -> BTreeSet<ContactId> {
        let made = self.0.iter().filter(|(_, it)| matches!(it.event, Event::ContactCreated(_)));
        let made = made.filter_map(|(recorded, _)| stream_of(recorded));
        made.filter(|id| !self.is_erased(*id) && self.edge_above(*id).is_none()).collect()
    }

    /// What a root shows.
    pub fn shows(&self, root: ContactId) -> Shows {
        let mut shows = Shows { fields: self.fields(root), tags: self.tags(root), ..Shows::default() };
        shows.country = match (shows.fields.get(&Field::Country), shows.fields.get(&Field::Phone)) {
            (None, Some(Value::Text(phone))) => country_of(phone).map(|country| country.to_string()),
            _ => None,
        };
        let tree = self.tree(root);
        for contact in &tree {
            self.add_identities(*contact, &mut shows);
        }
        self.add_traffic(&tree, &mut shows);
        self.add_own(root, &mut shows);
        shows.position = self.position(root, &tree);
        shows
    }

    fn own(&self, id: ContactId) -> impl Iterator<Item = &(Recorded, Opened)> {
        self.0.iter().filter(move |(recorded, _)| stream_of(recorded) == Some(id))
    }

    fn is_erased(&self, id: ContactId) -> bool {
        self.own(id).any(|(_, it)| matches!(it.event, Event::ContactErased(_)))
    }

    fn is_live(&self, merge: MergeId) -> bool {
        !self.0.iter().any(|(_, it)| matches!(&it.event, Event::ContactUnmerged(undone) if undone.merge == merge))
    }

    /// The live merge that absorbs a contact.
    fn edge_above(&self, id: ContactId) -> Option<MergeId> {
        self.0.iter().find_map(|(_, it)| match &it.event {
            Event::ContactMerged(edge) if edge.secondary == id && self.is_live(edge.merge) => Some(edge.merge),
            _ => None,
        })
    }

    fn below(&self, id: ContactId) -> Vec<(MergeId, ContactId)> {
        let edges = self.own(id).filter_map(|(_, it)| match &it.event {
            Event::ContactMerged(edge) if self.is_live(edge.merge) => Some((edge.merge, edge.secondary)),
            _ => None,
        });
        edges.collect()
    }

    fn tree(&self, root: ContactId) -> Vec<ContactId> {
        let below = self.below(root).into_iter().flat_map(|(_, secondary)| self.tree(secondary));
        std::iter::once(root).chain(below).collect()
    }

    fn fields(&self, id: ContactId) -> Fields {
        let mut fields = Fields::new();
        for (_, opened) in self.own(id) {
            match &opened.event {
                Event::ProfileEdited(edit) if !edit.holder.is_some_and(|holder| self.is_erased(holder)) => {
                    for change in edit.personal.open().iter().flat_map(|edit| &edit.changes) {
                        put(&mut fields, &change.field, change.value.clone());
                    }
                }
                Event::ContactMerged(edge) if self.is_live(edge.merge) => {
                    let choices = edge.personal.open().map(|terms| terms.choices.clone()).unwrap_or_default();
                    fields = one_edit(&fields, &self.fields(edge.secondary), |field| choices.get(field));
                }
                _ => {}
            }
        }
        fields
    }

    fn tags(&self, id: ContactId) -> BTreeSet<String> {
        let mut tags = BTreeSet::new();
        for (_, opened) in self.own(id) {
            match &opened.event {
                Event::TagAdded(tag) => tags.extend(tag.personal.open().map(|tag| tag.name.to_string())),
                Event::TagRemoved(tag) => _ = tag.personal.open().map(|tag| tags.remove(&*tag.name)),
                Event::ContactMerged(edge) if self.is_live(edge.merge) => tags.extend(self.tags(edge.secondary)),
                _ => {}
            }
        }
        tags
    }

    fn add_identities(&self, holder: ContactId, shows: &mut Shows) {
        for (_, opened) in self.own(holder) {
            match &opened.event {
                Event::IdentityConnected(it) => _ = shows.identities.insert((it.identity, holder)),
                Event::IdentityDisconnected(it) => _ = shows.identities.remove(&(it.identity, holder)),
                _ => {}
            }
        }
        shows.absorbed.extend(self.below(holder).into_iter().map(|(merge, secondary)| (merge, holder, secondary)));
    }

    fn add_traffic(&self, tree: &[ContactId], shows: &mut Shows) {
        let of_tree = |recorded: &Recorded| stream_of(recorded).is_some_and(|id| tree.contains(&id));
        for (_, opened) in self.0.iter().filter(|(recorded, _)| of_tree(recorded)) {
            let (at, channel, kind, is_in, sender) = match &opened.event {
                Event::MessageReceived(it) => (it.at, &it.channel, it.kind, true, None),
                Event::MessageSent(it) => (it.at, &it.channel, it.kind, false, Some(it.sender)),
                event => {
                    shows.counts[2] += u64::from(matches!(event, Event::MessageSuppressed(_)));
                    shows.counts[3] += u64::from(matches!(event, Event::CommentAdded(_)));
                    if matches!(event, Event::ContactCreated(_)) {
                        shows.first_seen = earlier(shows.first_seen, opened.meta.occurred_at);
                    }
                    continue;
                }
            };
            shows.first_seen = earlier(shows.first_seen, at);
            if shows.last_interaction.as_ref().is_none_or(|(last, _)| *last <= at) {
                shows.last_interaction = Some((at, channel.to_string()));
            }
            if kind == InteractionKind::Message {
                shows.counts[usize::from(!is_in)] += 1;
                let last = if is_in { &mut shows.last_in } else { &mut shows.last_out };
                *last = Some(last.map_or(at, |last| last.max(at)));
                if shows.source.is_none() && sender != Some(Sender::Broadcast) {
                    shows.source = Some(channel.to_string());
                }
            }
        }
    }

    /// What is the root's own.
    fn add_own(&self, root: ContactId, shows: &mut Shows) {
        shows.conversation = "None";
        for (_, opened) in self.own(root) {
            let is_running = matches!(shows.conversation, "Open" | "Snoozed");
            match &opened.event {
                Event::ConversationOpened(_) => shows.conversation = "Open",
                Event::ConversationSnoozed(_) => shows.conversation = "Snoozed",
                Event::ConversationClosed(_) if is_running => shows.conversation = "Closed",
                Event::MergeEnded(ended) if ended.outcome == MergeOutcome::Unmerged && is_running => {
                    shows.conversation = "Closed";
                }
                Event::ContactAssigned(it) => {
                    shows.assignee =
                        it.personal.open().and_then(|it| it.assignee.as_ref()).map(|assignee| assignee.to_string());
                }
                Event::ContactBlocked(_) => shows.blocked = true,
                Event::ContactUnblocked(_) => shows.blocked = false,
                _ => {}
            }
        }
    }

    /// The highest of any event in the streams of the tree, and of the erasure of whoever brought values to it.
    fn position(&self, root: ContactId, tree: &[ContactId]) -> u64 {
        let mut streams: BTreeSet<ContactId> = tree.iter().copied().collect();
        let brought = tree.iter().flat_map(|id| self.own(*id)).filter_map(|(_, it)| match &it.event {
            Event::ProfileEdited(edit) => edit.holder.filter(|holder| self.is_erased(*holder)),
            _ => None,
        });
        let brought: Vec<_> = brought.collect();
        streams.extend(brought);
        let here = self.0.iter().filter(|(it, _)| stream_of(it).is_some_and(|id| streams.contains(&id)));
        debug_assert!(streams.contains(&root));
        here.map(|(recorded, _)| recorded.position).max().unwrap_or_default()
    }
}

fn stream_of(recorded: &Recorded) -> Option<ContactId> {
    match recorded.stream {
        Stream::Contact(id) => Some(id),
        Stream::Identity(_) | Stream::Workspace(_) => None,
    }
}

fn earlier(known: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(known.map_or(at, |known| known.min(at)))
}

fn put(fields: &mut Fields, field: &Field, value: Option<Value>) {
    match value {
        Some(value) => _ = fields.insert(field.clone(), value),
        None => _ = fields.remove(field),
    }
}

/// A merge as an edit: each field by its choice or, without one, the primary's where it shows one; the names go together.
fn one_edit<'a>(mine: &Fields, theirs: &Fields, choice: impl Fn(&Field) -> Option<&'a Choice>) -> Fields {
    let mut all: BTreeSet<Field> = mine.keys().chain(theirs.keys()).cloned().collect();
    all.extend(Field::STANDARD);
    all.insert(Field::Custom("tier".into()));
    let has_name = mine.contains_key(&Field::FirstName) || mine.contains_key(&Field::LastName);
    let mut fields = Fields::new();
    for field in &all {
        let (primary, secondary) = (mine.get(field).cloned(), theirs.get(field).cloned());
        let is_name = *field == Field::FirstName || *field == Field::LastName;
        let shown = match choice(field) {
            Some(Choice::Primary) => primary,
            Some(Choice::Secondary) => secondary.or(primary),
            Some(Choice::Given(value)) => value.clone(),
            None if is_name && has_name => primary,
            None => primary.or(secondary),
        };
        put(&mut fields, field, shown);
    }
    fields
}

/// The product's word, brought to the same form.
impl From<&View> for Shows {
    fn from(view: &View) -> Self {
        let counts = view.counts;
        Shows {
            fields: view.shown.fields.iter().map(|(field, shown)| (field.clone(), shown.value.clone())).collect(),
            country: view.derived_country.as_ref().map(ToString::to_string),
            tags: view.shown.tags.values().map(ToString::to_string).collect(),
            identities: view.identities.iter().map(|it| (it.identity, it.holder)).collect(),
            absorbed: view.absorbed.iter().map(|it| (it.merge, it.primary, it.contact)).collect(),
            source: view.source.as_ref().map(ToString::to_string),
            first_seen: Some(view.first_seen),
            last_in: view.last_in,
            last_out: view.last_out,
            last_interaction: view.last_interaction.as_ref().map(|(at, channel)| (*at, channel.to_string())),
            counts: [counts.messages_in, counts.messages_out, counts.suppressed, counts.comments],
            conversation: match view.conversation.status {
                dossier_domain::state::ConversationStatus::None => "None",
                dossier_domain::state::ConversationStatus::Open => "Open",
                dossier_domain::state::ConversationStatus::Snoozed => "Snoozed",
                dossier_domain::state::ConversationStatus::Closed => "Closed",
            },
            assignee: view.assignee.as_ref().map(ToString::to_string),
            blocked: view.blocked.is_some(),
            position: view.position,
        }
    }
}
