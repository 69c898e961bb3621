//! The embedded read models: one SQLite file a projection, so that each is rebuilt beside the living one and swapped.
//!
//! A contact's row is sealed with its own key and those of all whose values lie in it: no file holds personal plain
//! text, and erasing a contact needs nothing but its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use dossier_domain::ids::{ContactId, Mark};
use dossier_domain::state::Contact;
use dossier_projections::documents::{DocumentChange, LookupValue};
use dossier_projections::mac::{MacChange, MacRow, Member};
use dossier_projections::unfinished::Unfinished;
use parking_lot::RwLock;
use uuid::Uuid;

use crate::ports::read_store::{Changes, ClosedCycle, Projection, ReadError, ReadStore, StoredContact};
use crate::sealing::{Codec, Marks, SealError};

mod keys;
mod mac;
mod rows;

use rows::{Row, Rows, Write};

/// The read models of a data folder.
pub struct SqliteReadStore {
    folder: PathBuf,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
    files: [RwLock<Arc<Rows>>; 3],
}

impl SqliteReadStore {
    /// Opens the read models of a folder, making what is not there.
    ///
    /// # Errors
    /// A file can't be opened.
    pub fn open(folder: &Path, codec: Arc<Codec>, marks: Arc<Marks>) -> Result<Self, ReadError> {
        let open = |projection: Projection| {
            let rows = Rows::open(&file_of(folder, projection)).map_err(disposable(projection))?;
            Ok::<_, ReadError>(RwLock::new(Arc::new(rows)))
        };
        let files = [open(Projection::Contacts)?, open(Projection::Mac)?, open(Projection::Unfinished)?];
        Ok(SqliteReadStore { folder: folder.to_owned(), codec, marks, files })
    }

    fn file(&self, projection: Projection) -> Arc<Rows> {
        self.files[projection as usize].read().clone()
    }

    /// Puts the file of a projection that was rebuilt in another folder in the place of the living one.
    ///
    /// # Errors
    /// A file can't be moved or opened; the living one then stays.
    pub fn swap(&self, projection: Projection, rebuilt: SqliteReadStore) -> Result<(), ReadError> {
        let from = rebuilt.file(projection);
        from.checkpoint_file()?;
        let from_path = from.path().to_owned();
        drop(from);
        drop(rebuilt);
        let mut living = self.files[projection as usize].write();
        let path = file_of(&self.folder, projection);
        living.checkpoint_file()?;
        std::fs::rename(&from_path, &path).map_err(moving)?;
        for side in ["-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(side);
            let _ = std::fs::remove_file(PathBuf::from(name));
        }
        *living = Arc::new(Rows::open(&path)?);
        Ok(())
    }

    /// Every row of a projection, opened, as key and plain bytes: what `verify` compares.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn plain_rows(
        &self,
        projection: Projection,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let rows = self.file(projection).range(&[], after, limit)?;
        if projection != Projection::Contacts {
            return Ok(rows);
        }
        let mut plain = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let value = match keys::state_of(&key) {
                Some(id) => self.open_state(id, value).await?.unwrap_or_else(|| b"unreadable".to_vec()),
                None => value,
            };
            plain.push((key, value));
        }
        Ok(plain)
    }

    async fn contact_writes(&self, changes: Vec<DocumentChange>) -> Result<Vec<Write>, ReadError> {
        let mut writes = Vec::with_capacity(changes.len());
        let file = self.file(Projection::Contacts);
        for change in changes {
            match change {
                DocumentChange::State(state) => {
                    writes.push(Write::Put(keys::state(state.id), self.seal_state(&state).await?));
                }
                DocumentChange::Lookups { contact, workspace, values } => {
                    let marks = values.iter().map(|value| self.value_mark(&workspace, value));
                    self.lookup_writes(&file, contact, marks.collect(), &mut writes)?;
                }
                DocumentChange::Tags(_) => {}
            }
        }
        // In the order of the file, each page is written once; what is done to one row stays in its order.
        writes.sort_by(|one, other| one.key().cmp(other.key()));
        Ok(writes)
    }

    /// The rows by which a contact is found, in the place of those by which it was.
    fn lookup_writes(
        &self,
        file: &Rows,
        contact: ContactId,
        marks: Vec<Mark>,
        writes: &mut Vec<Write>,
    ) -> Result<(), ReadError> {
        let listed = keys::lookups_of(contact);
        let before = file.get(&listed)?;
        if before.is_none() && marks.is_empty() {
            return Ok(());
        }
        if let Some(before) = before {
            for mark in before.chunks_exact(16) {
                writes.push(Write::Remove(keys::lookup(mark, contact)));
            }
        }
        if marks.is_empty() {
            writes.push(Write::Remove(listed));
            return Ok(());
        }
        let all: Vec<u8> = marks.iter().flat_map(|mark| mark.0).collect();
        writes.extend(marks.iter().map(|mark| Write::Put(keys::lookup(&mark.0, contact), Vec::new())));
        writes.push(Write::Put(listed, all));
        Ok(())
    }

    fn value_mark(&self, workspace: &str, value: &LookupValue) -> Mark {
        match value {
            LookupValue::Email(folded) => self.marks.value(workspace, "email", folded),
            LookupValue::Phone(e164) => self.marks.value(workspace, "phone", e164),
        }
    }

    /// `count of others | their ids | sealed state`. A contact whose key is destroyed has nothing left to seal.
    async fn seal_state(&self, state: &Contact) -> Result<Vec<u8>, ReadError> {
        let others: Vec<Uuid> =
            state.also_guarded_by().into_iter().map(|id| id.0).filter(|id| *id != state.id.0).collect();
        let plain = serde_json::to_vec(state).map_err(shape)?;
        // Not by whether the key is gone already: a row sealed just before that could never be opened again, though a
        // fresh fold gives it.
        if state.life == dossier_domain::state::Life::Erased && others.is_empty() {
            return Ok([&[BARE][..], &plain].concat());
        }
        let mut holders = vec![state.id.0];
        holders.extend(&others);
        let sealed = match self.codec.seal_state(&holders, state.id.0.as_bytes(), &plain).await {
            Ok(sealed) => sealed,
            Err(SealError::Destroyed) => return Ok(vec![UNREADABLE]),
            Err(SealError::Failed(error)) => {
                return Err(ReadError::Unavailable { doing: "sealing a state", reason: error.to_string() });
            }
        };
        let mut value = vec![SEALED, u8::try_from(others.len()).unwrap_or(u8::MAX)];
        if others.len() >= usize::from(u8::MAX) {
            // More contacts than fit: the state is folded from the log whenever it is needed.
            return Ok(vec![UNREADABLE]);
        }
        others.iter().for_each(|other| value.extend_from_slice(other.as_bytes()));
        value.extend_from_slice(&sealed);
        Ok(value)
    }

    async fn open_state(&self, id: ContactId, value: Vec<u8>) -> Result<Option<Vec<u8>>, ReadError> {
        match value.split_first() {
            Some((&BARE, plain)) => Ok(Some(plain.to_vec())),
            Some((&SEALED, rest)) => {
                let Some((&count, rest)) = rest.split_first() else { return Ok(None) };
                let Some((others, sealed)) = rest.split_at_checked(usize::from(count) * 16) else { return Ok(None) };
                let mut holders = vec![id.0];
                holders.extend(others.chunks_exact(16).filter_map(|bytes| Uuid::from_slice(bytes).ok()));
                let opened = self.codec.open_state(&holders, id.0.as_bytes(), sealed.to_vec()).await;
                opened.map_err(|error| ReadError::Unavailable { doing: "opening a state", reason: error.to_string() })
            }
            _ => Ok(None),
        }
    }
}

/// What stands in front of a contact's row.
const SEALED: u8 = 1;
/// Of an erased contact, whose state holds nothing personal.
const BARE: u8 = 2;
/// Not kept: a key that it would need is gone.
const UNREADABLE: u8 = 3;

fn file_of(folder: &Path, projection: Projection) -> PathBuf {
    folder.join(format!("read-{}.db", projection.name()))
}

/// Says what to do about a read model that can't be used at start: nothing is in it that the log has not.
fn disposable(projection: Projection) -> impl FnOnce(ReadError) -> ReadError {
    let advice = format!("delete read-{}.db* in the data folder, and it is made anew", projection.name());
    move |error| match error {
        ReadError::Unavailable { doing, reason } => {
            ReadError::Unavailable { doing, reason: format!("{reason}; {advice}") }
        }
        moved @ ReadError::CheckpointMoved { .. } => moved,
    }
}

fn moving(error: std::io::Error) -> ReadError {
    ReadError::Unavailable { doing: "swapping a rebuilt read model in", reason: error.to_string() }
}

fn shape(error: serde_json::Error) -> ReadError {
    ReadError::Unavailable { doing: "reading a row", reason: error.to_string() }
}

#[async_trait]
impl ReadStore for SqliteReadStore {
    async fn checkpoint(&self, projection: Projection) -> Result<u64, ReadError> {
        self.file(projection).checkpoint()
    }

    async fn apply(&self, changes: Changes, from: u64, to: u64) -> Result<(), ReadError> {
        let projection = changes.projection();
        let writes = match changes {
            Changes::Contacts(changes) => self.contact_writes(changes).await?,
            Changes::Mac(changes) => mac::writes(changes)?,
            Changes::Unfinished(list) => {
                vec![Write::Put(keys::UNFINISHED.to_vec(), serde_json::to_vec(&list).map_err(shape)?)]
            }
        };
        match self.file(projection).write(&writes, from, to)? {
            None => Ok(()),
            Some(actual) => Err(ReadError::CheckpointMoved { projection: projection.name(), expected: from, actual }),
        }
    }

    async fn contact(&self, id: ContactId) -> Result<StoredContact, ReadError> {
        let Some(value) = self.file(Projection::Contacts).get(&keys::state(id))? else {
            return Ok(StoredContact::Absent);
        };
        match self.open_state(id, value).await? {
            Some(plain) => Ok(StoredContact::Found(serde_json::from_slice(&plain).map_err(shape)?)),
            None => Ok(StoredContact::Unreadable),
        }
    }

    async fn contacts_after(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<ContactId>, ReadError> {
        let after = after.map(keys::state);
        let rows = self.file(Projection::Contacts).range(keys::STATES, after.as_deref(), limit)?;
        Ok(rows.iter().filter_map(|(key, _)| keys::state_of(key)).collect())
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

    async fn unfinished(&self) -> Result<Unfinished, ReadError> {
        match self.file(Projection::Unfinished).get(keys::UNFINISHED)? {
            Some(list) => serde_json::from_slice(&list).map_err(shape).map_err(disposable(Projection::Unfinished)),
            None => Ok(Unfinished::default()),
        }
    }
}

/// Changes of the MAC fold, by workspace.
type WorkspaceChange = (Arc<str>, MacChange);
