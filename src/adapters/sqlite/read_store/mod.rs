//! The embedded read models: one SQLite file a projection, so that each is rebuilt beside the living one and swapped.
//!
//! A contact's row is sealed with its own key and those of all whose values lie in it: no file holds personal plain
//! text, and erasing a contact needs nothing but its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, Mark, SegmentId};
use dossier_domain::state::Contact;
use dossier_projections::documents::{DocumentChange, LookupValue};
use dossier_projections::mac::{MacChange, MacRow, Member};
use dossier_projections::unfinished::Unfinished;
use parking_lot::RwLock;

use crate::ports::read_store::{
    Beside, Changes, ClosedCycle, FeedPart, FeedState, FeedWrite, PlainRow, Projection, ReadError, ReadStore,
    StoredContact,
};
use crate::sealing::{Codec, Marks};

mod feed;
mod file;
mod keys;
mod mac;
mod pending;
mod rows;
mod scratch;
mod sealed;

use self::file::{Journal, Write};
use self::rows::Rows;
use self::scratch::Scratch;
use super::super::states::{self, Form, shape};

/// The read models of a data folder. A clone is the same store.
#[derive(Clone)]
pub struct SqliteReadStore {
    folder: PathBuf,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
    files: Arc<[RwLock<Arc<Rows>>; 3]>,
}

impl SqliteReadStore {
    /// Opens the read models of a folder, making what is not there.
    ///
    /// # Errors
    /// A file can't be opened.
    pub fn open(folder: &Path, codec: Arc<Codec>, marks: Arc<Marks>) -> Result<Self, ReadError> {
        Self::open_with(folder, codec, marks, Journal::WriteAhead)
    }

    fn open_with(folder: &Path, codec: Arc<Codec>, marks: Arc<Marks>, journal: Journal) -> Result<Self, ReadError> {
        let open = |projection: Projection| {
            let rows = Rows::open(&file_of(folder, projection), form_of(projection), journal);
            let rows = rows.map_err(disposable(projection))?;
            Ok::<_, ReadError>(RwLock::new(Arc::new(rows)))
        };
        let files = Arc::new([open(Projection::Contacts)?, open(Projection::Mac)?, open(Projection::Unfinished)?]);
        Ok(SqliteReadStore { folder: folder.to_owned(), codec, marks, files })
    }

    fn file(&self, projection: Projection) -> Arc<Rows> {
        self.files[projection as usize].read().clone()
    }

    /// Rows of many contacts are sealed while those before them are written, and not all together: they would take more
    /// memory than their states.
    async fn write_contacts(
        &self,
        changes: Vec<DocumentChange>,
        feed: Vec<FeedWrite>,
        from: u64,
        to: u64,
    ) -> Result<Option<u64>, ReadError> {
        let mut changed = Vec::with_capacity(changes.len());
        let file = self.file(Projection::Contacts);
        for change in changes {
            match change {
                DocumentChange::State(state) => {
                    let form = states::form_of(&self.codec, &state).await?;
                    changed.push(Changed::State(state, form));
                }
                DocumentChange::Lookups { contact, workspace, values } => {
                    let marks = values.iter().map(|value| self.value_mark(&workspace, value));
                    self.lookup_writes(&file, contact, marks.collect(), &mut changed)?;
                }
                // Nobody reads columns here.
                DocumentChange::Field { .. } => {}
            }
        }
        // In the order of the file, each page is written once; what is done to one row stays in its order.
        changed.sort_by_cached_key(Changed::key);
        let writes = changed.into_iter().map(|changed| match changed {
            Changed::State(state, form) => Ok(Write::Put(keys::state(state.id), states::row(&state, form)?)),
            Changed::Row(write) => Ok(write),
        });
        match Rows::is_large(writes.len()) {
            true => made_ahead(writes, |writes| file.write_through(writes, feed, from, to)),
            false => file.write(writes, feed, from, to),
        }
    }

    /// The rows by which a contact is found, in the place of those by which it was.
    fn lookup_writes(
        &self,
        file: &Rows,
        contact: ContactId,
        marks: Vec<Mark>,
        changed: &mut Vec<Changed>,
    ) -> Result<(), ReadError> {
        let listed = keys::lookups_of(contact);
        let before = file.get(&listed)?;
        if before.is_none() && marks.is_empty() {
            return Ok(());
        }
        if let Some(before) = before {
            for mark in before.chunks_exact(16) {
                changed.push(Changed::Row(Write::Remove(keys::lookup(mark, contact))));
            }
        }
        if marks.is_empty() {
            changed.push(Changed::Row(Write::Remove(listed)));
            return Ok(());
        }
        let all: Vec<u8> = marks.iter().flat_map(|mark| mark.0).collect();
        let found_by = |mark: &Mark| Changed::Row(Write::Put(keys::lookup(&mark.0, contact), Vec::new()));
        changed.extend(marks.iter().map(found_by));
        changed.push(Changed::Row(Write::Put(listed, all)));
        Ok(())
    }

    fn value_mark(&self, workspace: &str, value: &LookupValue) -> Mark {
        match value {
            LookupValue::Email(folded) => self.marks.value(workspace, "email", folded),
            LookupValue::Phone(e164) => self.marks.value(workspace, "phone", e164),
        }
    }
}

/// A row to be written: sealed when its turn comes, or as it is.
enum Changed {
    State(Arc<Contact>, Form),
    Row(Write),
}

impl Changed {
    /// Where in the file it happens.
    fn key(&self) -> Vec<u8> {
        match self {
            Changed::State(state, _) => keys::state(state.id),
            Changed::Row(write) => write.key().to_vec(),
        }
    }
}

fn file_of(folder: &Path, projection: Projection) -> PathBuf {
    folder.join(format!("read-{}.db", projection.name()))
}

/// Of what form the rows of a projection are; what is of another one is made anew.
fn form_of(projection: Projection) -> u32 {
    match projection {
        Projection::Contacts => Contact::FORM,
        Projection::Mac | Projection::Unfinished => 0,
    }
}

/// Says what to do about a read model that can't be used at start: nothing is in it that the log has not.
fn disposable(projection: Projection) -> impl FnOnce(ReadError) -> ReadError {
    move |error| match error {
        ReadError::Unavailable { doing, reason } => {
            let advice = advice(projection);
            ReadError::Unavailable { doing, reason: format!("{reason}; {advice}, and it is made anew") }
        }
        other => other,
    }
}

fn advice(projection: Projection) -> String {
    format!("delete read-{}.db* in the data folder", projection.name())
}

#[async_trait]
impl ReadStore for SqliteReadStore {
    async fn checkpoint(&self, projection: Projection) -> Result<u64, ReadError> {
        Ok(self.file(projection).checkpoint())
    }

    async fn apply(&self, changes: Changes, from: u64, to: u64) -> Result<(), ReadError> {
        let projection = changes.projection();
        let moved = match changes {
            Changes::Contacts(changes, feed, _) => self.write_contacts(changes, feed, from, to).await?,
            Changes::Mac(changes) => {
                self.file(projection).write(mac::writes(changes)?.into_iter().map(Ok), Vec::new(), from, to)?
            }
            Changes::Unfinished(list) => {
                let list = Write::Put(keys::UNFINISHED.to_vec(), serde_json::to_vec(&list).map_err(shape)?);
                self.file(projection).write([Ok(list)].into_iter(), Vec::new(), from, to)?
            }
        };
        match moved {
            None => Ok(()),
            Some(actual) => Err(ReadError::CheckpointMoved { projection: projection.name(), expected: from, actual }),
        }
    }

    async fn contact(&self, id: ContactId) -> Result<StoredContact, ReadError> {
        let Some(value) = self.file(Projection::Contacts).get(&keys::state(id))? else {
            return Ok(StoredContact::Absent);
        };
        states::stored(&self.codec, id, value).await
    }

    async fn contacts_between(
        &self,
        after: Option<ContactId>,
        last: ContactId,
        limit: usize,
    ) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        let after = after.map(keys::state);
        let rows = self.file(Projection::Contacts).range(keys::STATES, after.as_deref(), limit)?;
        let mut contacts = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            match keys::state_of(&key) {
                Some(id) if id <= last => contacts.push((id, states::stored(&self.codec, id, value).await?)),
                _ => break,
            }
        }
        Ok(contacts)
    }

    async fn by_value(&self, workspace: &str, value: &LookupValue) -> Result<Vec<ContactId>, ReadError> {
        let prefix = keys::lookup_prefix(&self.value_mark(workspace, value).0);
        let rows = self.file(Projection::Contacts).range(&prefix, None, usize::MAX)?;
        Ok(rows.iter().filter_map(|(key, _)| keys::looked_up(key)).collect())
    }

    async fn mac_rows(&self) -> Result<Vec<(Arc<str>, MacRow)>, ReadError> {
        mac::rows(&self.file(Projection::Mac)).map_err(disposable(Projection::Mac))
    }

    async fn closed_cycles(&self, workspace: &str) -> Result<Vec<ClosedCycle>, ReadError> {
        mac::closed_cycles(&self.file(Projection::Mac), workspace)
    }

    async fn members(
        &self,
        workspace: &str,
        cycle: &str,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<Member>, ReadError> {
        mac::members(&self.file(Projection::Mac), workspace, cycle, after, limit)
    }

    async fn settle(&self) -> Result<(), ReadError> {
        self.files.iter().try_for_each(|file| file.read().clone().settle())
    }

    async fn write_feed(&self, feed: Vec<FeedWrite>) -> Result<(), ReadError> {
        self.file(Projection::Contacts).alter(|file| feed::write(file, &feed))
    }

    async fn feed_states(&self) -> Result<Vec<(Arc<str>, FeedState)>, ReadError> {
        self.file(Projection::Contacts).look(feed::states)
    }

    async fn feed(&self, workspace: &str, segment: SegmentId, from: u64, limit: usize) -> Result<FeedPart, ReadError> {
        self.file(Projection::Contacts).look(|file| feed::part(file, workspace, segment, from, limit))
    }

    async fn trim_feed(&self, older_than: DateTime<Utc>) -> Result<(), ReadError> {
        self.file(Projection::Contacts).alter(|file| feed::trim(file, older_than))
    }

    async fn unfinished(&self) -> Result<Unfinished, ReadError> {
        match self.file(Projection::Unfinished).get(keys::UNFINISHED)? {
            Some(list) => serde_json::from_slice(&list).map_err(shape).map_err(disposable(Projection::Unfinished)),
            None => Ok(Unfinished::default()),
        }
    }

    async fn plain_rows(
        &self,
        projection: Projection,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<PlainRow>, ReadError> {
        let rows = self.file(projection).range(&[], after, limit)?;
        if projection != Projection::Contacts {
            return Ok(rows);
        }
        let mut plain = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let value = match keys::state_of(&key) {
                Some(id) => states::open(&self.codec, id, value).await?.unwrap_or_else(|| b"unreadable".to_vec()),
                None => value,
            };
            plain.push((key, value));
        }
        Ok(plain)
    }

    async fn beside(&self, projection: Projection) -> Result<Box<dyn Beside>, ReadError> {
        Ok(Box::new(Scratch::make(self.clone(), projection)?))
    }

    fn advice(&self, projection: Projection) -> String {
        advice(projection)
    }
}

/// Items handed over at once, and how often that is done ahead.
const HANDED_OVER: usize = 256;
const AHEAD: usize = 4;

/// Has a thread make what is taken, a little ahead.
fn made_ahead<T: Send, R>(
    mut items: impl Iterator<Item = T> + Send,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            loop {
                let some: Vec<T> = items.by_ref().take(HANDED_OVER).collect();
                // Whoever takes no more has failed.
                if some.is_empty() || sender.send(some).is_err() {
                    return;
                }
            }
        });
        take(&mut receiver.into_iter().flatten())
    })
}

/// Changes of the MAC fold, by workspace.
type WorkspaceChange = (Arc<str>, MacChange);
