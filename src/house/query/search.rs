//! Finding contacts: by a filter, by what is searched for, in an order, page by page (rules 33-39).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use dossier_domain::filter::{Condition, SetField, Setting, Source, Vocabulary};
use dossier_domain::ids::ContactId;
use dossier_domain::values::workspace::parse_time_zone;
use dossier_projections::directory::Directory;
use dossier_projections::index::{Ask, Page, Place};
use parking_lot::RwLockReadGuard;
use serde_json::{Map, Value};

use super::contact_body::{contact_body, in_use};
use super::table::row;
use crate::api::bodies::SearchPage;
use crate::app::AppError;
use crate::app::query::SearchQuery;
use crate::app::workspaces::Workspace;
use crate::house::House;
use crate::ports::read_store;
use crate::sealing::{Codec, Marks, SealError};

impl House {
    /// Works with the words of a workspace, to read a filter by them.
    ///
    /// # Errors
    /// There is no such workspace; a store failed.
    pub async fn with_vocabulary<T>(
        &self,
        workspace: &str,
        work: impl FnOnce(Vocabulary<'_>) -> T,
    ) -> Result<T, AppError> {
        let known = self.known_workspace(workspace).await?;
        let settings = &known.state.settings;
        Ok(work(Vocabulary {
            fields: &known.fields,
            region: settings.default_region.as_deref(),
            zone: parse_time_zone(&settings.time_zone).unwrap_or_default(),
            segment: &|named| known.state.segment(named).map(|segment| segment.id.to_string().into()),
            source: Source::Given,
        }))
    }

    /// A page of the contacts that are found: by the index, or by the read store where several processes share it, so that
    /// each takes the cursors of all.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; nothing can be searched yet; a store failed.
    pub async fn search(&self, workspace: &str, query: &SearchQuery) -> Result<SearchPage, AppError> {
        // Who is in a segment is as of now, whatever time the query gives.
        if query.filter.conditions().iter().any(is_about_segments) {
            self.know_members(workspace).await?;
        }
        if self.sharing.is_shared {
            return self.search_in_store(workspace, query).await?.ok_or_else(not_there);
        }
        let known = self.known_workspace(workspace).await?;
        let cursors = Cursors::of(self, "search", workspace, query);
        let (now, after) = cursors.begin(query).await?;
        let after = after.map(|place| Place::from_bytes(&place).ok_or(AppError::BadCursor)).transpose()?;
        let position = self.runner.state().reached;
        let page = tokio::task::block_in_place(|| self.page(workspace, query, now, after.as_ref()))?;
        let contacts = self.rows(&page.contacts, &known, query, now).await?;
        let next_cursor = cursors.seal_next(now, page.next.map(|place| place.to_bytes())).await?;
        Ok(SearchPage { contacts, next_cursor, count: page.count, position })
    }

    /// The same page by the read store alone, without an index: `None` where it can't look contacts up. Who is in a
    /// segment is as of the time up to which its feed tells.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn search_in_store(&self, workspace: &str, query: &SearchQuery) -> Result<Option<SearchPage>, AppError> {
        let known = self.known_workspace(workspace).await?;
        let cursors = Cursors::of(self, "search in store", workspace, query);
        let (now, after) = cursors.begin(query).await?;
        let setting = Setting { fields: &known.fields, active_days: known.state.settings.active_days };
        let SearchQuery { filter, search, sort, limit, count, .. } = query;
        let (search, after, limit, count) = (search.as_ref(), after.as_deref(), *limit, *count);
        let ask = read_store::Ask { workspace, setting, filter, search, sort, now, after, limit, count };
        let Some(page) = self.read.find(ask).await? else { return Ok(None) };
        let contacts = self.rows(&page.contacts, &known, query, now).await?;
        let next_cursor = cursors.seal_next(now, page.next).await?;
        Ok(Some(SearchPage { contacts, next_cursor, count: page.count, position: page.position }))
    }

    async fn rows(
        &self,
        contacts: &[ContactId],
        known: &Workspace,
        query: &SearchQuery,
        now: DateTime<Utc>,
    ) -> Result<Vec<Map<String, Value>>, AppError> {
        let mut rows = Vec::with_capacity(contacts.len());
        for id in contacts {
            rows.extend(self.found(*id, known, query, now).await?);
        }
        Ok(rows)
    }

    fn page(
        &self,
        workspace: &str,
        query: &SearchQuery,
        now: DateTime<Utc>,
        after: Option<&Place>,
    ) -> Result<Page, AppError> {
        let directory = self.directory()?;
        let Some(known) = directory.get(workspace) else {
            return Ok(Page { count: query.count.then_some(0), ..Page::default() });
        };
        let ask = Ask { filter: &query.filter, search: query.search.as_ref(), now, segments: known.memberships() };
        Ok(known.index().page(&ask, &query.sort, after, query.limit, query.count))
    }

    /// What contacts show, findable.
    pub(super) fn directory(&self) -> Result<RwLockReadGuard<'_, Directory>, AppError> {
        match self.runner.is_filled() {
            true => Ok(self.runner.directory()),
            false => Err(AppError::Unavailable("contacts are being indexed: it is starting".to_owned())),
        }
    }

    /// The row of a contact that was found; none if it was merged or erased meanwhile.
    async fn found(
        &self,
        id: ContactId,
        known: &Workspace,
        query: &SearchQuery,
        now: DateTime<Utc>,
    ) -> Result<Option<Map<String, Value>>, AppError> {
        let Some(tree) = self.tree(id).await? else { return Ok(None) };
        if tree.root().id != id || tree.is_erased() {
            return Ok(None);
        }
        let view = in_use(tree.view(), &known.fields);
        let body = contact_body(&view, None, known.state.settings.active_days, now);
        row(&body, &query.columns).map(Some)
    }
}

/// Whoever asks a store that several processes share for what only some stores have.
pub(super) fn not_there() -> AppError {
    AppError::Internal("the read store looks nothing up".to_owned())
}

fn is_about_segments(condition: &&Condition) -> bool {
    matches!(condition, Condition::Set { field: SetField::Segment, .. })
}

/// The cursors of one search: sealed, for the last contact's values lie in them, and of no use for any other search.
struct Cursors<'h> {
    house: &'h House,
    workspace: Arc<str>,
    bound_to: Vec<u8>,
}

impl<'h> Cursors<'h> {
    fn of(house: &'h House, way: &str, workspace: &str, query: &SearchQuery) -> Self {
        let SearchQuery { filter, search, sort, .. } = query;
        let bound_to = format!("{way}|{workspace}|{}|{search:?}|{sort:?}", filter.to_json());
        Cursors { house, workspace: workspace.into(), bound_to: bound_to.into_bytes() }
    }

    /// What counts as now, and the place after which the page begins, if it is not the first.
    async fn begin(&self, query: &SearchQuery) -> Result<(DateTime<Utc>, Option<Vec<u8>>), AppError> {
        Ok(match &query.cursor {
            Some(cursor) => {
                let (now, place) = self.open(cursor).await?;
                (query.now.unwrap_or(now), Some(place))
            }
            None => (query.now.unwrap_or_else(|| self.house.wall.now()), None),
        })
    }

    async fn seal_next(&self, now: DateTime<Utc>, place: Option<Vec<u8>>) -> Result<Option<String>, AppError> {
        match place {
            Some(place) => self.seal(now, &place).await.map(Some),
            None => Ok(None),
        }
    }

    async fn seal(&self, now: DateTime<Utc>, place: &[u8]) -> Result<String, AppError> {
        let plain = [&now.timestamp_micros().to_be_bytes()[..], place].concat();
        let holder = Marks::workspace_key(&self.workspace);
        match self.house.codec.state_key(&[holder]).await {
            Ok(key) => Ok(URL_SAFE_NO_PAD.encode(Codec::seal_state(&key, &self.bound_to, &plain)?)),
            Err(SealError::Failed(error)) => Err(error),
            Err(SealError::Destroyed) => Err(AppError::Internal("the key of a workspace is gone".to_owned())),
        }
    }

    /// The time of the first page, and the place of the last contact of the page before.
    async fn open(&self, cursor: &str) -> Result<(DateTime<Utc>, Vec<u8>), AppError> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| AppError::BadCursor)?;
        let holder = Marks::workspace_key(&self.workspace);
        let plain = self.house.codec.open_state(&[holder], &self.bound_to, sealed).await?;
        let plain = plain.ok_or(AppError::BadCursor)?;
        let (now, place) = plain.split_first_chunk::<8>().ok_or(AppError::BadCursor)?;
        let now = DateTime::from_timestamp_micros(i64::from_be_bytes(*now)).ok_or(AppError::BadCursor)?;
        Ok((now, place.to_vec()))
    }
}
