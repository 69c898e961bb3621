//! The adapters under test, and short ways to say what is stored.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::adapters::memory::MemoryKeyring;
use dossier::adapters::postgres::{Address, PostgresReadStore};
use dossier::adapters::sqlite::SqliteReadStore;
use dossier::ports::read_store::{Changes, FeedWrite, Projection, ReadStore, StoredContact};
use dossier::ports::{Keyring, SecretKey};
use dossier::sealing::{Codec, Marks};
use dossier_domain::field::{Field, Origin, Value};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_domain::state::{Contact, Edit, Life};
use dossier_projections::documents::{DocumentChange, LookupValue};
use dossier_projections::segments::Crossing;
use tempfile::TempDir;
use uuid::Uuid;

use crate::private::Postgres;

pub(crate) const HOME: &str = "home";

/// A store of one of the engines.
pub(crate) struct Place {
    engine: Engine,
    pub(crate) keyring: Arc<MemoryKeyring>,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
    pub(crate) store: Arc<dyn ReadStore>,
}

enum Engine {
    Sqlite(TempDir),
    Postgres(Postgres),
}

impl Place {
    pub(crate) async fn sqlite() -> Self {
        Place::over(Engine::Sqlite(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn postgres() -> Self {
        Place::over(Engine::Postgres(Postgres::small())).await
    }

    async fn over(engine: Engine) -> Self {
        let keyring = Arc::new(MemoryKeyring::default());
        let codec = Arc::new(Codec::new(keyring.clone()));
        let marks = Arc::new(Marks::new(&SecretKey([7; 32])));
        let store = open(&engine, &codec, &marks).await;
        lead(&store).await;
        Place { engine, keyring, codec, marks, store }
    }

    /// The same place, opened anew after what was applied is settled.
    pub(crate) async fn reopen(&mut self) {
        self.store.settle().await.unwrap();
        self.store = self.opened_again().await;
        lead(&self.store).await;
    }

    /// The same place as another process has it open, which does not hold the lease.
    pub(crate) async fn opened_again(&self) -> Arc<dyn ReadStore> {
        open(&self.engine, &self.codec, &self.marks).await
    }

    /// What lies in the place beside what serves.
    pub(crate) fn scratch(&self) -> usize {
        match &self.engine {
            Engine::Sqlite(folder) => {
                let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
                names.filter(|name| name.to_string_lossy().starts_with("scratch-")).count()
            }
            Engine::Postgres(server) => {
                let schemas = "select count(*) from pg_namespace where nspname like 'dossier\\_%'";
                server.answer(schemas).parse().unwrap()
            }
        }
    }

    pub(crate) async fn apply(&self, changes: Changes, from: u64, to: u64) {
        self.store.apply(changes, from, to).await.unwrap();
    }

    /// Stores states of contacts, moving the checkpoint by one.
    pub(crate) async fn keep(&self, states: impl IntoIterator<Item = Contact>) {
        keep(&*self.store, states).await;
    }

    pub(crate) async fn is_unreadable(&self, number: u128) -> bool {
        matches!(self.store.contact(id(number)).await.unwrap(), StoredContact::Unreadable)
    }

    /// The state of a contact, which must be found.
    pub(crate) async fn state(&self, number: u128) -> Contact {
        match self.store.contact(id(number)).await.unwrap() {
            StoredContact::Found(state) => *state,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn destroy(&self, number: u128) {
        self.keyring.destroy(Uuid::from_u128(number)).await.unwrap();
    }
}

/// Comes to be the one who writes, where there may be others.
async fn lead(store: &Arc<dyn ReadStore>) {
    if let Some(lease) = store.lease() {
        assert!(lease.take(true).await.unwrap());
    }
}

async fn open(engine: &Engine, codec: &Arc<Codec>, marks: &Arc<Marks>) -> Arc<dyn ReadStore> {
    let (codec, marks) = (codec.clone(), marks.clone());
    match engine {
        Engine::Sqlite(folder) => Arc::new(SqliteReadStore::open(folder.path(), codec, marks).unwrap()),
        Engine::Postgres(server) => {
            let address = Address::parse(&server.address(), "dossier").unwrap();
            Arc::new(PostgresReadStore::open(address, codec, marks).await.unwrap())
        }
    }
}

pub(crate) async fn keep(store: &dyn ReadStore, states: impl IntoIterator<Item = Contact>) {
    let at = store.checkpoint(Projection::Contacts).await.unwrap();
    store.apply(contacts(states), at, at + 1).await.unwrap();
}

pub(crate) fn id(number: u128) -> ContactId {
    ContactId(Uuid::from_u128(number))
}

/// A live contact whose first name is a text, and that at a position of the log.
pub(crate) fn named(number: u128, name: &str, position: u64) -> Contact {
    let edit = Edit {
        field: Field::FirstName,
        value: Some(Value::Text(name.into())),
        origin: Origin::Manual,
        revision: 1,
        holder: None,
    };
    Contact { life: Life::Live, workspace: HOME.into(), position, edits: vec![edit], ..Contact::absent(id(number)) }
}

/// The same, with a value that came by an absorbed contact.
pub(crate) fn guarded(number: u128, name: &str, by: u128) -> Contact {
    let mut contact = named(number, name, 1);
    contact.edits[0].holder = Some(id(by));
    contact
}

pub(crate) fn contacts(states: impl IntoIterator<Item = Contact>) -> Changes {
    Changes::Contacts(
        states.into_iter().map(|state| DocumentChange::State(Arc::new(state))).collect(),
        Vec::new(),
        Vec::new(),
    )
}

pub(crate) fn shows(number: u128, workspace: &str, values: &[LookupValue]) -> DocumentChange {
    DocumentChange::Lookups { contact: id(number), workspace: workspace.into(), values: values.to_vec() }
}

pub(crate) fn email(text: &str) -> LookupValue {
    LookupValue::Email(text.to_owned())
}

pub(crate) fn phone(text: &str) -> LookupValue {
    LookupValue::Phone(text.to_owned())
}

pub(crate) fn segment(number: u128) -> SegmentId {
    SegmentId(Uuid::from_u128(number))
}

/// The first minutes of a day.
pub(crate) fn minute(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_704_844_800 + number * 60, 0).unwrap()
}

/// A contact enters a segment, or leaves it.
pub(crate) fn crosses(in_segment: u128, contact: u128, entered: bool, at: i64) -> Crossing {
    Crossing { segment: segment(in_segment), contact: id(contact), entered, at: minute(at) }
}

pub(crate) fn tells(crossings: Vec<Crossing>) -> FeedWrite {
    let as_of = crossings.last().map_or(minute(0), |last| last.at);
    let (removed, named, members) = (Vec::new(), Vec::new(), Vec::new());
    FeedWrite { workspace: HOME.into(), as_of, position: 1, crossings, removed, named, members }
}
