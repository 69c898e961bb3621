//! The projectors side by side: each takes the entries after its own checkpoint.

use std::collections::HashMap;
use std::sync::Arc;

use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::{Contact, evolve};
use dossier_projections::documents::{DocumentChange, Documents, Entry, Source};
use dossier_projections::mac::{self, Mac};
use dossier_projections::tags::ShownTags;
use dossier_projections::unfinished::Unfinished;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::app::AppError;
use crate::ports::read_store::{Changes, Projection, ReadError, ReadStore, StoredContact};
use crate::ports::{Direction, EventStore};
use crate::sealing::Codec;

/// Events read at once from one stream.
const STREAM_PAGE: usize = 1_000;
/// How much may be folded and not stored yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Changed contacts, at most about so many. Many of them stored in the order of their keys write each page of the
    /// file once.
    pub(super) contacts: usize,
    /// Events, at most about so many.
    pub(super) events: u64,
}

/// Of what follows the log: little, so that little is read again after a crash.
const FOLLOWING: Room = Room { contacts: 1 << 14, events: 1 << 17 };

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

    async fn history(&self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, AppError> {
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
}

/// The state of every projector, as far as it lives between batches.
pub struct Projectors {
    inputs: Inputs,
    handle: Handle,
    documents: Documents,
    /// Changes of tags that were stored and not yet counted.
    tagged: Vec<ShownTags>,
    mac: HashMap<Arc<str>, Mac>,
    unfinished: Unfinished,
    /// How far each has folded.
    folded: [u64; 3],
    /// How far each has stored what it folded, or is about to.
    checkpoints: [u64; 3],
    room: Room,
    /// What is being stored while folding goes on.
    beside: Beside,
}

/// What is being stored while folding goes on, if anything is.
#[derive(Default)]
struct Beside(Option<JoinHandle<Result<(), ReadError>>>);

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
    /// Projectors that go on where the read store stands; contact states remembered between batches: `capacity`.
    ///
    /// # Errors
    /// The read store failed.
    pub async fn resume(inputs: Inputs, capacity: usize) -> Result<Self, AppError> {
        let mut rows: HashMap<Arc<str>, Vec<mac::MacRow>> = HashMap::new();
        for (workspace, row) in inputs.read.mac_rows().await? {
            rows.entry(workspace).or_default().push(row);
        }
        let mut checkpoints = [0; 3];
        for projection in Projection::ALL {
            checkpoints[projection as usize] = inputs.read.checkpoint(projection).await?;
        }
        Ok(Projectors {
            documents: Documents::new(capacity),
            tagged: Vec::new(),
            mac: rows.into_iter().map(|(workspace, rows)| (workspace, Mac::restore(rows))).collect(),
            unfinished: inputs.read.unfinished().await?,
            handle: Handle::current(),
            folded: checkpoints,
            checkpoints,
            room: FOLLOWING,
            beside: Beside::default(),
            inputs,
        })
    }

    /// The same projectors, with another room for what is not stored yet.
    pub(super) fn with_room(self, room: Room) -> Self {
        Projectors { room, ..self }
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
        let ahead = |(folded, stored): (&u64, &u64)| folded - stored >= self.room.events;
        self.documents.pending() >= self.room.contacts || self.folded.iter().zip(&self.checkpoints).any(ahead)
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
                self.with_documents(|documents, source| documents.fold(fresh, source))?;
            }
            Projection::Mac => self.count(fresh),
            Projection::Unfinished => {
                for entry in fresh {
                    self.unfinished.apply(&entry.stream, entry.revision, entry.position, &entry.event);
                }
            }
        }
        self.folded[projection as usize] = last.position;
        Ok(())
    }

    /// Stores what one projection has folded, with its checkpoint. However many events changed a contact meanwhile, it
    /// is written once.
    ///
    /// # Errors
    /// As [`Projectors::fold`].
    pub async fn store(&mut self, projection: Projection) -> Result<(), AppError> {
        self.beside.settle().await?;
        let (from, to) = self.unstored(projection);
        if from < to {
            let changes = self.changes(projection)?;
            self.inputs.read.apply(changes, from, to).await?;
            self.checkpoints[projection as usize] = to;
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
        let (from, to) = self.unstored(projection);
        if from < to {
            let changes = self.changes(projection)?;
            let (read, handle) = (self.inputs.read.clone(), self.handle.clone());
            let storing = tokio::task::spawn_blocking(move || handle.block_on(read.apply(changes, from, to)));
            self.beside = Beside(Some(storing));
            self.checkpoints[projection as usize] = to;
        }
        Ok(())
    }

    /// Where a projection was stored last, and how far it has folded since.
    fn unstored(&self, projection: Projection) -> (u64, u64) {
        (self.checkpoints[projection as usize], self.folded[projection as usize])
    }

    /// What one projection has folded since the last call.
    fn changes(&mut self, projection: Projection) -> Result<Changes, AppError> {
        Ok(match projection {
            Projection::Contacts => {
                let mut changes = self.with_documents(|documents, source| documents.changes(source))?;
                let tags = |change: &mut DocumentChange| matches!(change, DocumentChange::Tags(_));
                self.tagged.extend(changes.extract_if(.., tags).filter_map(|change| match change {
                    DocumentChange::Tags(shown) => Some(shown),
                    _ => None,
                }));
                Changes::Contacts(changes)
            }
            Projection::Mac => Changes::Mac(self.counted()),
            Projection::Unfinished => Changes::Unfinished(self.unfinished.clone()),
        })
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

    /// What contacts show of tags since the last call; in the order of the log.
    pub fn take_tagged(&mut self) -> Vec<ShownTags> {
        std::mem::take(&mut self.tagged)
    }

    fn count(&mut self, entries: &[Entry]) {
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
            }
        }
    }

    /// What counting changed since the last call.
    fn counted(&mut self) -> Vec<(Arc<str>, mac::MacChange)> {
        let of = |(workspace, mac): (&Arc<str>, &mut Mac)| {
            let workspace = workspace.clone();
            mac.take_changes().into_iter().map(move |change| (workspace.clone(), change)).collect::<Vec<_>>()
        };
        self.mac.iter_mut().flat_map(of).collect()
    }
}

/// Looks up, for the projector of documents, what it does not remember.
struct Looking<'a> {
    inputs: &'a Inputs,
    handle: &'a Handle,
    checkpoint: u64,
    beside: &'a mut Beside,
}

impl Source for Looking<'_> {
    type Error = AppError;

    fn state(&mut self, contact: ContactId) -> Result<Option<Contact>, AppError> {
        self.handle.block_on(self.beside.settle())?;
        match self.handle.block_on(self.inputs.read.contact(contact))? {
            StoredContact::Found(state) => Ok(Some(*state)),
            StoredContact::Absent => Ok(None),
            StoredContact::Unreadable => {
                let mut state = Contact::absent(contact);
                for entry in self.history(contact, self.checkpoint)? {
                    evolve(&mut state, &entry.fact());
                }
                Ok(Some(state))
            }
        }
    }

    fn history(&mut self, contact: ContactId, up_to: u64) -> Result<Vec<Entry>, AppError> {
        self.handle.block_on(self.inputs.history(contact, up_to))
    }
}
