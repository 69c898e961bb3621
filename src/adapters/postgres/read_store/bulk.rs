//! A store that is filled at once, when everybody is folded. States that don't fit in memory until then lie sealed in files
//! of an embedded store. From then on it is a store like any other.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_projections::documents::{DocumentChange, LookupValue};
use dossier_projections::mac::{MacRow, Member};
use dossier_projections::unfinished::Unfinished;
use parking_lot::{Mutex, RwLock};
use tempfile::TempDir;

use super::fields::FieldChange;
use super::loading::Loading;
use super::{PostgresReadStore, failed};
use crate::adapters::sqlite::SqliteReadStore;
use crate::ports::read_store::{
    Ask, Beside, Changes, ClosedCycle, FeedPart, FeedState, FeedWrite, Found, Load, PlainRow, Projection, ReadError,
    ReadStore, StoredContact,
};

/// What is folded and not loaded yet.
pub(super) struct Folded {
    /// Own states and lookups that were told meanwhile, sealed as they will be loaded.
    pub(super) states: SqliteReadStore,
    /// Custom fields that were defined and retired, in this order.
    pub(super) fields: Mutex<Vec<FieldChange>>,
    _folder: TempDir,
}

/// A store of contacts that is filled at once. A clone is the same store.
#[derive(Clone)]
pub(super) struct Bulk {
    fresh: PostgresReadStore,
    /// `None` once it is loaded.
    folded: Arc<RwLock<Option<Arc<Folded>>>>,
}

impl Bulk {
    /// An empty one, which is folded in a folder.
    pub(super) fn over(fresh: PostgresReadStore, folder: &Path) -> Result<Self, ReadError> {
        let (states, folder) = SqliteReadStore::scratch(folder, fresh.codec.clone(), fresh.marks.clone())?;
        let folded = Folded { states, fields: Mutex::default(), _folder: folder };
        Ok(Bulk { fresh, folded: Arc::new(RwLock::new(Some(Arc::new(folded)))) })
    }

    /// The store that it becomes.
    pub(super) fn fresh(&self) -> &PostgresReadStore {
        &self.fresh
    }

    /// What was folded lies in its place: from now on that is what is told and asked.
    pub(super) fn is_loaded(&self) {
        *self.folded.write() = None;
    }

    fn folded(&self) -> Option<Arc<Folded>> {
        self.folded.read().clone()
    }

    /// Loads what was told, if that was not done yet.
    pub(super) async fn complete(&self) -> Result<(), ReadError> {
        let Some(folded) = self.folded() else { return Ok(()) };
        let told_up_to = folded.states.checkpoint(Projection::Contacts).await?;
        self.loading(&folded, told_up_to).await?.finish().await
    }

    async fn loading(&self, folded: &Folded, up_to: u64) -> Result<Loading, ReadError> {
        Loading::begin(self.clone(), folded, up_to).await.map_err(failed("beginning to load contacts"))
    }

    /// Where contacts are now.
    fn serving(&self) -> Arc<dyn ReadStore> {
        match self.folded() {
            Some(folded) => Arc::new(folded.states.clone()),
            None => Arc::new(self.fresh.clone()),
        }
    }

    fn of(&self, projection: Projection) -> Arc<dyn ReadStore> {
        match projection {
            Projection::Contacts => self.serving(),
            Projection::Mac | Projection::Unfinished => Arc::new(self.fresh.clone()),
        }
    }
}

impl Folded {
    /// Remembers fields: the states know nothing of columns.
    fn remember(&self, rows: &[DocumentChange]) {
        let fields = rows.iter().filter_map(|row| match row {
            DocumentChange::Field { workspace, key, defined } => Some((workspace.clone(), key.clone(), *defined)),
            DocumentChange::State(_) | DocumentChange::Lookups { .. } => None,
        });
        self.fields.lock().extend(fields);
    }
}

#[async_trait]
impl ReadStore for Bulk {
    async fn checkpoint(&self, projection: Projection) -> Result<u64, ReadError> {
        self.of(projection).checkpoint(projection).await
    }

    async fn apply(&self, changes: Changes, from: u64, to: u64) -> Result<(), ReadError> {
        if let (Some(folded), Changes::Contacts(rows, ..)) = (self.folded(), &changes) {
            folded.remember(rows);
        }
        self.of(changes.projection()).apply(changes, from, to).await
    }

    async fn settle(&self) -> Result<(), ReadError> {
        self.serving().settle().await
    }

    fn wants_shown(&self) -> bool {
        self.folded().is_none()
    }

    async fn load(&self, up_to: u64) -> Result<Option<Arc<dyn Load>>, ReadError> {
        Ok(match self.folded() {
            Some(folded) => Some(Arc::new(self.loading(&folded, up_to).await?)),
            None => None,
        })
    }

    async fn find(&self, ask: Ask<'_>) -> Result<Option<Found>, ReadError> {
        self.serving().find(ask).await
    }

    async fn contact(&self, id: ContactId) -> Result<StoredContact, ReadError> {
        self.serving().contact(id).await
    }

    async fn contacts(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        self.serving().contacts(ids).await
    }

    async fn contacts_between(
        &self,
        after: Option<ContactId>,
        last: ContactId,
        limit: usize,
    ) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        self.serving().contacts_between(after, last, limit).await
    }

    async fn by_value(&self, workspace: &str, value: &LookupValue) -> Result<Vec<ContactId>, ReadError> {
        self.serving().by_value(workspace, value).await
    }

    async fn mac_rows(&self) -> Result<Vec<(Arc<str>, MacRow)>, ReadError> {
        self.fresh.mac_rows().await
    }

    async fn closed_cycles(&self, workspace: &str) -> Result<Vec<ClosedCycle>, ReadError> {
        self.fresh.closed_cycles(workspace).await
    }

    async fn members(
        &self,
        workspace: &str,
        cycle: &str,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<Member>, ReadError> {
        self.fresh.members(workspace, cycle, after, limit).await
    }

    async fn write_feed(&self, feed: Vec<FeedWrite>) -> Result<(), ReadError> {
        self.fresh.write_feed(feed).await
    }

    async fn feed_states(&self) -> Result<Vec<(Arc<str>, FeedState)>, ReadError> {
        self.fresh.feed_states().await
    }

    async fn feed(&self, workspace: &str, segment: SegmentId, from: u64, limit: usize) -> Result<FeedPart, ReadError> {
        self.fresh.feed(workspace, segment, from, limit).await
    }

    async fn trim_feed(&self, older_than: DateTime<Utc>) -> Result<(), ReadError> {
        self.fresh.trim_feed(older_than).await
    }

    async fn unfinished(&self) -> Result<Unfinished, ReadError> {
        self.fresh.unfinished().await
    }

    async fn plain_rows(
        &self,
        projection: Projection,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<PlainRow>, ReadError> {
        self.complete().await?;
        self.fresh.plain_rows(projection, after, limit).await
    }

    async fn beside(&self, projection: Projection) -> Result<Box<dyn Beside>, ReadError> {
        self.fresh.beside(projection).await
    }

    fn advice(&self, projection: Projection) -> String {
        self.fresh.advice(projection)
    }
}
