//! A store over the double, and short ways to talk to it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use dossier::adapters::eventstore::{EventStoreDb, Options};
use dossier::adapters::sqlite::DataFolder;
use dossier::ports::{Appended, Direction, EventStore, Expected, NewEvent, Recorded};
use dossier_domain::ids::{ContactId, Mark, Stream};
use dossier_double::Double;
use tempfile::TempDir;
use uuid::Uuid;

/// Nothing that a test waits for takes longer, unless something hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A store, and the folder of its mark index.
pub(crate) struct Talk {
    pub(crate) store: Arc<EventStoreDb>,
    _folder: TempDir,
}

/// Short limits, so that what is silent is found out soon.
pub(crate) fn quick() -> Options {
    Options {
        call_within: Duration::from_millis(300),
        patience: Duration::from_secs(10),
        poll_every: Duration::from_millis(20),
        ..Options::default()
    }
}

impl Talk {
    pub(crate) async fn to(double: &Double) -> Self {
        Talk::with(&double.connection(), quick()).await
    }

    pub(crate) async fn with(connection: &str, options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = EventStoreDb::open(connection, &DataFolder::open(folder.path()).unwrap(), options).await;
        Talk { store: Arc::new(opened.unwrap()), _folder: folder }
    }

    /// Appends one event to a contact's stream of so many.
    pub(crate) async fn append(&self, contact: u128, count: u64, number: u64) -> Appended {
        soon(self.store.append(&stream(contact), after(count), vec![event(number)])).await.unwrap()
    }

    pub(crate) async fn whole(&self, contact: u128) -> Vec<Recorded> {
        soon(self.store.read_stream(&stream(contact), 0, Direction::Forward, usize::MAX)).await.unwrap()
    }

    pub(crate) async fn all(&self) -> Vec<Recorded> {
        soon(self.store.read_all(0, usize::MAX)).await.unwrap()
    }
}

/// Fails the test if it hangs.
#[track_caller]
pub(crate) fn soon<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let at = std::panic::Location::caller();
    async move { tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("it hangs: {at}")) }
}

pub(crate) fn stream(contact: u128) -> Stream {
    Stream::Contact(ContactId(Uuid::from_u128(contact)))
}

pub(crate) fn mark(number: u128) -> Mark {
    Mark(number.to_be_bytes())
}

pub(crate) fn event(number: u64) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(u128::from(number) + 1),
        event_type: "comment_added".into(),
        version: 1,
        data: format!(r#"{{"public":{{}},"number":{number}}}"#).into_bytes(),
        meta: br#"{"workspace":"default"}"#.to_vec(),
        marks: vec![],
    }
}

pub(crate) fn marked(number: u64, marks: impl IntoIterator<Item = u128>) -> NewEvent {
    NewEvent { marks: marks.into_iter().map(mark).collect(), ..event(number) }
}

pub(crate) fn after(count: u64) -> Expected {
    count.checked_sub(1).map_or(Expected::NoStream, Expected::Revision)
}

pub(crate) fn numbers(recorded: &[Recorded]) -> Vec<u64> {
    recorded.iter().map(|recorded| u64::try_from(recorded.event.id.as_u128()).unwrap() - 1).collect()
}
