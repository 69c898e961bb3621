//! All contacts folded in bulk, for a rebuild. The log is read in windows, and each is taken apart by contact: a contact's
//! events are opened with its key and folded into its state together, on all cores, and meanwhile the next window is read.
//! Between windows states lie packed. What spans contacts, what a root shows and by which values it is found, is composed
//! once, at the end, from states that are still in memory or were stored when they became too many.

use std::sync::Arc;

use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, IdMap, Stream};
use dossier_domain::state::{Contact, evolve};
use dossier_projections::documents::{DocumentChange, Documents, Entry};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{JoinSet, block_in_place, spawn_blocking};
use uuid::Uuid;

use super::composing::{Folded, Known, told};
use super::projectors::Inputs;
use super::rebuild::RebuildProgress;
use super::runner::PAGE;
use crate::app::AppError;
use crate::ports::Recorded;

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
pub(super) const SHARDS: usize = 8;
/// Contacts stored at once.
pub(super) const AT_ONCE: usize = 1 << 14;
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

/// The last id that a part may have.
pub(super) fn last_of(shard: usize) -> ContactId {
    let width = u128::MAX / SHARDS as u128 + 1;
    ContactId(Uuid::from_u128(width * shard as u128 + (width - 1)))
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
    let folded = folded(inputs, up_to, bounds, |part| done(part * FOLDING)).await?;
    folded.give_over(|part| done(FOLDING + part * (1.0 - FOLDING))).await
}

/// All contacts as of a position; the store was told of the fields that workspaces define. Says which part of that is done.
pub(super) async fn folded(
    inputs: &Inputs,
    up_to: u64,
    bounds: Bounds,
    mut done: impl FnMut(f64),
) -> Result<Folded, AppError> {
    let mut windows = windows(inputs.clone(), up_to, bounds.window);
    let mut bulk = Bulk::new(inputs.clone());
    while let Some(window) = windows.recv().await.transpose()? {
        let last = window.last;
        bulk.fold(window).await?;
        if bulk.packed() > bounds.packed {
            bulk.spill().await?;
        }
        done(last as f64 / up_to as f64);
    }
    let fields = bulk.settle(up_to).await?;
    inputs.read.apply(told(fields), 0, 0).await?;
    Ok(Folded::of(bulk, up_to))
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

    /// Whoever was in memory has been taken.
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
pub(super) async fn spilled(inputs: &Inputs, id: ContactId, up_to: u64) -> Result<Contact, AppError> {
    let stored = inputs.read.contact(id).await?;
    Ok(inputs.state_of(id, stored, up_to).await?.unwrap_or_else(|| Contact::absent(id)))
}

/// All contacts, as far as they are folded.
pub(super) struct Bulk {
    pub(super) inputs: Inputs,
    shards: Vec<Shard>,
    /// What workspaces define.
    defined: Vec<Entry>,
    /// Whether what is not in memory may be stored.
    pub(super) is_spilled: bool,
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
                self.inputs.read.apply(told(rows), 0, 0).await?;
            }
            (shard.states, shard.packed) = Default::default();
        }
        self.is_spilled = true;
        Ok(())
    }

    /// Ends folding: the states of those who had values of a contact that is erased by now are folded anew, and where some
    /// were stored, all are. Answers the fields that workspaces define.
    async fn settle(&mut self, up_to: u64) -> Result<Vec<DocumentChange>, AppError> {
        if self.is_spilled {
            self.spill().await?;
        }
        let (mut fields, mut states) = (Vec::new(), Vec::new());
        for row in self.last_rows(up_to)? {
            match row {
                DocumentChange::State(state) => states.push(state),
                DocumentChange::Field { .. } => fields.push(row),
                // They are composed with all others.
                DocumentChange::Lookups { .. } => {}
            }
        }
        if self.is_spilled {
            let rows = states.into_iter().map(DocumentChange::State).collect();
            self.inputs.read.apply(told(rows), 0, 0).await?;
            return Ok(fields);
        }
        for state in states {
            let shard = &mut self.shards[shard_of(state.id)];
            shard.take(state.id)?;
            shard.put(&state)?;
        }
        Ok(fields)
    }

    /// What is known only when everything is folded.
    fn last_rows(&mut self, up_to: u64) -> Result<Vec<DocumentChange>, AppError> {
        let defined = std::mem::take(&mut self.defined);
        let erased = self.shards.iter_mut().flat_map(|shard| std::mem::take(&mut shard.erased)).collect::<Vec<_>>();
        block_in_place(|| {
            let (handle, mut documents) = (Handle::current(), Documents::new(AT_ONCE));
            let mut known = Known::of(self, &handle, up_to);
            documents.fold(&defined, &mut known)?;
            documents.forget(&erased, up_to, &mut known)?;
            Ok(documents.changes(&mut known)?.rows)
        })
    }

    /// Who is in memory, by parts of the ids; in each in their order.
    pub(super) fn ids(&self) -> Vec<Vec<ContactId>> {
        self.shards.iter().map(Shard::ids).collect()
    }

    /// The state of a contact that is in memory.
    pub(super) fn held(&self, id: ContactId) -> Result<Option<Contact>, AppError> {
        self.shards[shard_of(id)].states.get(&id).map(|packed| unpacked(packed)).transpose()
    }
}
