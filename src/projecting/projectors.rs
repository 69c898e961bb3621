//! The projectors side by side: each takes the entries after its own checkpoint.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::{Contact, evolve};
use dossier_domain::workspace::Workspace;
use dossier_projections::daily::Daily;
use dossier_projections::directory::Meaning;
use dossier_projections::documents::{Changed, Documents, Entry, Shown, Source};
use dossier_projections::mac::{self, Mac};
use dossier_projections::unfinished::Unfinished;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::app::AppError;
use crate::ports::read_store::{Changes, FeedWrite, Projection, ReadError, ReadStore, StoredContact};
use crate::ports::{Direction, EventStore};
use crate::sealing::Codec;

/// Events read at once from one stream.
const STREAM_PAGE: usize = 1_000;
/// How much the projectors hold in memory.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// States of contacts that are remembered besides those that changed.
    pub remembered: usize,
    /// Changed contacts that wait to be stored, about. Many of them stored in the order of their keys write each page of
    /// the file once, and a contact that changes again before is written once.
    pub contacts_pending: usize,
    /// Events folded and not yet stored, about: what a start after a crash folds again.
    pub events_pending: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { remembered: 1 << 16, contacts_pending: 1 << 14, events_pending: 1 << 17 }
    }
}

impl Bounds {
    /// For much that nobody reads meanwhile: what is written seldom is written little.
    pub const BULK: Bounds = Bounds { remembered: 1 << 14, contacts_pending: 1 << 16, events_pending: 1 << 20 };
}

/// What the projectors read from.
#[derive(Clone)]
pub struct Inputs {
    /// The log.
    pub store: Arc<dyn EventStore>,
    /// Opens events.
    pub codec: Arc<Codec>,
    /// Holds what was projected so far.
    pub read: Arc<dyn ReadStore>,
}

impl Inputs {
    /// The next entries of the log, opened; and how many could not be opened although nobody erased them.
    pub async fn entries(&self, after: u64, limit: usize) -> Result<(Vec<Entry>, u64), AppError> {
        let page = self.store.read_all(after, limit).await?;
        let mut damaged = 0;
        let mut entries = Vec::with_capacity(page.len());
        let mut opener = self.codec.opener();
        for recorded in page {
            let opened = opener.open(&recorded).await?;
            damaged += u64::from(opened.damaged);
            entries.push(Entry {
                position: recorded.position,
                revision: recorded.revision,
                stream: recorded.stream,
                event: opened.event,
                meta: opened.meta,
            });
        }
        Ok((entries, damaged))
    }

    /// The events of a contact's stream up to a position, opened.
    pub(super) async fn history(&self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, AppError> {
        let stream = Stream::Contact(contact);
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let from = entries.len() as u64;
            let page = self.store.read_stream(&stream, from, Direction::Forward, STREAM_PAGE).await?;
            let full = page.len() == STREAM_PAGE;
            let mut opener = self.codec.opener();
            for recorded in page {
                if recorded.position > up_to {
                    return Ok(entries);
                }
                let opened = opener.open(&recorded).await?;
                entries.push(Entry {
                    position: recorded.position,
                    revision: recorded.revision,
                    stream: recorded.stream,
                    event: opened.event,
                    meta: opened.meta,
                });
            }
            if !full {
                return Ok(entries);
            }
        }
    }

    /// What is stored of a contact, as of a position; folded from the log up to there where it can't be opened any more.
    pub(super) async fn state_of(
        &self,
        contact: ContactId,
        stored: StoredContact,
        up_to: u64,
    ) -> Result<Option<Contact>, AppError> {
        match stored {
            StoredContact::Found(state) => Ok(Some(*state)),
            StoredContact::Absent => Ok(None),
            StoredContact::Unreadable => self.folded(contact, up_to).await.map(Some),
        }
    }

    /// The state folded from the log up to a position.
    async fn folded(&self, contact: ContactId, up_to: u64) -> Result<Contact, AppError> {
        let mut state = Contact::absent(contact);
        for entry in self.history(contact, up_to).await? {
            evolve(&mut state, &entry.fact());
        }
        Ok(state)
    }

    /// A workspace as of a position.
    pub(super) async fn workspace(&self, workspace: &Arc<str>, up_to: u64) -> Result<Workspace, AppError> {
        let stream = Stream::Workspace(workspace.clone());
        let mut state = Workspace::default();
        for recorded in self.store.read_stream(&stream, 0, Direction::Forward, usize::MAX).await? {
            if recorded.position > up_to {
                break;
            }
            let opened = self.codec.open(&recorded).await?;
            state.evolve(&opened.event, recorded.revision, recorded.position);
        }
        Ok(state)
    }

    /// What a workspace's contacts mean as of a position.
    pub(super) async fn meaning(&self, workspace: &Arc<str>, up_to: u64) -> Result<Meaning, AppError> {
        let state = self.workspace(workspace, up_to).await?;
        Ok(Meaning {
            fields: Arc::new(state.definitions()),
            active_days: state.settings.active_days,
            segments: state.segments.values().map(|segment| (segment.id, segment.filter.clone())).collect(),
        })
    }
}

/// The state of every projector, as far as it lives between batches.
pub struct Projectors {
    inputs: Inputs,
    bounds: Bounds,
    handle: Handle,
    documents: Documents,
    /// Workspaces whose own streams went on, and nobody has looked yet.
    redefined: BTreeSet<Arc<str>>,
    /// Whether a segment was defined meanwhile.
    segments_come: bool,
    mac: HashMap<Arc<str>, Mac>,
    daily: Daily,
    unfinished: Unfinished,
    /// How far each has folded.
    folded: [u64; 3],
    /// How far each has stored what it folded, or is about to.
    checkpoints: [u64; 3],
    /// Events that each has folded since then: positions may have gaps.
    pending: [u64; 3],
    /// What is being stored while folding goes on.
    beside: Beside,
}

/// Changes that lead a projection from a position to another.
pub(super) struct Unwritten {
    changes: Changes,
    from: u64,
    to: u64,
}

impl Unwritten {
    /// Stores them; answers where they lead.
    pub(super) async fn write(self, read: &dyn ReadStore) -> Result<u64, ReadError> {
        read.apply(self.changes, self.from, self.to).await?;
        Ok(self.to)
    }
}

/// What is being stored while folding goes on, if anything is.
#[derive(Default)]
pub(super) struct Beside(Option<JoinHandle<Result<(), ReadError>>>);

impl Beside {
    /// Waits until it is stored.
    async fn settle(&mut self) -> Result<(), AppError> {
        match self.0.take() {
            Some(storing) => Ok(storing.await.map_err(|error| AppError::Internal(error.to_string()))??),
            None => Ok(()),
        }
    }
}

impl Projectors {
    /// Projectors that go on where the read store stands.
    ///
    /// # Errors
    /// The read store failed.
    pub async fn resume(inputs: Inputs, bounds: Bounds) -> Result<Self, AppError> {
        let mut resumed = Projectors::idle(inputs, bounds);
        let read = resumed.inputs.read.clone();
        let mut rows: HashMap<Arc<str>, Vec<mac::MacRow>> = HashMap::new();
        for (workspace, row) in read.mac_rows().await? {
            rows.entry(workspace).or_default().push(row);
        }
        for projection in Projection::ALL {
            resumed.checkpoints[projection as usize] = read.checkpoint(projection).await?;
        }
        resumed.folded = resumed.checkpoints;
        resumed.mac = rows.into_iter().map(|(workspace, rows)| (workspace, Mac::restore(rows))).collect();
        resumed.unfinished = read.unfinished().await?;
        Ok(resumed.showing(false))
    }

    /// Projectors that know nothing: of a process that does not project.
    pub(super) fn idle(inputs: Inputs, bounds: Bounds) -> Self {
        Projectors {
            bounds,
            handle: Handle::current(),
            documents: Documents::new(bounds.remembered),
            redefined: BTreeSet::new(),
            segments_come: false,
            mac: HashMap::new(),
            daily: Daily::default(),
            unfinished: Unfinished::default(),
            folded: [0; 3],
            checkpoints: [0; 3],
            pending: [0; 3],
            beside: Beside::default(),
            inputs,
        }
    }

    /// Where reading must go on: somebody has folded no further.
    pub fn folded(&self) -> u64 {
        self.folded.iter().copied().min().unwrap_or_default()
    }

    /// The lowest checkpoint.
    pub fn lowest(&self) -> u64 {
        self.checkpoints.iter().copied().min().unwrap_or_default()
    }

    /// Whether so much was folded and is not stored yet that it is time to.
    pub fn is_full(&self) -> bool {
        let is_much = |pending: &u64| *pending >= self.bounds.events_pending;
        self.documents.pending() >= self.bounds.contacts_pending || self.pending.iter().any(is_much)
    }

    /// Where a projection stands.
    pub fn checkpoint(&self, projection: Projection) -> u64 {
        self.checkpoints[projection as usize]
    }

    /// The MAC fold of a workspace.
    pub fn mac(&self, workspace: &str) -> Option<&Mac> {
        self.mac.get(workspace)
    }

    /// The MAC folds of all workspaces.
    pub fn macs(&self) -> impl Iterator<Item = (&Arc<str>, &Mac)> {
        self.mac.iter()
    }

    /// What stands unfinished.
    pub fn unfinished(&self) -> &Unfinished {
        &self.unfinished
    }

    /// Folds entries into one projection, beyond what it has folded already.
    ///
    /// # Errors
    /// A store failed; the projectors must then be resumed anew.
    pub fn fold(&mut self, projection: Projection, entries: &[Entry]) -> Result<(), AppError> {
        let from = self.folded[projection as usize];
        let fresh = &entries[entries.partition_point(|entry| entry.position <= from)..];
        let Some(last) = fresh.last() else { return Ok(()) };
        match projection {
            Projection::Contacts => {
                self.look_ahead(fresh)?;
                self.with_documents(|documents, source| documents.fold(fresh, source))?;
                self.redefined.extend(fresh.iter().filter_map(|entry| match &entry.stream {
                    Stream::Workspace(name) => Some(name.clone()),
                    _ => None,
                }));
                self.segments_come |= fresh.iter().any(|entry| matches!(entry.event, Event::SegmentDefined(_)));
            }
            Projection::Mac => self.count(fresh),
            Projection::Unfinished => {
                for entry in fresh {
                    self.unfinished.apply(&entry.stream, entry.revision, entry.position, &entry.event);
                }
            }
        }
        self.folded[projection as usize] = last.position;
        self.pending[projection as usize] += fresh.len() as u64;
        Ok(())
    }

    /// Looks up together whoever is folded next and not remembered: one by one, each would be a way to the store and back.
    /// Who can't be read is left to whoever folds it.
    fn look_ahead(&mut self, entries: &[Entry]) -> Result<(), AppError> {
        let unknown = entries.iter().filter_map(|entry| match entry.stream {
            Stream::Contact(id) if !self.documents.remembers(id) => Some(id),
            _ => None,
        });
        let mut unknown: BTreeSet<ContactId> = unknown.take(self.bounds.remembered).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let ids: Vec<ContactId> = unknown.iter().copied().collect();
        let (handle, inputs, beside) = (&self.handle, &self.inputs, &mut self.beside);
        let found = tokio::task::block_in_place(|| {
            handle.block_on(beside.settle())?;
            Ok::<_, AppError>(handle.block_on(inputs.read.contacts(&ids))?)
        })?;
        for (id, stored) in found {
            match stored {
                StoredContact::Found(state) => self.documents.remember(Arc::from(state)),
                StoredContact::Absent => continue,
                StoredContact::Unreadable => {}
            }
            unknown.remove(&id);
        }
        unknown.into_iter().for_each(|id| self.documents.remember(Arc::new(Contact::absent(id))));
        Ok(())
    }

    /// Stores what one projection has folded, with its checkpoint. However many events changed a contact meanwhile, it
    /// is written once.
    ///
    /// # Errors
    /// As [`Projectors::fold`].
    pub async fn store(&mut self, projection: Projection) -> Result<(), AppError> {
        self.beside.settle().await?;
        if let Some(unwritten) = self.unwritten(projection)? {
            let to = unwritten.write(&*self.inputs.read).await?;
            self.stored(projection, to);
        }
        Ok(())
    }

    /// As [`Projectors::store`], while folding goes on. An error comes with the next store, or with the next look at what
    /// is stored.
    ///
    /// # Errors
    /// As [`Projectors::fold`].
    pub(super) async fn store_beside(&mut self, projection: Projection) -> Result<(), AppError> {
        self.beside.settle().await?;
        if let Some(unwritten) = self.unwritten(projection)? {
            self.stored(projection, unwritten.to);
            let (read, handle) = (self.inputs.read.clone(), self.handle.clone());
            let storing = tokio::task::spawn_blocking(move || handle.block_on(unwritten.write(&*read)).map(drop));
            self.beside = Beside(Some(storing));
        }
        Ok(())
    }

    /// What one projection has folded and not stored, to be stored by whoever asked: [`Projectors::stored`] then says so.
    ///
    /// # Errors
    /// As [`Projectors::fold`].
    pub(super) fn unwritten(&mut self, projection: Projection) -> Result<Option<Unwritten>, AppError> {
        let (from, to) = self.unstored(projection);
        let unwritten = || Ok(Unwritten { changes: self.changes(projection)?, from, to });
        (from < to).then(unwritten).transpose()
    }

    /// What was unwritten is stored up to there.
    pub(super) fn stored(&mut self, projection: Projection, to: u64) {
        self.checkpoints[projection as usize] = to;
        self.pending[projection as usize] = 0;
    }

    /// Where a projection was stored last, and how far it has folded since.
    fn unstored(&self, projection: Projection) -> (u64, u64) {
        (self.checkpoints[projection as usize], self.folded[projection as usize])
    }

    /// What one projection has folded since the last call.
    fn changes(&mut self, projection: Projection) -> Result<Changes, AppError> {
        Ok(match projection {
            Projection::Contacts => {
                let Changed { rows, shown } = self.changed_contacts()?;
                Changes::Contacts(rows, Vec::new(), self.wanted(shown))
            }
            Projection::Mac => Changes::Mac(self.counted()),
            Projection::Unfinished => Changes::Unfinished(self.unfinished.clone()),
        })
    }

    /// What the folded events change in contacts, to be stored by [`Projectors::store_contacts`] and shown.
    ///
    /// # Errors
    /// As [`Projectors::fold`].
    pub(super) fn changed_contacts(&mut self) -> Result<Changed, AppError> {
        self.with_documents(|documents, source| documents.changes(source))
    }

    /// Stores contacts that changed, and what this comes to in the feed of segments, together.
    ///
    /// # Errors
    /// As [`Projectors::fold`].
    pub(super) async fn store_contacts(&mut self, changed: Changed, feed: Vec<FeedWrite>) -> Result<(), AppError> {
        self.beside.settle().await?;
        let (from, to) = self.unstored(Projection::Contacts);
        let Changed { rows, shown } = changed;
        self.inputs.read.apply(Changes::Contacts(rows, feed, self.wanted(shown)), from, to).await?;
        self.stored(Projection::Contacts, to);
        self.segments_come = false;
        Ok(())
    }

    /// What contacts show, as far as the read store wants it.
    fn wanted(&self, shown: Vec<Shown>) -> Vec<Shown> {
        if self.inputs.read.wants_shown() { shown } else { Vec::new() }
    }

    /// How far a projection has folded.
    pub(super) fn folded_of(&self, projection: Projection) -> u64 {
        self.folded[projection as usize]
    }

    /// Whether a segment is defined by what was folded and is not stored yet.
    pub(super) fn segments_come(&self) -> bool {
        self.segments_come
    }

    /// The projector of documents, with a source that may wait for a store.
    fn with_documents<T>(
        &mut self,
        work: impl FnOnce(&mut Documents, &mut Looking<'_>) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let checkpoint = self.checkpoints[Projection::Contacts as usize];
        let mut source = Looking { inputs: &self.inputs, handle: &self.handle, checkpoint, beside: &mut self.beside };
        tokio::task::block_in_place(|| work(&mut self.documents, &mut source))
    }

    /// Whether what contacts show is composed whenever it changes, for an index; for the read store it is wherever that
    /// wants it.
    pub fn show(&mut self, showing: bool) {
        self.documents.show(showing || self.inputs.read.wants_shown());
    }

    /// As [`Projectors::show`].
    #[must_use]
    pub fn showing(mut self, showing: bool) -> Self {
        self.show(showing);
        self
    }

    /// The workspaces whose own streams went on since the last call.
    pub fn take_redefined(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.redefined)
    }

    fn count(&mut self, entries: &[Entry]) {
        let shows = self.inputs.read.wants_shown();
        for entry in entries {
            let workspace = &entry.meta.workspace;
            if !self.mac.contains_key(workspace) {
                self.mac.insert(workspace.clone(), Mac::new());
            }
            if let Some(mac) = self.mac.get_mut(workspace) {
                let recorded_at = entry.meta.recorded_at;
                mac.apply(&mac::Fact {
                    stream: &entry.stream,
                    position: entry.position,
                    recorded_at,
                    event: &entry.event,
                });
                if shows {
                    self.daily.count(workspace, mac.zone(), &entry.event);
                }
            }
        }
    }

    /// What counting changed since the last call.
    fn counted(&mut self) -> Vec<(Arc<str>, mac::MacChange)> {
        let of = |(workspace, mac): (&Arc<str>, &mut Mac)| {
            let workspace = workspace.clone();
            mac.take_changes().into_iter().map(move |change| (workspace.clone(), change)).collect::<Vec<_>>()
        };
        let daily =
            self.daily.take().map(|(workspace, alike, count)| (workspace, mac::MacChange::Counted(alike, count)));
        self.mac.iter_mut().flat_map(of).chain(daily).collect()
    }
}

/// Looks up, for the projector of documents, what it does not remember.
pub(super) struct Looking<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) handle: &'a Handle,
    pub(super) checkpoint: u64,
    pub(super) beside: &'a mut Beside,
}

impl Looking<'_> {
    /// The own state; that of a contact without history is absent.
    pub(super) fn own(&mut self, contact: ContactId) -> Result<Arc<Contact>, AppError> {
        Ok(Arc::new(self.state(contact)?.unwrap_or_else(|| Contact::absent(contact))))
    }
}

impl Source for Looking<'_> {
    type Error = AppError;

    fn state(&mut self, contact: ContactId) -> Result<Option<Contact>, AppError> {
        self.handle.block_on(self.beside.settle())?;
        let stored = self.handle.block_on(self.inputs.read.contact(contact))?;
        self.handle.block_on(self.inputs.state_of(contact, stored, self.checkpoint))
    }

    fn history(&mut self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, AppError> {
        self.handle.block_on(self.inputs.history(contact, up_to))
    }
}
