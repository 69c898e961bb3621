//! Every example means something to the fold, and any examples in any order fold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use dossier_domain::compose::{Forest, view};
use dossier_domain::event::Event;
use dossier_domain::field::{Field, Value};
use dossier_domain::fields::FieldType;
use dossier_domain::identity::Identity;
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::meta::Meta;
use dossier_domain::state::{Contact, ConversationStatus, Fact, Life, evolve};
use dossier_domain::workspace::Workspace;
use dossier_projections::documents::{DocumentChange, Documents, Entry, Source};
use dossier_projections::mac::{self, Mac};
use dossier_projections::unfinished::Unfinished;
use proptest::prelude::*;

use crate::examples::{Example, all};

/// What a contact shows once an example, and others before it, stand in its stream.
type Shows = fn(&Contact) -> bool;

/// Example, those before it, and what it changes.
const MEANING: &[(&str, &[&str], Shows)] = &[
    ("contact_created.v1.by_message", &[], |c| c.life == Life::Live && &*c.workspace == "default"),
    ("contact_created.v1.by_import", &[], |c| c.created_at.is_some_and(|at| at.timestamp_subsec_micros() == 120_500)),
    ("profile_edited.v1.by_hand", CREATED, |c| text(c, &Field::Phone) == Some("+60123456789") && c.edits.len() == 4),
    ("profile_edited.v1.cleared", CREATED, |c| c.own_edit(&Field::Company).is_some_and(|edit| edit.value.is_none())),
    ("profile_edited.v1.custom", CREATED, |c| custom(c, "newsletter") == Some(&Value::Boolean(false))),
    ("profile_edited.v1.by_absorbed_channel", CREATED, |c| c.edits.len() == 2 && c.edits[0].holder.is_some()),
    ("tag_added.v1", CREATED, |c| tagged(c) == Some(true)),
    ("tag_removed.v1", &["tag_added.v1"], |c| tagged(c) == Some(false)),
    ("identity_connected.v1", CREATED, |c| connected(c) == 1),
    ("identity_connected.v1.again", CREATED, |c| c.identities.iter().any(|own| own.epoch == 2)),
    ("identity_disconnected.v1", &["identity_connected.v1"], |c| c.identities.len() == 1 && connected(c) == 0),
    ("message_received.v1.text", CREATED, |c| c.activity.counts.messages_in == 1 && c.activity.source.is_some()),
    ("message_received.v1.reaction", CREATED, |c| c.activity.last_in.is_none() && c.activity.first.is_some()),
    ("message_received.v1.call", CREATED, |c| c.activity.last_in.is_none() && c.activity.first.is_some()),
    ("message_received.v1.by_absorbed", CREATED, |c| {
        c.activity.traffic.iter().any(|seen| &*seen.channel == "telegram")
    }),
    ("message_suppressed.v1", BLOCKED, |c| c.activity.counts.suppressed == 1 && c.activity.first.is_none()),
    ("message_sent.v1.by_user", CREATED, |c| c.activity.counts.messages_out == 1 && c.activity.source.is_some()),
    ("message_sent.v1.broadcast", CREATED, |c| c.activity.last_out.is_some() && c.activity.source.is_none()),
    ("message_sent.v1.call_by_absorbed", CREATED, |c| c.activity.last_out.is_none() && c.activity.first.is_some()),
    ("message_status_changed.v1.delivered", &["message_sent.v1.by_user"], |c| c.activity.counts.messages_out == 1),
    ("message_status_changed.v1.failed", &["message_sent.v1.by_user"], |c| c.activity.counts.messages_out == 1),
    ("comment_added.v1", CREATED, |c| c.activity.counts.comments == 1),
    ("conversation_opened.v1.by_message", CREATED, |c| c.conversation.status == ConversationStatus::Open),
    ("conversation_opened.v1.by_timer", SNOOZED, |c| c.conversation.snoozed_until.is_none()),
    ("conversation_closed.v1.with_note", OPENED, |c| c.conversation.status == ConversationStatus::Closed),
    ("conversation_closed.v1.by_block", OPENED, |c| c.conversation.closed_at.is_some()),
    ("conversation_snoozed.v1", OPENED, |c| c.conversation.snoozed_until.is_some()),
    ("contact_assigned.v1", CREATED, |c| c.assignee.as_deref() == Some("amelie@example.org")),
    ("contact_assigned.v1.taken_away", &["contact_assigned.v1"], |c| c.assignee.is_none()),
    ("contact_blocked.v1", CREATED, |c| c.blocked.as_ref().is_some_and(|block| block.reason.is_some())),
    ("contact_blocked.v1.without_reason", CREATED, |c| c.blocked.as_ref().is_some_and(|block| block.reason.is_none())),
    ("contact_unblocked.v1", BLOCKED, |c| c.blocked.is_none()),
    ("merge_prepared.v1.with_choices", CREATED, |c| {
        c.lock.as_ref().is_some_and(|lock| choices(&lock.terms) == 5 && lock.expected == Some(12))
    }),
    ("merge_prepared.v1.by_policy", CREATED, |c| {
        c.lock.as_ref().is_some_and(|lock| choices(&lock.terms) == 0 && lock.expected.is_none())
    }),
    ("contact_merged.v1.with_choices", CREATED, |c| c.live_edges().any(|edge| choices(&edge.terms) == 5)),
    ("contact_merged.v1.by_policy", CREATED, |c| c.live_edges().any(|edge| edge.policy == 1)),
    ("merge_refused.v1.blocked", BLOCKED, |c| c.refused.len() == 1),
    ("merge_refused.v1.not_live", &["merge_prepared.v1.by_policy"], |c| c.refused.len() == 1),
    ("merge_refused.v1.erased", &["contact_erased.v1.root"], |c| c.refused.len() == 1 && c.life == Life::Erased),
    ("merge_refused.v1.key_reused", CREATED, |c| c.refused.len() == 1),
    ("merge_refused.v1.changed", CREATED, |c| c.refused.len() == 1),
    ("contact_unmerged.v1", &["contact_merged.v1.with_choices"], |c| c.edges.iter().any(|edge| !edge.is_live())),
    ("merge_ended.v1.unmerged", &["conversation_opened.v1.by_message", "merge_prepared.v1.with_choices"], |c| {
        c.lock.is_none() && c.above.len() == 1 && c.conversation.status == ConversationStatus::Closed
    }),
    ("merge_ended.v1.refused", &["conversation_opened.v1.by_message", "merge_prepared.v1.by_policy"], |c| {
        c.lock.is_none() && c.conversation.status == ConversationStatus::Open
    }),
    ("tree_changed.v1", CREATED, |c| c.touched.len() == 1),
    ("contact_erased.v1.root", &["profile_edited.v1.by_hand"], |c| c.life == Life::Erased && c.edits.is_empty()),
    ("contact_erased.v1.with_its_root", CREATED, |c| c.life == Life::Erased),
    ("contact_abandoned.v1", &[], |c| c.life == Life::Abandoned),
];

const CREATED: &[&str] = &["contact_created.v1.by_message"];
const OPENED: &[&str] = &["conversation_opened.v1.by_message"];
const SNOOZED: &[&str] = &["conversation_opened.v1.by_message", "conversation_snoozed.v1"];
const BLOCKED: &[&str] = &["contact_blocked.v1"];

fn text<'a>(contact: &'a Contact, field: &Field) -> Option<&'a str> {
    contact.own_edit(field)?.value.as_ref()?.as_text().map(|text| &**text)
}

fn custom<'a>(contact: &'a Contact, key: &str) -> Option<&'a Value> {
    contact.own_edit(&Field::Custom(key.into()))?.value.as_ref()
}

fn tagged(contact: &Contact) -> Option<bool> {
    contact.tags.get("strasse").map(|tag| tag.present)
}

fn connected(contact: &Contact) -> usize {
    contact.identities.iter().filter(|own| own.connected).count()
}

fn choices(terms: &dossier_domain::personal::Personal<dossier_domain::event::MergeTerms>) -> usize {
    terms.open().map_or(usize::MAX, |terms| terms.choices.len())
}

fn fold(contact: &mut Contact, example: &Example, event: &Event) {
    let (revision, position) = (contact.next_revision, contact.position + 1);
    evolve(contact, &Fact { event, meta: &example.meta(), revision, position });
}

/// The contact after the examples before `file`, and after `file`.
fn before_and_after(examples: &HashMap<String, Example>, file: &str, before: &[&str]) -> (Contact, Contact) {
    let example = &examples[file];
    let mut contact = Contact::absent(example.contact().unwrap());
    before.iter().for_each(|file| fold(&mut contact, &examples[*file], &examples[*file].event()));
    let mut after = contact.clone();
    fold(&mut after, example, &example.event());
    (contact, after)
}

#[test]
fn every_example_in_a_contacts_stream_changes_what_it_should() {
    let examples: HashMap<_, _> = all().into_iter().map(|example| (example.file.clone(), example)).collect();
    for (file, before, shows) in MEANING {
        let (before, after) = before_and_after(&examples, file, before);
        assert!(shows(&after), "{file} does not show");
        // A status speaks of a message, and changes nothing by itself.
        assert!(!shows(&before) || file.starts_with("message_status_changed"), "{file} shows without it");
    }
    let told: BTreeSet<_> = MEANING.iter().map(|(file, ..)| (*file).to_owned()).collect();
    let of_contacts = examples.values().filter(|example| example.contact().is_some());
    let all: BTreeSet<_> = of_contacts.map(|example| example.file.clone()).collect();
    assert_eq!(all, told);
}

#[test]
fn an_identity_is_claimed_and_released() {
    let examples: HashMap<_, _> = all().into_iter().map(|example| (example.file.clone(), example)).collect();
    let Stream::Identity(id) = examples["identity_claimed.v1"].stream() else { panic!("not of an identity") };
    let mut identity = Identity::unclaimed(id);
    let fold = |identity: &mut Identity, example: &Example| {
        identity.evolve(&example.event(), &example.meta(), identity.next_revision);
    };
    fold(&mut identity, &examples["identity_claimed.v1"]);
    assert!(identity.claim.is_some_and(|claim| claim.epoch == 0));
    fold(&mut identity, &examples["identity_released.v1"]);
    assert_eq!((identity.claim, identity.next_revision), (None, 2));
}

#[test]
fn fields_of_a_workspace_are_defined_changed_and_retired() {
    let examples: HashMap<_, _> = all().into_iter().map(|example| (example.file.clone(), example)).collect();
    let mut workspace = Workspace::default();
    let mut fold = |file: &str| {
        let revision = workspace.next_revision;
        workspace.evolve(&examples[file].event(), revision, revision + 7);
        workspace.fields.clone()
    };
    let fields = fold("field_defined.v1.list");
    assert_eq!((fields["tier"].definition.kind, fields["tier"].definition.options.len()), (FieldType::List, 2));
    assert_eq!(
        (fold("field_defined.v1.number")["score"].order, fold("field_changed.v1.options")["score"].order),
        (2, 2)
    );
    let fields = fold("field_changed.v1.name_and_order");
    assert_eq!((&*fields["score"].name, fields["score"].order, fields["score"].revision), ("Punktzahl", 7, 3));
    let (options, former) = (&fields["tier"].definition.options, &fields["tier"].former);
    assert_eq!((options.len(), &**former), (2, ["Silber ⭐".into()].as_slice()));
    assert!(fold("field_retired.v1")["score"].definition.retired);
}

/// A log is any examples in any order, some of them with their personal part erased.
fn logs() -> impl Strategy<Value = Vec<(usize, bool)>> {
    prop::collection::vec((0..read().len(), any::<bool>()), 0..120)
}

/// Every example, read once.
fn read() -> &'static [Read] {
    static READ: OnceLock<Vec<Read>> = OnceLock::new();
    let read = |example: &Example| Read {
        stream: example.stream(),
        meta: example.meta(),
        event: example.event(),
        erased: example.erased(),
    };
    READ.get_or_init(|| all().iter().map(read).collect())
}

struct Read {
    stream: Stream,
    meta: Meta,
    event: Event,
    erased: Event,
}

fn entries(log: &[(usize, bool)]) -> Vec<Entry> {
    let mut next: HashMap<&Stream, u64> = HashMap::new();
    let entry = |(position, (index, erased)): (u64, &(usize, bool))| {
        let Read { stream, meta, event, erased: without } = &read()[*index];
        let next = next.entry(stream).or_default();
        let revision = *next;
        *next += 1;
        let event = if *erased { without.clone() } else { event.clone() };
        Entry { position, revision, stream: stream.clone(), event, meta: meta.clone() }
    };
    (1..).zip(log).map(entry).collect()
}

/// Nothing is stored: the history is the log itself.
struct Log<'a>(&'a [Entry]);

impl Source for Log<'_> {
    type Error = Infallible;

    fn state(&mut self, _: ContactId) -> Result<Option<Contact>, Infallible> {
        Ok(None)
    }

    fn history(&mut self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, Infallible> {
        let own = |entry: &&Entry| entry.stream == Stream::Contact(contact) && entry.position <= up_to;
        Ok(self.0.iter().filter(own).cloned().collect())
    }
}

proptest! {
    #[test]
    fn any_examples_in_any_order_fold(log in logs()) {
        let entries = entries(&log);
        let mut forest: HashMap<ContactId, Contact> = HashMap::new();
        let (mut mac, mut unfinished) = (Mac::new(), Unfinished::default());
        for entry in &entries {
            if let Stream::Contact(id) = entry.stream {
                evolve(forest.entry(id).or_insert_with(|| Contact::absent(id)), &entry.fact());
            }
            unfinished.apply(&entry.stream, entry.revision, entry.position, &entry.event);
            let recorded_at = entry.meta.recorded_at;
            mac.apply(&mac::Fact { stream: &entry.stream, position: entry.position, recorded_at, event: &entry.event });
        }
        let forest: Forest = forest.into_iter().map(|(id, contact)| (id, Arc::new(contact))).collect();
        for contact in forest.values() {
            let own = entries.iter().filter(|entry| entry.stream == Stream::Contact(contact.id)).count();
            prop_assert_eq!(contact.next_revision, own as u64);
            prop_assert!(!view(&forest, contact, None).display_name().is_empty());
            let kept = contact.pack_into(Vec::new()).unwrap();
            prop_assert_eq!(&Contact::unpack(&kept).unwrap(), &**contact);
            prop_assert_eq!(kept, contact.clone().pack_into(Vec::new()).unwrap());
        }
        let mut documents = Documents::new(10);
        let Ok(()) = documents.fold(&entries, &mut Log(&entries));
        let Ok(_) = documents.changes(&mut Log(&entries));
    }

    #[test]
    fn however_a_log_is_cut_each_contact_comes_out_once_and_the_same(log in logs(), cut in any::<prop::sample::Index>()) {
        let mut entries = entries(&log);
        // An erasure is folded with the batch that it comes in; what came before it reads as erased from then on.
        entries.retain(|entry| !matches!(entry.event, Event::ContactErased(_)));
        let (first, rest) = entries.split_at(cut.index(entries.len() + 1));
        let changes = |batches: &[&[Entry]]| {
            let (mut documents, mut log) = (Documents::new(2), Log(&entries));
            documents.show(true);
            batches.iter().for_each(|batch| documents.fold(batch, &mut log).unwrap());
            documents.changes(&mut log).unwrap()
        };
        let (at_once, in_two) = (changes(&[&entries]), changes(&[first, rest]));
        prop_assert_eq!(by_contact(&at_once.rows).len(), at_once.rows.len(), "each once");
        prop_assert_eq!(by_contact(&at_once.rows), by_contact(&in_two.rows));
        let shown: BTreeSet<_> = at_once.shown.iter().map(|shown| shown.contact).collect();
        prop_assert_eq!(shown.len(), at_once.shown.len(), "each once");
        prop_assert_eq!(at_once.shown, in_two.shown);
    }
}

/// Changes by what they change; those of fields, of which one may change often, by their place.
fn by_contact(changes: &[DocumentChange]) -> BTreeMap<(Option<ContactId>, usize), &DocumentChange> {
    let key = |(place, change): (usize, &DocumentChange)| match change {
        DocumentChange::State(state) => (Some(state.id), 0),
        DocumentChange::Lookups { contact, .. } => (Some(*contact), 1),
        DocumentChange::Field { .. } => (None, place),
    };
    changes.iter().enumerate().map(|(place, change)| (key((place, change)), change)).collect()
}
