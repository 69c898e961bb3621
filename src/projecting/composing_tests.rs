use std::collections::BTreeMap;

use dossier_domain::compose::View;
use dossier_domain::event::{
    ContactErased, ContactMerged, ContactUnmerged, MergeEnded, MergeOutcome, MergePrepared, MergeTerms, ProfileEdit,
    ProfileEdited,
};
use dossier_domain::field::{Field, FieldChange, Origin, Value};
use dossier_domain::ids::MergeId;
use dossier_domain::state::Contact;
use dossier_projections::documents::{Changed, DocumentChange};
use parking_lot::Mutex;

use super::*;
use crate::ports::read_store::{Load, Loaded, PlainRow, StoredContact};

/// Whoever is loaded.
#[derive(Default)]
struct Collected(Mutex<Vec<Loaded>>);

#[async_trait::async_trait]
impl Load for Collected {
    async fn take(&self, contacts: Vec<Loaded>) -> Result<(), ReadError> {
        self.0.lock().extend(contacts);
        Ok(())
    }

    async fn finish(&self) -> Result<(), ReadError> {
        Ok(())
    }
}

/// States, and what is shown.
type Known = (BTreeMap<ContactId, Contact>, BTreeMap<ContactId, View>);

/// Tells a log, and counts the revisions of its streams.
struct Telling {
    log: Log,
    revisions: BTreeMap<u64, u64>,
}

impl Telling {
    async fn tell(&mut self, contact: u64, event: impl Into<Event>) {
        let revision = self.revisions.entry(contact).or_default();
        self.log.append(id(contact), *revision, event.into()).await;
        *revision += 1;
    }

    async fn edit(&mut self, contact: u64, holder: Option<u64>, field: Field, value: String) {
        let changes = vec![FieldChange { field, value: Some(Value::from(value.as_str())), origin: Origin::Channel }];
        let personal = Personal::Open(ProfileEdit { changes });
        self.tell(contact, ProfileEdited { holder: holder.map(id), personal }).await;
    }

    async fn merge(&mut self, secondary: u64, primary: u64) {
        let (merge, personal) = (merge_of(secondary), Personal::Open(MergeTerms::default()));
        let prepared =
            MergePrepared { merge, primary: id(primary), policy: 1, expected: None, personal: personal.clone() };
        self.tell(secondary, prepared).await;
        self.tell(primary, ContactMerged { merge, secondary: id(secondary), policy: 1, personal }).await;
    }

    async fn unmerge(&mut self, secondary: u64, primary: u64) {
        let merge = merge_of(secondary);
        self.tell(primary, ContactUnmerged { merge, secondary: id(secondary) }).await;
        self.tell(secondary, MergeEnded { merge, outcome: MergeOutcome::Unmerged }).await;
    }
}

fn merge_of(secondary: u64) -> MergeId {
    MergeId(Uuid::from_u128(u128::from(secondary) | 1 << 64))
}

/// Contacts of whom some are absorbed in one another, at two levels, and some free again; and some are erased who had brought
/// a value to another, though their keys are there still.
async fn merged() -> Log {
    let log = Log { store: Arc::default(), codec: Arc::new(Codec::new(Arc::new(MemoryKeyring::default()))) };
    let mut telling = Telling { log, revisions: BTreeMap::new() };
    for contact in 0..CONTACTS {
        telling.tell(contact, ContactCreated {}).await;
        telling.edit(contact, None, Field::Email, format!("n{contact}@example.com")).await;
    }
    for tens in 0..CONTACTS / 10 {
        let [root, child, grandchild, freed, erased] = [0, 4, 7, 2, 5].map(|digit| tens * 10 + digit);
        telling.merge(grandchild, child).await;
        telling.merge(freed, root).await;
        telling.merge(child, root).await;
        telling.unmerge(freed, root).await;
        telling.merge(erased, root).await;
        telling.edit(root, Some(erased), Field::Phone, format!("+4930123{root:04}")).await;
        telling.unmerge(erased, root).await;
        telling.tell(erased, ContactErased { with: None }).await;
    }
    // What was composed whole before would be old by now.
    for contact in 0..CONTACTS {
        telling.tell(contact, CommentAdded { personal: Personal::Open(CommentText { text: "well".into() }) }).await;
    }
    telling.log
}

/// What is known of everybody where the log is folded page by page, and the rows that are stored of it.
async fn folded_live(log: &Log, read: Arc<SqliteReadStore>) -> (Known, Vec<PlainRow>) {
    let inputs = log.inputs(read.clone());
    let mut projectors = Projectors::resume(inputs.clone(), Bounds::default()).await.unwrap().showing(true);
    while let Ok((entries, _)) = inputs.entries(projectors.folded_of(Projection::Contacts), 100).await
        && !entries.is_empty()
    {
        projectors.fold(Projection::Contacts, &entries).unwrap();
    }
    let changed = projectors.changed_contacts().unwrap();
    projectors.store_contacts(changed.clone(), Vec::new()).await.unwrap();
    (known_of(changed), read.plain_rows(Projection::Contacts, None, usize::MAX).await.unwrap())
}

fn known_of(Changed { rows, shown }: Changed) -> Known {
    let states = rows.into_iter().filter_map(|row| match row {
        DocumentChange::State(state) => Some((state.id, (*state).clone())),
        _ => None,
    });
    let views = shown.into_iter().filter_map(|shown| Some((shown.contact, *shown.view?)));
    (states.collect(), views.collect())
}

/// What was loaded, with the states that were stored before.
async fn known_by(read: &dyn ReadStore, loaded: Vec<Loaded>) -> Known {
    let stored = read.contacts_between(None, ContactId(Uuid::max()), usize::MAX).await.unwrap();
    let states = stored.into_iter().map(|(id, stored)| match stored {
        StoredContact::Found(state) => (id, *state),
        other => panic!("{id}: {other:?}"),
    });
    let mut known: Known = (states.collect(), BTreeMap::new());
    for Loaded { state, view } in loaded {
        let state = state.map(|state| known.0.insert(state.id, (*state).clone()));
        assert!(state.flatten().is_none(), "a state comes once");
        let view = view.map(|view| known.1.insert(view.id, view));
        assert!(view.flatten().is_none(), "a view comes once");
    }
    known
}

/// In memory or stored in between, in however small windows: a root is composed from all that is absorbed in it, each contact
/// comes once, as it is in the end, and nobody keeps what an erased contact had brought.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_loaded_is_what_a_live_projection_shows() {
    let log = merged().await;
    let up_to = log.store.head().await.unwrap();
    let folder = || tempfile::tempdir().unwrap();
    let live = folder();
    let (known, rows) = folded_live(&log, log.read_store(live.path())).await;
    let merged = known.1.values().filter(|view| view.absorbed.len() == 2).count();
    assert_eq!((known.0.len() as u64, merged as u64), (CONTACTS, CONTACTS / 10));
    let phones = known.1.values().filter(|view| view.text(&Field::Phone).is_some());
    assert_eq!(phones.count(), 0, "an erased contact had brought it");
    let spilling = bulk::Bounds { window: 50, packed: 10_000 };
    for bounds in [spilling, bulk::Bounds { window: 50, packed: 1 << 30 }, Default::default()] {
        let (loaded, stored) = (folder(), folder());
        let read = log.read_store(loaded.path());
        let folded = bulk::folded(&log.inputs(read.clone()), up_to, bounds, |_| {}).await.unwrap();
        let collected = Arc::new(Collected::default());
        Arc::new(folded).load(collected.clone(), |_| {}).await.unwrap();
        let loaded = std::mem::take(&mut *collected.0.lock());
        assert!(known_by(&*read, loaded).await == known, "{bounds:?}: what is loaded differs");
        let read = log.read_store(stored.path());
        bulk::fold_contacts(&log.inputs(read.clone()), up_to, bounds, |_| {}).await.unwrap();
        let found = read.plain_rows(Projection::Contacts, None, usize::MAX).await.unwrap();
        assert!(found == rows, "{bounds:?}: the rows differ");
    }
}
