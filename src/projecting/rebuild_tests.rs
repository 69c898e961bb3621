use std::path::Path;

use dossier_domain::event::{CommentAdded, CommentText, ContactCreated, Event, TagAdded, TagNamed};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::meta::{Actor, Cause, Meta};
use dossier_domain::personal::Personal;
use uuid::Uuid;

use super::*;
use crate::adapters::memory::{MemoryEventStore, MemoryKeyring};
use crate::adapters::sqlite::read_store::SqliteReadStore;
use crate::ports::read_store::ReadError;
use crate::ports::{EventStore, Expected, SecretKey};
use crate::sealing::{Codec, Marks};

const CONTACTS: u64 = 300;
/// Three pages of events, and a few.
const EVENTS: u64 = 3 * PAGE as u64 + 10;

/// Ids in every part of all ids.
fn id(contact: u64) -> ContactId {
    ContactId(Uuid::from_u128(u128::from(contact * 37 % 256) << 120 | u128::from(contact) << 64 | 1))
}

struct Log {
    store: Arc<MemoryEventStore>,
    codec: Arc<Codec>,
}

impl Log {
    /// Contacts that change in turn.
    async fn new() -> Self {
        let log = Log {
            store: Arc::new(MemoryEventStore::default()),
            codec: Arc::new(Codec::new(Arc::new(MemoryKeyring::default()))),
        };
        for number in 0..EVENTS {
            let (contact, revision) = (number % CONTACTS, number / CONTACTS);
            log.go_on(contact, revision).await;
        }
        log
    }

    /// A tag or a comment.
    async fn go_on(&self, contact: u64, revision: u64) {
        let tag: Arc<str> = format!("t{revision}").into();
        let event: Event = match revision % 3 {
            _ if revision == 0 => ContactCreated {}.into(),
            0 => TagAdded { personal: Personal::Open(TagNamed { key: tag.clone(), name: tag }) }.into(),
            _ => CommentAdded { personal: Personal::Open(CommentText { text: "well".into() }) }.into(),
        };
        self.append(id(contact), revision, event).await;
    }

    async fn append(&self, contact: ContactId, revision: u64, event: Event) {
        let stream = Stream::Contact(contact);
        let time = "2026-03-01T10:00:00Z".parse().unwrap();
        let meta = Meta {
            workspace: "default".into(),
            actor: Actor::system(),
            cause: Cause::Api,
            occurred_at: time,
            recorded_at: time,
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            batch_id: None,
            replayed: false,
            key: None,
            marks: Vec::new(),
        };
        let id = Uuid::from_u128(contact.0.as_u128() | u128::from(revision) << 32);
        let sealed = self.codec.seal(&stream, id, &event, &meta).await.unwrap();
        let expected = revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
        self.store.append(&stream, expected, vec![sealed]).await.unwrap();
    }

    fn read_store(&self, folder: &Path) -> Arc<SqliteReadStore> {
        let marks = Arc::new(Marks::new(&SecretKey([7; 32])));
        Arc::new(SqliteReadStore::open(folder, self.codec.clone(), marks).unwrap())
    }

    fn inputs(&self, read: Arc<SqliteReadStore>) -> Inputs {
        Inputs { store: self.store.clone(), codec: self.codec.clone(), read }
    }
}

/// However little is remembered, in how small windows the log is read, and however often it is stored while folding goes
/// on, the rows are the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_beside_the_fold_is_what_is_stored_at_the_end() {
    let log = Log::new().await;
    let little = Bounds { remembered: 20, contacts_pending: 1, events_pending: 1 };
    let spilling = bulk::Bounds { window: 1_000, packed: 10_000 };
    let mut found = Vec::new();
    for bounds in [(little, spilling), (little, bulk::Bounds { window: 1, packed: 1 << 30 }), Default::default()] {
        let folder = tempfile::tempdir().unwrap();
        let read = log.read_store(folder.path());
        let inputs = log.inputs(read.clone());
        let mut told = Vec::new();
        // The first half in bulk, the rest one page after another.
        for up_to in [EVENTS / 2, EVENTS] {
            let tell = |now: RebuildProgress| told.push(now.done);
            rebuild_within(bounds, &inputs, read.clone(), &[Projection::Contacts], up_to, tell).await.unwrap();
            assert_eq!(read.checkpoint(Projection::Contacts).await.unwrap(), up_to);
        }
        assert!(told.is_sorted() && told.ends_with(&[EVENTS / 2, EVENTS / 2 + PAGE as u64, EVENTS]), "{told:?}");
        let rows = read.plain_rows(Projection::Contacts, None, usize::MAX).await.unwrap();
        found.push(rows);
    }
    assert!(found[0].len() as u64 >= CONTACTS);
    assert!(found.iter().all(|rows| *rows == found[0]), "the rows differ");
}

/// Whoever goes on after a store that failed would lose what it held.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_beside_the_fold_ends_it() {
    let log = Log::new().await;
    let folder = tempfile::tempdir().unwrap();
    let read = log.read_store(folder.path());
    let inputs = log.inputs(read.clone());
    let mut projectors = Projectors::resume(inputs.clone(), Bounds::default()).await.unwrap();
    let (entries, _) = inputs.entries(0, 10).await.unwrap();
    projectors.fold(Projection::Contacts, &entries).unwrap();
    let nothing = crate::ports::read_store::Changes::Contacts(Vec::new(), Vec::new(), Vec::new());
    read.apply(nothing, 0, 5).await.unwrap();
    projectors.store_beside(Projection::Contacts).await.unwrap();
    let moved = projectors.store(Projection::Contacts).await.unwrap_err().to_string();
    let expected = ReadError::CheckpointMoved { projection: Projection::Contacts.name(), expected: 0, actual: 5 };
    assert!(moved.contains(&expected.to_string()), "{moved}");
}

#[path = "composing_tests.rs"]
mod composing;
