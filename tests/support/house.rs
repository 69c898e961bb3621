//! The application over given stores, with a clock that stands where it is put.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier::app::clock::Wall;
use dossier::app::protocol::Engine;
use dossier::app::streams::{Snapshots, Streams};
use dossier::app::{App, AppError, Lookup};
use dossier::ports::{EventStore, Keyring, SecretKey};
use dossier::sealing::{Codec, Marks};
use dossier_domain::field::Field;
use dossier_domain::ids::ContactId;
use dossier_domain::values::reference::Reference;
use dossier_domain::values::text::fold;

use super::reading::Reading;

/// The key that all marks are made with.
pub fn marks() -> Marks {
    Marks::new(&SecretKey([7; 32]))
}

/// A clock in microseconds.
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Noon of the tenth of January 2024.
    pub fn noon() -> Self {
        TestClock(AtomicI64::new(1_704_888_000_000_000))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Wall for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::Relaxed)).expect("a time")
    }
}

/// What an application is made of.
#[derive(Clone)]
pub struct Parts {
    pub store: Arc<dyn EventStore>,
    pub keyring: Arc<dyn Keyring>,
    pub clock: Arc<TestClock>,
    pub snapshots: Option<Arc<dyn Snapshots>>,
    /// States remembered.
    pub capacity: usize,
}

impl Parts {
    pub fn app(&self) -> App {
        let Parts { store, keyring, clock, snapshots, capacity } = self.clone();
        let codec = Arc::new(Codec::new(keyring.clone()));
        let streams = Streams::new(store.clone(), codec.clone(), snapshots, capacity);
        let engine = Engine { streams, keyring, marks: marks() };
        App::new(engine, clock, Arc::new(LogLookup { store, codec }))
    }
}

/// Finds contacts by reading the whole log.
struct LogLookup {
    store: Arc<dyn EventStore>,
    codec: Arc<Codec>,
}

#[async_trait]
impl Lookup for LogLookup {
    async fn by_value(&self, _: &str, value: &Reference, _: u64) -> Result<Vec<ContactId>, AppError> {
        let reading = Reading::of(&*self.store, &self.codec).await;
        let shows = |id: &ContactId| {
            let Some(view) = reading.view(*id) else { return false };
            match value {
                Reference::Email(email) => {
                    let mut emails = view.text(&Field::Email).into_iter().chain(&view.other_emails);
                    emails.any(|it| fold(it) == email.folded())
                }
                Reference::Phone(phone) => {
                    let mut phones = view.text(&Field::Phone).into_iter().chain(&view.other_phones);
                    phones.any(|it| **it == *phone.as_str())
                }
                Reference::Id(_) | Reference::Channel { .. } => false,
            }
        };
        Ok(reading.contacts.keys().copied().filter(shows).collect())
    }
}
