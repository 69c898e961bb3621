//! Ports whose every call waits for one poll more: whoever polls decides whose call goes next.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use dossier::ports::{
    AppendError, Appended, Direction, EventStore, Expected, KeyState, Keyring, KeyringError, NewEvent, Recorded,
    SecretKey, StoreError,
};
use dossier_domain::ids::{Mark, Stream};
use parking_lot::Mutex;
use uuid::Uuid;

/// What the command that is being polled has been told so far: whatever it does next follows from this.
#[derive(Default)]
pub struct Told(Mutex<Vec<String>>);

impl Told {
    fn note(&self, what: String) {
        self.0.lock().push(what);
    }

    /// What was told since this was last asked.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

/// Pending once.
#[derive(Default)]
struct Turn {
    waited: bool,
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.waited {
            return Poll::Ready(());
        }
        self.waited = true;
        Poll::Pending
    }
}

/// A log whose calls wait for their turn.
pub struct SteppedStore {
    pub inner: Arc<dyn EventStore>,
    pub told: Arc<Told>,
    /// The highest position that somebody waited to be durable: a crash may take everything after it.
    pub durable: Arc<AtomicU64>,
}

#[async_trait]
impl EventStore for SteppedStore {
    async fn append(&self, stream: &Stream, expected: Expected, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        Turn::default().await;
        let outcome = self.inner.append(stream, expected, events).await;
        self.told.note(format!("append {stream} {outcome:?}"));
        outcome
    }

    async fn durable(&self, position: u64) -> Result<(), StoreError> {
        Turn::default().await;
        self.durable.fetch_max(position, Ordering::Relaxed);
        self.told.note("durable".to_owned());
        self.inner.durable(position).await
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        Turn::default().await;
        let read = self.inner.read_stream(stream, from, direction, limit).await?;
        let last = read.iter().map(|recorded| recorded.position).max();
        self.told.note(format!("read {stream} from {from} {last:?}"));
        Ok(read)
    }

    async fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        self.inner.read_all(after, limit).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        self.inner.head().await
    }

    async fn wait_past(&self, position: u64) -> Result<u64, StoreError> {
        self.inner.wait_past(position).await
    }

    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        Turn::default().await;
        let found = self.inner.find(mark).await?;
        self.told.note(format!("find {mark} {:?}", found.as_ref().map(|recorded| recorded.position)));
        Ok(found)
    }
}

/// A keyring whose changes wait for their turn.
pub struct SteppedKeyring {
    pub inner: Arc<dyn Keyring>,
    pub told: Arc<Told>,
}

#[async_trait]
impl Keyring for SteppedKeyring {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        Turn::default().await;
        let outcome = self.inner.create_if_absent(holder).await;
        self.told.note(format!("key {holder} {}", outcome.is_ok()));
        outcome
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        self.inner.find(holder).await
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        let state = self.inner.at_hand(holder);
        // Opening asks for keys without waiting: what it is told must be known all the same.
        self.told.note(format!("is {holder} gone {}", state == Some(KeyState::Destroyed)));
        state
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        Turn::default().await;
        self.told.note(format!("destroy {holder}"));
        self.inner.destroy(holder).await
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        self.inner.destroyed().await
    }

    fn flush(&self) -> Result<(), KeyringError> {
        self.inner.flush()
    }
}
