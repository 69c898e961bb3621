//! Ports whose every call waits for its turn: whoever polls a command decides that its next call is made now.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use dossier::adapters::memory::MemoryEventStore;
use dossier::ports::{
    AppendError, Appended, Direction, EventStore, Expected, KeyState, Keyring, KeyringError, NewEvent, Recorded,
    SecretKey, StoreError,
};
use dossier_domain::ids::{Mark, Stream};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::support::keyring::TestKeyring;

/// A call of a port.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Read(Stream),
    Append(Stream, Vec<Arc<str>>, Vec<Mark>),
    Find(Mark),
    Durable(u64),
    MakeKey(Uuid),
    DestroyKey(Uuid),
    /// The work list is drawn up from the whole log.
    Look,
}

/// How a call concerns a thing. Additions among each other commute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Read,
    Add,
    Write,
}

/// A thing (a stream, a mark, a key, the log), by its hash, and how it is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    pub what: u64,
    pub how: How,
}

impl Touch {
    /// Whether the order of the two matters.
    pub fn conflicts(self, other: Touch) -> bool {
        self.what == other.what && (self.how != other.how || self.how == How::Write)
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Done {
    pub call: Call,
    pub touches: Vec<Touch>,
    /// Whether it changed anything.
    pub wrote: bool,
    /// Where an append landed.
    pub at: Option<u64>,
}

impl Done {
    /// An append that came too late.
    pub fn is_lost_race(&self) -> bool {
        !self.wrote && matches!(self.call, Call::Append(..))
    }
}

pub fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What a call may turn out to concern, before it is made.
pub fn may_touch(call: &Call) -> Vec<Touch> {
    let one = |what, how| vec![Touch { what, how }];
    match call {
        // Opening what is read asks for keys; which ones is known afterwards.
        Call::Read(stream) => {
            vec![Touch { what: hash_of(stream), how: How::Read }, Touch { what: hash_of("destroyed"), how: How::Read }]
        }
        Call::Append(stream, _, marks) => {
            let mut touches = one(hash_of(stream), How::Write);
            touches.extend(marks.iter().map(|mark| Touch { what: hash_of(mark), how: How::Write }));
            touches.push(Touch { what: hash_of("log"), how: How::Add });
            touches
        }
        Call::Find(mark) => one(hash_of(mark), How::Read),
        Call::Durable(_) => Vec::new(),
        Call::MakeKey(holder) => one(hash_of(holder), How::Write),
        Call::DestroyKey(holder) => {
            let mut touches = one(hash_of(holder), How::Write);
            touches.push(Touch { what: hash_of("log"), how: How::Add });
            touches.push(Touch { what: hash_of("destroyed"), how: How::Add });
            touches
        }
        Call::Look => one(hash_of("log"), How::Read),
    }
}

/// The same while it waits: opening and sealing look at keys right after it, and which ones is known only then.
pub fn waits_for(call: &Call) -> Vec<Touch> {
    let mut touches = may_touch(call);
    touches.push(Touch { what: hash_of("destroyed"), how: How::Read });
    touches
}

/// The same where nothing came of it: it has only looked at what is its own concern.
fn only_read(call: &Call) -> Vec<Touch> {
    let common = [hash_of("log"), hash_of("destroyed")];
    let read = |touch: Touch| Touch { how: How::Read, ..touch };
    may_touch(call).into_iter().filter(|touch| !common.contains(&touch.what)).map(read).collect()
}

/// Where calls wait, and what has become of the log: the log's content by streams, whatever their order.
#[derive(Default)]
pub struct Floor {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: Option<Call>,
    done: Option<Done>,
    streams: HashMap<Stream, u64>,
    /// By position: the content of the log up to there.
    contents: Vec<u64>,
    /// Up to here somebody waited for the flush: a crash may take everything after it.
    durable: u64,
}

impl Floor {
    async fn turn(&self, call: Call) {
        self.state.lock().next = Some(call);
        Turn { waited: false }.await;
    }

    fn did(&self, call: Call, wrote: bool, at: Option<u64>) {
        let touches = if wrote { may_touch(&call) } else { only_read(&call) };
        self.state.lock().done = Some(Done { call, touches, wrote, at });
    }

    /// The call that is being made looks at a key as well.
    fn saw_key(&self, holder: Uuid) {
        if let Some(done) = &mut self.state.lock().done {
            let touch = Touch { what: hash_of(holder), how: How::Read };
            let is_known = done.touches.iter().any(|known| known.what == touch.what);
            done.touches.extend((!is_known).then_some(touch));
        }
    }

    /// Whether this very step took the key already: the keys of one append are taken at once.
    fn has_taken(&self, holder: Uuid) -> bool {
        let state = self.state.lock();
        state.done.as_ref().is_some_and(|done| done.call == Call::MakeKey(holder))
    }

    /// What the last poll has done, and what comes next.
    pub fn take(&self) -> (Option<Done>, Option<Call>) {
        let mut state = self.state.lock();
        (state.done.take(), state.next.take())
    }

    /// The recovery draws up its list here.
    pub async fn look(&self) {
        self.turn(Call::Look).await;
        let touches = may_touch(&Call::Look);
        self.state.lock().done = Some(Done { call: Call::Look, touches, wrote: false, at: None });
    }

    pub fn durable(&self) -> u64 {
        self.state.lock().durable
    }

    /// The content of the log up to a position, as a number.
    pub fn content(&self, position: u64) -> u64 {
        let state = self.state.lock();
        position.checked_sub(1).map_or(0, |index| state.contents[usize::try_from(index).expect("a small log")])
    }

    /// Takes note of what was appended.
    pub fn appended(&self, stream: &Stream, events: &[NewEvent]) {
        let state = &mut *self.state.lock();
        for event in events {
            let chain = state.streams.entry(stream.clone()).or_default();
            let before = *chain;
            *chain = hash_of((before, stream, &event.event_type, public(event), &event.marks));
            let all = state.contents.last().copied().unwrap_or_default();
            state.contents.push(all.wrapping_sub(before).wrapping_add(*chain));
        }
    }

    /// From now on everything that is there would survive.
    pub fn flushed(&self, position: u64) {
        let mut state = self.state.lock();
        state.durable = state.durable.max(position);
    }
}

/// What anyone may read of an event; the rest is sealed with a nonce and differs from run to run.
fn public(event: &NewEvent) -> &[u8] {
    let sealed = event.data.windows(10).position(|window| window == b",\"sealed\":");
    &event.data[..sealed.unwrap_or(event.data.len())]
}

/// Pending once.
struct Turn {
    waited: bool,
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// A log whose calls wait for their turn.
pub struct SteppedStore {
    pub log: Arc<MemoryEventStore>,
    pub floor: Arc<Floor>,
}

#[async_trait]
impl EventStore for SteppedStore {
    async fn append(
        &self,
        stream: &Stream,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        let types = events.iter().map(|event| event.event_type.clone()).collect();
        let marks = events.iter().flat_map(|event| event.marks.clone()).collect();
        let call = Call::Append(stream.clone(), types, marks);
        self.floor.turn(call.clone()).await;
        let outcome = self.log.append(stream, expected, events.clone()).await;
        if outcome.is_ok() {
            self.floor.appended(stream, &events);
        }
        self.floor.did(call, outcome.is_ok(), outcome.as_ref().ok().map(|it| it.position));
        outcome
    }

    async fn durable(&self, position: u64) -> Result<(), StoreError> {
        self.floor.turn(Call::Durable(position)).await;
        self.floor.flushed(position);
        self.floor.did(Call::Durable(position), false, None);
        Ok(())
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.floor.turn(Call::Read(stream.clone())).await;
        self.floor.did(Call::Read(stream.clone()), false, None);
        self.log.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        self.floor.look().await;
        self.log.read_all(after, limit).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        self.log.head().await
    }

    async fn wait_past(&self, position: u64) -> Result<u64, StoreError> {
        self.log.wait_past(position).await
    }

    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        self.floor.turn(Call::Find(mark)).await;
        self.floor.did(Call::Find(mark), false, None);
        self.log.find(mark).await
    }
}

/// A keyring whose changes wait for their turn. Keys are looked at in the step that reads what they open.
pub struct SteppedKeyring {
    pub keys: Arc<TestKeyring>,
    pub floor: Arc<Floor>,
}

#[async_trait]
impl Keyring for SteppedKeyring {
    async fn create_if_absent(&self, holder: Uuid) -> Result<SecretKey, KeyringError> {
        if !self.floor.has_taken(holder) {
            self.floor.turn(Call::MakeKey(holder)).await;
            let is_new = self.keys.at_hand(holder) == Some(KeyState::Missing);
            self.floor.did(Call::MakeKey(holder), is_new, None);
        }
        self.keys.create_if_absent(holder).await
    }

    async fn find(&self, holder: Uuid) -> Result<KeyState, KeyringError> {
        self.floor.saw_key(holder);
        self.keys.find(holder).await
    }

    fn at_hand(&self, holder: Uuid) -> Option<KeyState> {
        self.floor.saw_key(holder);
        self.keys.at_hand(holder)
    }

    async fn destroy(&self, holder: Uuid) -> Result<(), KeyringError> {
        self.floor.turn(Call::DestroyKey(holder)).await;
        let is_new = self.keys.at_hand(holder) != Some(KeyState::Destroyed);
        self.floor.did(Call::DestroyKey(holder), is_new, None);
        self.keys.destroy(holder).await
    }

    async fn destroyed(&self) -> Result<Vec<Uuid>, KeyringError> {
        self.keys.destroyed().await
    }

    async fn rewrap(&self, new: &SecretKey) -> Result<(), KeyringError> {
        self.keys.rewrap(new).await
    }

    fn flush(&self) -> Result<(), KeyringError> {
        Ok(())
    }
}
