//! What folded contacts come to: what each shows, composed whole from the states of all that is absorbed in it, and by which
//! values it is found. A store takes it at once where it can, or row by row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dossier_domain::ids::ContactId;
use dossier_domain::state::Contact;
use dossier_projections::documents::{DocumentChange, Entry, Source, values_of};
use dossier_projections::trees::{States, root_of};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinSet, spawn_blocking};

use super::bulk::{AT_ONCE, Bulk, SHARDS, last_of, spilled};
use super::projectors::Inputs;
use crate::app::AppError;
use crate::ports::read_store::{Changes, Load, Loaded};

/// Contacts that are loaded at once, by so many side by side.
const LOADED_AT_ONCE: usize = 1 << 10;
const SIDE_BY_SIDE: usize = 4;

/// Contacts that are all folded up to a position.
pub(super) struct Folded {
    bulk: Bulk,
    /// Who is in memory, by parts of the ids.
    ids: Vec<Vec<ContactId>>,
    up_to: u64,
}

impl Folded {
    pub(super) fn of(bulk: Bulk, up_to: u64) -> Self {
        Folded { ids: bulk.ids(), bulk, up_to }
    }

    /// Has the store take all of them, and the position; says which part of that is done.
    ///
    /// # Errors
    /// A store failed.
    pub(super) async fn give_over(self, done: impl FnMut(f64)) -> Result<(), AppError> {
        let load = self.bulk.inputs.read.load(self.up_to).await?;
        match load {
            Some(load) => Arc::new(self).load(load, done).await,
            None => Arc::new(self).store(done).await,
        }
    }

    /// Several compose and bring what is composed, a part of the ids each.
    pub(super) async fn load(self: Arc<Self>, load: Arc<dyn Load>, mut done: impl FnMut(f64)) -> Result<(), AppError> {
        let (tell, mut told) = mpsc::channel(SIDE_BY_SIDE);
        let (next, mut loading) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for _ in 0..SIDE_BY_SIDE {
            let (folded, load, next, tell) = (self.clone(), load.clone(), next.clone(), tell.clone());
            let handle = Handle::current();
            loading.spawn_blocking(move || folded.load_parts(&*load, &next, &tell, &handle));
        }
        drop(tell);
        let mut loaded = 0;
        while let Some(count) = told.recv().await.transpose()? {
            loaded += count;
            done(self.part_of_all(loaded));
        }
        while let Some(ended) = loading.join_next().await {
            ended.map_err(|error| AppError::Internal(error.to_string()))?;
        }
        // Indexes are made of what came: states need no room any more.
        drop(self);
        Ok(load.finish().await?)
    }

    /// Loads parts that nobody else has taken, and tells how many contacts came.
    fn load_parts(&self, load: &dyn Load, next: &AtomicUsize, tell: &Sender<Result<usize, AppError>>, handle: &Handle) {
        let parts = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let pages = parts.take_while(|part| *part < SHARDS).flat_map(|part| self.pages(part, LOADED_AT_ONCE, handle));
        for page in pages {
            let loaded = page.and_then(|page| {
                let count = page.len();
                handle.block_on(load.take(page))?;
                Ok(count)
            });
            let failed = loaded.is_err();
            // Whoever no longer listens has failed already.
            if tell.blocking_send(loaded).is_err() || failed {
                return;
            }
        }
    }

    /// Stores rows in the order of the ids.
    async fn store(self: Arc<Self>, mut done: impl FnMut(f64)) -> Result<(), AppError> {
        let read = self.bulk.inputs.read.clone();
        let mut ahead = self.clone().ahead();
        let mut stored = 0;
        while let Some(rows) = ahead.recv().await.transpose()? {
            read.apply(told(rows), 0, 0).await?;
            stored += AT_ONCE;
            done(self.part_of_all(stored));
        }
        Ok(read.apply(told(Vec::new()), 0, self.up_to).await?)
    }

    /// The rows of all contacts, put together ahead of being stored.
    fn ahead(self: Arc<Self>) -> Receiver<Result<Vec<DocumentChange>, AppError>> {
        let (sender, receiver) = mpsc::channel(1);
        let handle = Handle::current();
        spawn_blocking(move || {
            for page in (0..SHARDS).flat_map(|part| self.pages(part, AT_ONCE, &handle)) {
                let failed = page.is_err();
                let rows = page.map(|page| page.into_iter().flat_map(rows_of).collect());
                // Whoever no longer listens has failed already.
                if sender.blocking_send(rows).is_err() || failed {
                    return;
                }
            }
        });
        receiver
    }

    fn pages<'f>(&'f self, part: usize, at_once: usize, handle: &'f Handle) -> Pages<'f> {
        Pages { folded: self, part, at_once, handle, after: None }
    }

    fn part_of_all(&self, count: usize) -> f64 {
        let all = self.ids.iter().map(Vec::len).sum::<usize>().max(1);
        (count as f64 / all as f64).min(1.0)
    }
}

/// Contacts of a part of the ids in their order, composed page by page.
struct Pages<'f> {
    folded: &'f Folded,
    part: usize,
    at_once: usize,
    handle: &'f Handle,
    after: Option<ContactId>,
}

impl Pages<'_> {
    fn page(&mut self) -> Result<Vec<Loaded>, AppError> {
        let Folded { bulk, up_to, .. } = self.folded;
        let states = if bulk.is_spilled { self.stored()? } else { self.held()? };
        self.after = states.last().map(|state| state.id);
        let mut known = Known::of(bulk, self.handle, *up_to);
        let composed = states.into_iter().map(|state| {
            known.at = Some(state.clone());
            let root = root_of(&mut known, state.id)?;
            let view = if root.state.id == state.id { root.view(&mut known)? } else { None };
            Ok(Loaded { state: (!bulk.is_spilled).then_some(state), view })
        });
        composed.collect()
    }

    fn held(&self) -> Result<Vec<Arc<Contact>>, AppError> {
        let ids = &self.folded.ids[self.part];
        let from = self.after.map_or(0, |after| ids.partition_point(|id| *id <= after));
        let held = ids[from..].iter().take(self.at_once).map(|id| self.folded.bulk.held(*id));
        held.filter_map(|state| state.transpose().map(|state| state.map(Arc::new))).collect()
    }

    fn stored(&self) -> Result<Vec<Arc<Contact>>, AppError> {
        let Inputs { read, .. } = &self.folded.bulk.inputs;
        let before = self.part.checked_sub(1).map(last_of);
        let page = read.contacts_between(self.after.or(before), last_of(self.part), self.at_once);
        let mut states = Vec::with_capacity(self.at_once);
        for (id, stored) in self.handle.block_on(page)? {
            let state = self.handle.block_on(self.folded.bulk.inputs.state_of(id, stored, self.folded.up_to))?;
            states.extend(state.map(Arc::new));
        }
        Ok(states)
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Vec<Loaded>, AppError>;

    /// After an error it is of no use any more.
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.page()).filter(|page| !page.as_ref().is_ok_and(Vec::is_empty))
    }
}

/// What is known of all contacts, in memory or stored.
pub(super) struct Known<'b> {
    bulk: &'b Bulk,
    /// The one that is composed.
    at: Option<Arc<Contact>>,
    handle: &'b Handle,
    up_to: u64,
}

impl<'b> Known<'b> {
    pub(super) fn of(bulk: &'b Bulk, handle: &'b Handle, up_to: u64) -> Self {
        Known { bulk, at: None, handle, up_to }
    }

    fn own(&self, id: ContactId) -> Result<Contact, AppError> {
        match self.bulk.held(id)? {
            Some(state) => Ok(state),
            None if self.bulk.is_spilled => self.handle.block_on(spilled(&self.bulk.inputs, id, self.up_to)),
            None => Ok(Contact::absent(id)),
        }
    }
}

impl States for Known<'_> {
    type Error = AppError;

    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, AppError> {
        match self.at.as_ref().filter(|state| state.id == id) {
            Some(state) => Ok(state.clone()),
            None => self.own(id).map(Arc::new),
        }
    }
}

impl Source for Known<'_> {
    type Error = AppError;

    fn state(&mut self, contact: ContactId) -> Result<Option<Contact>, AppError> {
        self.own(contact).map(Some)
    }

    fn history(&mut self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, AppError> {
        self.handle.block_on(self.bulk.inputs.history(contact, up_to))
    }
}

/// The rows of a contact: by which values it is found, and its state where that was not stored before.
fn rows_of(Loaded { state, view }: Loaded) -> impl Iterator<Item = DocumentChange> {
    let lookups = view.map(|view| DocumentChange::Lookups {
        contact: view.id,
        values: values_of(&view),
        workspace: view.workspace,
    });
    lookups.into_iter().chain(state.map(DocumentChange::State))
}

/// What is told to a store of contacts while they are folded.
pub(super) fn told(rows: Vec<DocumentChange>) -> Changes {
    Changes::Contacts(rows, Vec::new(), Vec::new())
}
