//! What a case needs of an adapter, and short ways to say what it appends.

use std::sync::Arc;

use dossier::ports::{Appended, Direction, EventStore, Expected, Keyring, NewEvent, Recorded};
use dossier_domain::ids::{ContactId, IdentityId, Mark, Stream};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::{Condvar, Mutex};
use uuid::Uuid;

/// An event store under test.
pub(crate) trait LogFixture: Send {
    fn store(&self) -> Arc<dyn EventStore>;
    /// From now on nothing becomes durable. Where an append is answered only when it is, no append is answered.
    fn hold(&self);
    /// What was held back becomes durable.
    fn release(&self);
    /// Whether it can be held at all.
    fn holds(&self) -> bool {
        true
    }
    /// Whether appends are answered before they are durable.
    fn stages(&self) -> bool {
        true
    }
    /// Whatever is only in memory is gone.
    fn reopen(&mut self);
}

/// A keyring under test.
pub(crate) trait KeyringFixture: Send {
    fn keyring(&self) -> Arc<dyn Keyring>;
    /// Whatever is only in memory is gone.
    fn reopen(&mut self);
}

/// Open, or closed for whoever wants to pass.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn close(&self) {
        *self.0.0.lock() = true;
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock() = false;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        self.0.1.wait_while(&mut self.0.0.lock(), |closed| *closed);
    }
}

pub(crate) fn contact(number: u128) -> Stream {
    Stream::Contact(ContactId(Uuid::from_u128(number)))
}

pub(crate) fn identity(number: u128) -> Stream {
    Stream::Identity(IdentityId(Uuid::from_u128(number)))
}

pub(crate) fn mark(number: u128) -> Mark {
    Mark(number.to_be_bytes())
}

/// An event that says a number.
pub(crate) fn event(number: u64) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(u128::from(number)),
        event_type: "comment_added".into(),
        version: 1,
        data: format!(r#"{{"public":{{}},"number":{number}}}"#).into_bytes(),
        meta: br#"{"workspace":"default"}"#.to_vec(),
        marks: vec![],
    }
}

pub(crate) fn events(numbers: impl IntoIterator<Item = u64>) -> Vec<NewEvent> {
    numbers.into_iter().map(event).collect()
}

pub(crate) fn marked(number: u64, marks: impl IntoIterator<Item = u128>) -> NewEvent {
    NewEvent { marks: marks.into_iter().map(mark).collect(), ..event(number) }
}

/// What the caller believes after that many events.
pub(crate) fn after(count: u64) -> Expected {
    count.checked_sub(1).map_or(Expected::NoStream, Expected::Revision)
}

pub(crate) fn ids(recorded: &[Recorded]) -> Vec<u128> {
    recorded.iter().map(|recorded| recorded.event.id.as_u128()).collect()
}

pub(crate) fn revisions(recorded: &[Recorded]) -> Vec<u64> {
    recorded.iter().map(|recorded| recorded.revision).collect()
}

pub(crate) fn positions(recorded: &[Recorded]) -> Vec<u64> {
    recorded.iter().map(|recorded| recorded.position).collect()
}

/// Positions that a log may give to events in this order: rising from above 0, and counted where it promises that.
#[track_caller]
pub(crate) fn assert_in_order(store: &dyn EventStore, positions: &[u64]) {
    assert!(positions.iter().is_sorted_by(|one, next| one < next), "{positions:?} rise");
    assert!(positions.first().is_none_or(|first| *first > 0), "0 is before the first");
    if store.counts_positions() {
        assert!(positions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{positions:?} have no gap");
    }
}

/// Begins an append: where it is answered before it is durable, it was answered; elsewhere it is under way.
pub(crate) async fn begun(
    stages: bool,
    store: &Arc<dyn EventStore>,
    stream: Stream,
    count: u64,
    events: Vec<NewEvent>,
) -> BoxFuture<'static, Appended> {
    let store = Arc::clone(store);
    let append = tokio::spawn(async move { store.append(&stream, after(count), events).await.unwrap() });
    let append = async move { append.await.unwrap() };
    if stages { futures::future::ready(append.await).boxed() } else { append.boxed() }
}

/// Appends and waits until it is durable.
pub(crate) async fn keep(store: &dyn EventStore, stream: &Stream, count: u64, events: Vec<NewEvent>) -> Appended {
    let appended = store.append(stream, after(count), events).await.unwrap();
    store.durable(appended.position).await.unwrap();
    appended
}

/// A whole stream, forward.
pub(crate) async fn whole(store: &dyn EventStore, stream: &Stream) -> Vec<Recorded> {
    store.read_stream(stream, 0, Direction::Forward, usize::MAX).await.unwrap()
}
