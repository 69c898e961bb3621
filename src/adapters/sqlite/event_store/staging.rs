//! What was answered and is not yet durable.
//!
//! An append is checked and gets its place here, in the caller's own thread, under one short lock; the writer takes
//! whole appends from here in order. An event leaves the staging area only after its commit, so whoever reads the
//! staging area first and the file second misses nothing.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dossier_domain::ids::{Mark, Stream};
use parking_lot::{Condvar, Mutex};

use super::filter::Filter;
use super::options::Options;
use super::readers::LookUp;
use super::recent::Recent;
use super::rows::stream_key;
use crate::ports::{AppendError, Appended, Expected, NewEvent, Recorded, StoreError};

/// Events that go into one transaction or none.
pub(super) type Batch = Vec<Arc<Recorded>>;

/// Settled under one lock, so that appends never wait long for it.
const SETTLED_AT_ONCE: usize = 64;
/// Appends that are worth a transaction although nobody waits for their flush yet.
const WORTH_A_FLUSH: usize = 2048;
/// How long an append that nobody waits for stays unflushed at most.
const LINGER: Duration = Duration::from_millis(50);
/// Bytes staged and not yet settled, beyond which an append waits, however few events they are.
const MAX_PENDING_BYTES: usize = 256 << 20;

pub(super) struct Staging {
    state: Mutex<State>,
    arrived: Condvar,
    filter: Arc<Filter>,
    max_pending: usize,
    /// The highest position whose flush somebody waits for.
    wanted: AtomicU64,
}

struct State {
    next_position: u64,
    /// Appends that the writer has not taken.
    queue: VecDeque<Batch>,
    /// Events staged and not yet settled.
    pending: usize,
    pending_bytes: usize,
    streams: HashMap<Stream, VecDeque<Arc<Recorded>>>,
    marks: HashMap<Mark, Arc<Recorded>>,
    heads: Recent<Stream, Option<u64>>,
    recent_marks: Recent<Mark, u64>,
    closed: Option<Arc<str>>,
    writer: WriterIs,
}

/// What the writer does, so that it is woken only when that changes something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WriterIs {
    Busy,
    /// There is nothing to commit.
    Asleep,
    /// There is something, and nobody waits for its flush.
    Lingering,
}

/// What one try to append came to.
pub(super) enum Outcome {
    /// It is staged.
    Staged(Appended),
    /// The file must be asked, for the stream's head as well or only for the marks, and the append tried again.
    Unknown { head: bool },
    /// Too much is pending: when this position is durable there is room.
    Full(u64),
}

/// What the file said, and up to which position it was complete when it was asked.
pub(super) struct Witness {
    pub(super) found: LookUp,
    pub(super) as_of: u64,
}

impl Staging {
    pub(super) fn after(head: u64, filter: Arc<Filter>, options: &Options) -> Self {
        Staging {
            filter,
            state: Mutex::new(State {
                next_position: head + 1,
                queue: VecDeque::new(),
                pending: 0,
                pending_bytes: 0,
                streams: HashMap::new(),
                marks: HashMap::new(),
                heads: Recent::holding(options.remembered),
                recent_marks: Recent::holding(options.recent_marks),
                closed: None,
                writer: WriterIs::Busy,
            }),
            arrived: Condvar::new(),
            max_pending: options.max_pending.max(1),
            wanted: AtomicU64::new(0),
        }
    }

    /// Stages the events if they may stand where the writer believes. They are taken out of `events` only then.
    pub(super) fn append(
        &self,
        stream: &Stream,
        expected: Expected,
        events: &mut Vec<NewEvent>,
        witness: Option<&Witness>,
    ) -> Result<Outcome, AppendError> {
        let mut state = self.state.lock();
        state.open()?;
        if state.is_full(events.len(), self.max_pending) {
            return Ok(Outcome::Full(state.next_position - state.pending as u64));
        }
        let Some(head) = state.head(stream, &self.filter, witness) else {
            return Ok(Outcome::Unknown { head: true });
        };
        if head != expected_head(expected) {
            return Err(AppendError::WrongRevision { actual: head });
        }
        if !state.marks_are_free(events, &self.filter, witness)? {
            return Ok(Outcome::Unknown { head: false });
        }
        if head.is_none() {
            self.filter.note(&stream_key(stream));
        }
        events.iter().flat_map(|event| &event.marks).for_each(|mark| self.filter.note(&mark.0));
        let appended = state.stage(stream, head, std::mem::take(events));
        let worth_it = state.writer == WriterIs::Lingering && state.queue.len() >= WORTH_A_FLUSH;
        if state.writer == WriterIs::Asleep || worth_it {
            state.writer = WriterIs::Busy;
            self.arrived.notify_one();
        }
        Ok(Outcome::Staged(appended))
    }

    /// The staged events of a stream, in order, and nothing that is not answered yet.
    pub(super) fn stream(&self, stream: &Stream) -> Vec<Arc<Recorded>> {
        self.state.lock().streams.get(stream).map(|events| events.iter().cloned().collect()).unwrap_or_default()
    }

    /// Remembers where a stream stands, by a reading of a file that held everything up to `as_of`.
    pub(super) fn learn(&self, stream: &Stream, head: Option<u64>, as_of: u64) {
        let mut state = self.state.lock();
        if !state.streams.contains_key(stream) && state.heads.get(stream).is_none() && state.heads.trusts(as_of) {
            state.heads.put(stream.clone(), head, as_of);
        }
    }

    /// The staged event that bears a mark.
    pub(super) fn find(&self, mark: Mark) -> Option<Arc<Recorded>> {
        self.state.lock().marks.get(&mark).cloned()
    }

    /// `false`: no event bears the mark, neither staged nor durable.
    pub(super) fn may_hold(&self, mark: Mark) -> bool {
        self.filter.may_hold(&mark.0)
    }

    /// `false`: the stream has no event, neither staged nor durable.
    pub(super) fn may_hold_stream(&self, stream: &Stream) -> bool {
        self.filter.may_hold(&stream_key(stream))
    }

    /// Somebody waits for the flush of everything up to a position.
    pub(super) fn want(&self, position: u64) {
        if self.wanted.fetch_max(position, Ordering::AcqRel) >= position {
            return;
        }
        let mut state = self.state.lock();
        if state.writer == WriterIs::Lingering {
            state.writer = WriterIs::Busy;
            self.arrived.notify_one();
        }
    }

    /// Sleeps until there is something to commit; whole appends in order. `None`: closed, and nothing is left.
    ///
    /// What nobody waits for lingers for a moment: a transaction of many costs little more than one of few.
    pub(super) fn take(&self, at_most: usize) -> Option<Batch> {
        let mut state = self.state.lock();
        let mut lingers_until = None;
        loop {
            if state.queue.is_empty() {
                if state.closed.is_some() {
                    return None;
                }
                state.writer = WriterIs::Asleep;
                self.arrived.wait(&mut state);
                continue;
            }
            let now = Instant::now();
            let until = *lingers_until.get_or_insert(now + LINGER);
            if self.must_flush(&state) || now >= until {
                break;
            }
            state.writer = WriterIs::Lingering;
            self.arrived.wait_until(&mut state, until);
        }
        state.writer = WriterIs::Busy;
        let count = state.queue.len().min(at_most.max(1));
        Some(state.queue.drain(..count).flatten().collect())
    }

    fn must_flush(&self, state: &State) -> bool {
        let first = state.queue.front().and_then(|batch| batch.first());
        state.closed.is_some()
            || state.queue.len() >= WORTH_A_FLUSH
            || first.is_none_or(|first| first.position <= self.wanted.load(Ordering::Acquire))
    }

    /// A batch is committed: forgets its events, remembers where their streams stand.
    pub(super) fn settle(&self, batch: &[Arc<Recorded>]) {
        for some in batch.chunks(SETTLED_AT_ONCE) {
            let mut state = self.state.lock();
            some.iter().for_each(|event| state.settle(event));
        }
    }

    /// Takes no append from now on; what is staged stays staged.
    pub(super) fn close(&self, reason: &str) {
        self.state.lock().closed.get_or_insert_with(|| reason.into());
        self.arrived.notify_one();
    }

    /// As [`Staging::close`], and what is staged never happened.
    pub(super) fn fail(&self, reason: &str) {
        let mut state = self.state.lock();
        state.closed = Some(reason.into());
        state.queue.clear();
        state.streams.clear();
        state.marks.clear();
        state.pending = 0;
        state.pending_bytes = 0;
    }
}

fn expected_head(expected: Expected) -> Option<u64> {
    match expected {
        Expected::NoStream => None,
        Expected::Revision(revision) => Some(revision),
    }
}

/// Bytes that an event holds while it is staged, roughly.
fn weight(event: &Recorded) -> usize {
    size_of::<Recorded>() + event.event.data.len() + event.event.meta.len()
}

impl State {
    /// An append larger than the limit has to itself what room there is.
    fn is_full(&self, more: usize, max_pending: usize) -> bool {
        self.pending > 0 && (self.pending + more > max_pending || self.pending_bytes > MAX_PENDING_BYTES)
    }

    fn open(&self) -> Result<(), StoreError> {
        match &self.closed {
            None => Ok(()),
            Some(reason) => Err(StoreError::Unavailable { doing: "appending", reason: reason.to_string() }),
        }
    }

    /// Revision of the stream's last event, if it is known here or the witness may be believed.
    fn head(&mut self, stream: &Stream, filter: &Filter, witness: Option<&Witness>) -> Option<Option<u64>> {
        if let Some(last) = self.streams.get(stream).and_then(VecDeque::back) {
            return Some(Some(last.revision));
        }
        if let Some(head) = self.heads.get(stream) {
            return Some(head);
        }
        if !filter.may_hold(&stream_key(stream)) {
            return Some(None);
        }
        let witness = witness.filter(|witness| self.heads.trusts(witness.as_of))?;
        let head = witness.found.head?;
        self.heads.put(stream.clone(), head, witness.as_of);
        Some(head)
    }

    /// Whether no other event bears any of the marks; `false`: the file must be asked.
    fn marks_are_free(
        &mut self,
        events: &[NewEvent],
        filter: &Filter,
        witness: Option<&Witness>,
    ) -> Result<bool, AppendError> {
        let mut unknown = false;
        for mark in events.iter().flat_map(|event| &event.marks) {
            let staged = self.marks.get(mark).map(|event| event.position);
            if let Some(position) = staged.or_else(|| self.recent_marks.get(mark)) {
                return Err(AppendError::MarkTaken { position });
            }
            unknown |= filter.may_hold(&mark.0);
        }
        if let Some(position) = self.doubled(events) {
            return Err(AppendError::MarkTaken { position });
        }
        if !unknown {
            return Ok(true);
        }
        let Some(witness) = witness.filter(|witness| self.recent_marks.trusts(witness.as_of)) else {
            return Ok(false);
        };
        witness.found.taken.map_or(Ok(true), |position| Err(AppendError::MarkTaken { position }))
    }

    /// Where the first bearer of a mark would have stood that two events of one append bear, or one bears twice.
    fn doubled(&self, events: &[NewEvent]) -> Option<u64> {
        if events.iter().map(|event| event.marks.len()).sum::<usize>() < 2 {
            return None;
        }
        let mut bearers = HashMap::new();
        for (position, event) in (self.next_position..).zip(events) {
            for mark in &event.marks {
                if let Some(first) = bearers.insert(mark, position) {
                    return Some(first);
                }
            }
        }
        None
    }

    fn stage(&mut self, stream: &Stream, head: Option<u64>, events: Vec<NewEvent>) -> Appended {
        let first_revision = head.map_or(0, |head| head + 1);
        let first_position = self.next_position;
        let batch: Batch = (0..)
            .zip(events)
            .map(|(place, event)| {
                let (position, revision) = (first_position + place, first_revision + place);
                Arc::new(Recorded { position, revision, stream: stream.clone(), event })
            })
            .collect();
        let count = batch.len() as u64;
        self.next_position += count;
        self.pending += batch.len();
        self.pending_bytes += batch.iter().map(|event| weight(event)).sum::<usize>();
        for event in &batch {
            self.marks.extend(event.event.marks.iter().map(|mark| (*mark, Arc::clone(event))));
        }
        self.streams.entry(stream.clone()).or_default().extend(batch.iter().cloned());
        self.queue.push_back(batch);
        Appended::without_gaps(first_revision + count - 1, first_position + count - 1, count)
    }

    fn settle(&mut self, event: &Arc<Recorded>) {
        self.pending -= 1;
        self.pending_bytes -= weight(event);
        for mark in &event.event.marks {
            self.marks.remove(mark);
            self.recent_marks.put(*mark, event.position, event.position);
        }
        if let Entry::Occupied(mut staged) = self.streams.entry(event.stream.clone()) {
            staged.get_mut().pop_front();
            if staged.get().is_empty() {
                let (stream, _) = staged.remove_entry();
                self.heads.put(stream, Some(event.revision), event.position);
            }
        }
    }
}

#[cfg(test)]
mod tests;
