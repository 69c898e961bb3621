//! All contacts folded in bulk, for a rebuild. The log is read in windows, and each is taken apart by contact: a contact's
//! events are opened with its key and folded into its state together, on all cores, and meanwhile the next window is read.
//! Between windows states lie packed. What spans contacts, by which values a root is found, is composed once, at the end.

use std::sync::Arc;

use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, IdMap, Stream};
use dossier_domain::state::{Contact, evolve};
use dossier_projections::documents::{DocumentChange, Documents, Entry, found_by};
use dossier_projections::trees::States;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinSet, spawn_blocking};
use uuid::Uuid;

use super::projectors::{Beside, Inputs, Looking};
use super::rebuild::RebuildProgress;
use super::runner::PAGE;
use crate::app::AppError;
use crate::ports::Recorded;
use crate::ports::read_store::Changes;

/// What is held in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Events of a window; there are two.
    pub(super) window: usize,
    /// Bytes of packed states, about; with more than these, all are stored and read again when they are needed.
    pub(super) packed: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { window: 1 << 18, packed: 768 << 20 }
    }
}

/// Parts of the ids, in their order: what lies in one is folded apart from the others.
const SHARDS: usize = 8;
/// Contacts stored at once.
const AT_ONCE: usize = 1 << 14;
/// What a state takes besides its packed bytes, about.
const OVERHEAD: usize = 64;
/// Which part of the work folding is; the rest is composing and storing.
const FOLDING: f64 = 0.8;

/// Events between two places of the log, by whom they happened to.
#[derive(Default)]
struct Window {
    shards: [Vec<Recorded>; SHARDS],
    workspaces: Vec<Recorded>,
    last: u64,
}

impl Window {
    fn take(&mut self, recorded: Recorded) {
        self.last = recorded.position;
        match &recorded.stream {
            Stream::Contact(id) => self.shards[shard_of(*id)].push(recorded),
            Stream::Workspace(_) => self.workspaces.push(recorded),
            Stream::Identity(_) => {}
        }
    }
}

fn shard_of(id: ContactId) -> usize {
    usize::from(id.0.as_bytes()[0]) * SHARDS / 256
}

/// Folds all contacts up to a position of the log into an empty read store.
///
/// # Errors
/// A store failed.
pub(super) async fn fold_contacts(
    inputs: &Inputs,
    up_to: u64,
    bounds: Bounds,
    mut progress: impl FnMut(RebuildProgress),
) -> Result<(), AppError> {
    let mut done = |part: f64| progress(RebuildProgress { done: (up_to as f64 * part) as u64, head: up_to });
    let mut windows = windows(inputs.clone(), up_to, bounds.window);
    let mut bulk = Bulk::new(inputs.clone());
    while let Some(window) = windows.recv().await.transpose()? {
        let last = window.last;
        bulk.fold(window).await?;
        if bulk.packed() > bounds.packed {
            bulk.spill().await?;
        }
        done(last as f64 / up_to as f64 * FOLDING);
    }
    bulk.finish(up_to, |part| done(FOLDING + part * (1.0 - FOLDING))).await
}

/// Reads the log ahead, window by window. It ends when nobody takes them any more.
fn windows(inputs: Inputs, up_to: u64, events: usize) -> Receiver<Result<Window, AppError>> {
    let (sender, receiver) = mpsc::channel(1);
    let handle = Handle::current();
    spawn_blocking(move || {
        let mut after = 0;
        while after < up_to {
            let window = handle.block_on(window(&inputs, after, up_to, events));
            after = window.as_ref().map_or(up_to, |window| window.last);
            if sender.blocking_send(window).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn window(inputs: &Inputs, after: u64, up_to: u64, events: usize) -> Result<Window, AppError> {
    let mut window = Window { last: after, ..Window::default() };
    let mut taken = 0;
    while taken < events && window.last < up_to {
        let page = inputs.store.read_all(window.last, PAGE.min(events)).await?;
        taken += page.len();
        // Positions may have gaps, so what lies beyond the end is known only when it was read.
        if page.last().is_none_or(|last| last.position >= up_to) {
            page.into_iter().filter(|recorded| recorded.position <= up_to).for_each(|recorded| window.take(recorded));
            window.last = up_to;
        } else {
            page.into_iter().for_each(|recorded| window.take(recorded));
        }
    }
    Ok(window)
}

/// Contacts of a part of the ids.
#[derive(Default)]
struct Shard {
    /// Packed states.
    states: IdMap<ContactId, Box<[u8]>>,
    packed: usize,
    erased: Vec<ContactId>,
}

impl Shard {
    async fn fold(&mut self, inputs: &Inputs, mut events: Vec<Recorded>, is_spilled: bool) -> Result<(), AppError> {
        events.sort_by(|one, other| one.stream.cmp(&other.stream));
        let mut opener = inputs.codec.opener();
        for together in events.chunk_by(|one, other| one.stream == other.stream) {
            let Stream::Contact(id) = together[0].stream else { continue };
            let mut state = match self.take(id)? {
                Some(state) => state,
                None if is_spilled => spilled(inputs, id, together[0].position - 1).await?,
                None => Contact::absent(id),
            };
            for recorded in together {
                let opened = opener.open(recorded).await?;
                evolve(&mut state, &opened.fact(recorded));
                if matches!(opened.event, Event::ContactErased(_)) {
                    self.erased.push(id);
                }
            }
            self.put(&state)?;
        }
        Ok(())
    }

    fn take(&mut self, id: ContactId) -> Result<Option<Contact>, AppError> {
        let Some(packed) = self.states.remove(&id) else { return Ok(None) };
        self.packed -= packed.len() + OVERHEAD;
        unpacked(&packed).map(Some)
    }

    fn put(&mut self, state: &Contact) -> Result<(), AppError> {
        let packed = state.pack_into(Vec::new()).map_err(|error| AppError::Internal(error.to_string()))?;
        self.packed += packed.len() + OVERHEAD;
        self.states.insert(state.id, packed.into_boxed_slice());
        Ok(())
    }

    /// In their order.
    fn ids(&self) -> Vec<ContactId> {
        let mut ids: Vec<ContactId> = self.states.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}

fn unpacked(packed: &[u8]) -> Result<Contact, AppError> {
    Contact::unpack(packed).map_err(|error| AppError::Internal(error.to_string()))
}

/// A state that was stored before, as of a position.
async fn spilled(inputs: &Inputs, id: ContactId, up_to: u64) -> Result<Contact, AppError> {
    let stored = inputs.read.contact(id).await?;
    Ok(inputs.state_of(id, stored, up_to).await?.unwrap_or_else(|| Contact::absent(id)))
}

/// All contacts, as far as they are folded.
struct Bulk {
    inputs: Inputs,
    shards: Vec<Shard>,
    /// What workspaces define.
    defined: Vec<Entry>,
    /// Whether what is not in memory may be stored.
    is_spilled: bool,
}

impl Bulk {
    fn new(inputs: Inputs) -> Self {
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Bulk { inputs, shards, defined: Vec::new(), is_spilled: false }
    }

    fn packed(&self) -> usize {
        self.shards.iter().map(|shard| shard.packed).sum()
    }

    async fn fold(&mut self, window: Window) -> Result<(), AppError> {
        for recorded in window.workspaces {
            let opened = self.inputs.codec.open(&recorded).await?;
            let Recorded { position, revision, stream, .. } = recorded;
            self.defined.push(Entry { position, revision, stream, event: opened.event, meta: opened.meta });
        }
        let mut folding = JoinSet::new();
        let shards = std::mem::take(&mut self.shards).into_iter().zip(window.shards).enumerate();
        for (number, (mut shard, events)) in shards {
            let (inputs, is_spilled, handle) = (self.inputs.clone(), self.is_spilled, Handle::current());
            folding.spawn_blocking(move || {
                handle.block_on(shard.fold(&inputs, events, is_spilled)).map(|()| (number, shard))
            });
        }
        let mut folded = Vec::with_capacity(SHARDS);
        while let Some(shard) = folding.join_next().await {
            folded.push(shard.map_err(|error| AppError::Internal(error.to_string()))??);
        }
        folded.sort_unstable_by_key(|(number, _)| *number);
        self.shards = folded.into_iter().map(|(_, shard)| shard).collect();
        Ok(())
    }

    /// Stores all states, and forgets them.
    async fn spill(&mut self) -> Result<(), AppError> {
        for shard in &mut self.shards {
            for ids in shard.ids().chunks(AT_ONCE) {
                let state = |id: &ContactId| unpacked(&shard.states[id]).map(|it| DocumentChange::State(Arc::new(it)));
                let rows = ids.iter().map(state).collect::<Result<Vec<_>, _>>()?;
                self.inputs.read.apply(Changes::Contacts(rows, Vec::new(), Vec::new()), 0, 0).await?;
            }
            (shard.states, shard.packed) = Default::default();
        }
        self.is_spilled = true;
        Ok(())
    }

    /// Stores all contacts with the values by which they are found, and the position up to which they are folded; says which
    /// part of that is done.
    async fn finish(mut self, up_to: u64, mut done: impl FnMut(f64)) -> Result<(), AppError> {
        if self.is_spilled {
            self.spill().await?;
        }
        let erased = self.shards.iter_mut().flat_map(|shard| std::mem::take(&mut shard.erased)).collect::<Vec<_>>();
        let (inputs, defined) = (self.inputs.clone(), std::mem::take(&mut self.defined));
        let all = self.shards.iter().map(|shard| shard.states.len()).sum::<usize>().max(1);
        let mut composed = self.composed(up_to);
        let mut stored = 0;
        while let Some(rows) = composed.recv().await.transpose()? {
            stored += AT_ONCE;
            inputs.read.apply(Changes::Contacts(rows, Vec::new(), Vec::new()), 0, 0).await?;
            done((stored as f64 / all as f64).min(1.0));
        }
        let rows = last_rows(&inputs, up_to, &defined, &erased)?;
        inputs.read.apply(Changes::Contacts(rows, Vec::new(), Vec::new()), 0, up_to).await?;
        done(1.0);
        Ok(())
    }

    /// The rows of all contacts in the order of their ids, put together ahead of being stored.
    fn composed(self, up_to: u64) -> Receiver<Result<Vec<DocumentChange>, AppError>> {
        let (sender, receiver) = mpsc::channel(1);
        let handle = Handle::current();
        spawn_blocking(move || {
            let mut known = Known { bulk: &self, at: None, handle: &handle, up_to };
            let composed = if self.is_spilled { known.stored_rows(&sender) } else { known.rows(&sender) };
            if let Err(error) = composed {
                // Whoever no longer listens has failed already.
                let _ = sender.blocking_send(Err(error));
            }
        });
        receiver
    }
}

/// What is known of all contacts, in memory or stored.
struct Known<'b> {
    bulk: &'b Bulk,
    /// The one whose rows are made.
    at: Option<Arc<Contact>>,
    handle: &'b Handle,
    up_to: u64,
}

type Rows = Sender<Result<Vec<DocumentChange>, AppError>>;

impl Known<'_> {
    /// Of contacts that are in memory: their states, and by what they are found.
    fn rows(&mut self, sender: &Rows) -> Result<(), AppError> {
        for shard in &self.bulk.shards {
            for ids in shard.ids().chunks(AT_ONCE) {
                let mut rows = Vec::with_capacity(2 * ids.len());
                for id in ids {
                    self.at = None;
                    let state = self.look(*id)?;
                    self.at = Some(state.clone());
                    rows.push(found_by(self, *id)?);
                    rows.push(DocumentChange::State(state));
                }
                if sender.blocking_send(Ok(rows)).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Of contacts that are stored: by what they are found.
    fn stored_rows(&mut self, sender: &Rows) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let read = &self.bulk.inputs.read;
            let page = self.handle.block_on(read.contacts_between(after, ContactId(Uuid::max()), AT_ONCE))?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            let mut rows = Vec::with_capacity(page.len());
            for (id, stored) in page {
                let state = self.handle.block_on(self.bulk.inputs.state_of(id, stored, self.up_to))?;
                self.at = state.map(Arc::new);
                rows.push(found_by(self, id)?);
            }
            if sender.blocking_send(Ok(rows)).is_err() {
                return Ok(());
            }
        }
    }
}

impl States for Known<'_> {
    type Error = AppError;

    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, AppError> {
        if let Some(state) = self.at.as_ref().filter(|state| state.id == id) {
            return Ok(state.clone());
        }
        match self.bulk.shards[shard_of(id)].states.get(&id) {
            Some(packed) => unpacked(packed).map(Arc::new),
            None if self.bulk.is_spilled => {
                self.handle.block_on(spilled(&self.bulk.inputs, id, self.up_to)).map(Arc::new)
            }
            None => Ok(Arc::new(Contact::absent(id))),
        }
    }
}

/// What is stored last, over stored contacts: the fields that workspaces define, and the states of those who had values of
/// a contact that is erased by now.
fn last_rows(
    inputs: &Inputs,
    up_to: u64,
    defined: &[Entry],
    erased: &[ContactId],
) -> Result<Vec<DocumentChange>, AppError> {
    let handle = Handle::current();
    let mut beside = Beside::default();
    let mut source = Looking { inputs, handle: &handle, checkpoint: up_to, beside: &mut beside };
    tokio::task::block_in_place(|| {
        let mut documents = Documents::new(AT_ONCE);
        documents.fold(defined, &mut source)?;
        documents.forget(erased, up_to, &mut source)?;
        Ok(documents.changes(&mut source)?.rows)
    })
}
