//! Reading the log back: the rows alone, then opened, then folded into the states of contacts. One thread.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use dossier::adapters::sqlite::{
    DataFolder, EventStoreOptions, KeyringOptions, MasterKey, SqliteEventStore, SqliteKeyring,
};
use dossier::ports::{EventStore, Expected, Keyring};
use dossier::sealing::{Codec, Marks};
use dossier_domain::event::{ContactCreated, Content, Event, InteractionKind, MessageReceived, MessageText};
use dossier_domain::event::{ProfileEdit, ProfileEdited};
use dossier_domain::field::{Field, FieldChange, Origin};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::meta::{Actor, ActorKind, Cause, KeyUse, Meta};
use dossier_domain::personal::Personal;
use dossier_domain::state::{Contact, evolve};
use uuid::Uuid;

/// Events of one contact: its creation, an edit, and messages.
const EACH: usize = 10;
const PAGE: usize = 1000;

struct House {
    store: SqliteEventStore,
    codec: Codec,
    marks: Marks,
    start: DateTime<Utc>,
}

pub(crate) fn rates(events: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let house = House::open(folder.path()).await;
        let contacts: Vec<ContactId> = (0..events / EACH).map(|_| ContactId(Uuid::new_v4())).collect();
        house.fill(&contacts).await;
        for (name, open, fold) in
            [("read", false, false), ("read, open", true, false), ("read, open, fold", true, true)]
        {
            let best = (0..3).map(|_| house.pass(open, fold));
            let mut rate = 0.0_f64;
            for pass in best {
                rate = rate.max(pass.await);
            }
            println!("{name:>20} {rate:>12.0} events/s");
        }
    });
}

impl House {
    async fn open(path: &std::path::Path) -> Self {
        let data = DataFolder::open(path).unwrap();
        let master = MasterKey::given_or_kept(None, &data).unwrap();
        let keyring = Arc::new(SqliteKeyring::open(&data, &master, KeyringOptions::default()).unwrap());
        let flushed = keyring.clone();
        let before_commit = Box::new(move || flushed.flush().map_err(|error| error.to_string()));
        let options = EventStoreOptions { before_commit, ..EventStoreOptions::default() };
        let marks = Marks::new(&keyring.create_if_absent(Uuid::nil()).await.unwrap());
        let store = SqliteEventStore::open(&data, options).unwrap();
        House { store, codec: Codec::new(keyring), marks, start: "2026-01-01T00:00:00Z".parse().unwrap() }
    }

    async fn fill(&self, contacts: &[ContactId]) {
        let mut number = 0;
        for turn in 0..EACH {
            for contact in contacts {
                number += 1;
                let event = self.event(turn, *contact, number);
                let stream = Stream::Contact(*contact);
                let sealed = self.codec.seal(&stream, Uuid::new_v4(), &event, &self.meta(number)).await;
                let expected = turn.checked_sub(1).map_or(Expected::NoStream, |last| Expected::Revision(last as u64));
                self.store.append(&stream, expected, vec![sealed.expect("it seals")]).await.unwrap();
            }
        }
        self.store.durable(number as u64).await.unwrap();
    }

    fn event(&self, turn: usize, contact: ContactId, number: usize) -> Event {
        match turn {
            0 => ContactCreated {}.into(),
            1 => {
                let change =
                    |field, value: &str| FieldChange { field, value: Some(value.into()), origin: Origin::Manual };
                let changes = vec![change(Field::FirstName, "Ada"), change(Field::Email, "ada@example.com")];
                ProfileEdited { holder: None, personal: Personal::Open(ProfileEdit { changes }) }.into()
            }
            _ => {
                let text = "Good morning, is the blue one still there, and may I come and look at it on Friday?";
                MessageReceived {
                    identity: self.marks.identity("default", "whatsapp", &contact.to_string()),
                    channel: "whatsapp".into(),
                    at: self.start + TimeDelta::milliseconds(number as i64),
                    kind: InteractionKind::Message,
                    holder: None,
                    personal: Personal::Open(MessageText {
                        external_id: "+60123456789".into(),
                        message_id: number.to_string().into(),
                        content: Some(Content::Text { text: text.into() }),
                    }),
                }
                .into()
            }
        }
    }

    fn meta(&self, number: usize) -> Meta {
        let mark = self.marks.key("default", &number.to_string());
        Meta {
            workspace: "default".into(),
            actor: Actor { kind: ActorKind::Channel, id: Personal::Open("whatsapp".into()) },
            cause: Cause::Inbound,
            occurred_at: self.start + TimeDelta::milliseconds(number as i64),
            recorded_at: self.start + TimeDelta::milliseconds(number as i64 + 3),
            correlation_id: Uuid::new_v4(),
            causation_id: Uuid::new_v4(),
            batch_id: None,
            replayed: false,
            key: Some(KeyUse { mark, body: self.marks.body(b"{}"), status: 200 }),
            marks: vec![mark],
        }
    }

    /// Reads the whole log once; events a second.
    async fn pass(&self, open: bool, fold: bool) -> f64 {
        let started = Instant::now();
        let mut contacts: HashMap<ContactId, Contact> = HashMap::new();
        let mut read = 0;
        loop {
            let page = self.store.read_all(read, PAGE).await.unwrap();
            let Some(last) = page.last() else { break };
            read = last.position;
            for recorded in page.iter().filter(|_| open) {
                let Ok(opened) = self.codec.open(recorded).await else { panic!("it opens") };
                if let (true, Stream::Contact(id)) = (fold, &recorded.stream) {
                    evolve(contacts.entry(*id).or_insert_with(|| Contact::absent(*id)), &opened.fact(recorded));
                }
            }
        }
        read as f64 / started.elapsed().as_secs_f64()
    }
}
