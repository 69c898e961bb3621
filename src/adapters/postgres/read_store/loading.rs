//! Loading a store at once: rows go straight into tables without indexes, table beside table, and what is indexed and
//! compared by is made when they are there.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::{ClientWrapper, Object};
use dossier_domain::compose::View;
use dossier_projections::documents::values_of;
use futures::SinkExt;
use futures::future::try_join_all;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_postgres::CopyInSink;

use super::batch::advance;
use super::bulk::{Bulk, Folded};
use super::contacts::{LookupRow, StateRow};
use super::copying::{Cells, Row, encoded, end, header, statement};
use super::definitions::Definitions;
use super::shown::{self, ChannelRow, ContactRow, Encode, MergeRow, TagRow};
use super::tables::OF_EACH_CONTACT;
use super::{PostgresReadStore, Trouble, failed, fields};
use crate::adapters::sqlite::SqliteReadStore;
use crate::adapters::states;
use crate::ports::read_store::{Load, Loaded, Projection, ReadError};

/// Rows that are read from the fold at once.
const AT_ONCE: usize = 4_000;
const DOING: &str = "loading contacts";

/// A store that is being loaded.
pub(super) struct Loading {
    bulk: Bulk,
    fresh: PostgresReadStore,
    definitions: Mutex<Option<Definitions>>,
    /// What is copied from the fold as it is, on tasks of their own.
    copied: Mutex<JoinSet<Result<(), ReadError>>>,
    states: Arc<Filling>,
    lookups: Arc<Filling>,
    shown: Vec<(Filling, Encode)>,
    up_to: u64,
}

impl Loading {
    /// Empties the tables of what finds their rows, and begins to fill them.
    pub(super) async fn begin(bulk: Bulk, folded: &Folded, up_to: u64) -> Result<Self, Trouble> {
        let fresh = bulk.fresh().clone();
        let definitions = bared(&fresh, folded).await?;
        let states = Arc::new(Filling::begin::<StateRow>(&fresh).await?);
        let lookups = Arc::new(Filling::begin::<LookupRow<'_>>(&fresh).await?);
        let mut copied = JoinSet::new();
        copied.spawn(copy_states(states.clone(), folded.states.clone()));
        copied.spawn(copy_lookups(lookups.clone(), folded.states.clone()));
        let shown = vec![
            (Filling::begin::<ContactRow<'_>>(&fresh).await?, shown::contacts as Encode),
            (Filling::begin::<TagRow<'_>>(&fresh).await?, shown::tags),
            (Filling::begin::<ChannelRow<'_>>(&fresh).await?, shown::channels),
            (Filling::begin::<MergeRow<'_>>(&fresh).await?, shown::merges),
        ];
        let (definitions, copied) = (Mutex::new(Some(definitions)), Mutex::new(copied));
        Ok(Loading { bulk, fresh, definitions, copied, states, lookups, shown, up_to })
    }

    /// Seals states that were not told before.
    async fn take_states(&self, contacts: &[Loaded]) -> Result<(), ReadError> {
        let mut rows = Vec::with_capacity(contacts.len());
        for state in contacts.iter().filter_map(|contact| contact.state.as_deref()) {
            let form = states::form_of(&self.fresh.codec, state).await?;
            rows.push(StateRow { contact_id: state.id.0, state: states::row(state, form)? });
        }
        self.states.take(encoded(rows).map_err(failed(DOING))?).await.map_err(failed(DOING))
    }

    async fn take_views(&self, contacts: &[Loaded]) -> Result<(), Trouble> {
        let found = encoded_lookups(&self.fresh, contacts.iter().filter_map(|contact| contact.view.as_ref()))?;
        self.lookups.take(found).await?;
        for (filling, encode) in &self.shown {
            let part = encode(&mut contacts.iter().filter_map(|contact| contact.view.as_ref()))?;
            filling.take(part).await?;
        }
        Ok(())
    }

    /// Makes it a store like any other.
    async fn complete(&self) -> Result<(), Trouble> {
        let shown = self.shown.iter().map(|(filling, _)| filling);
        try_join_all(shown.chain([&*self.states, &*self.lookups]).map(Filling::finish)).await?;
        if let Some(definitions) = self.definitions.lock().await.take() {
            definitions.make_again(&self.fresh).await?;
        }
        let mut client = self.fresh.client().await?;
        // What is asked next is planned by what is there.
        client.batch_execute(&format!("analyze {}", OF_EACH_CONTACT.join(", "))).await?;
        let batch = client.transaction().await?;
        advance(&batch, Projection::Contacts, 0, self.up_to).await?;
        Ok(batch.commit().await?)
    }
}

#[async_trait]
impl Load for Loading {
    async fn take(&self, contacts: Vec<Loaded>) -> Result<(), ReadError> {
        self.take_states(&contacts).await?;
        self.take_views(&contacts).await.map_err(failed(DOING))
    }

    async fn finish(&self) -> Result<(), ReadError> {
        while let Some(copied) = self.copied.lock().await.join_next().await {
            copied.map_err(|error| ReadError::Unavailable { doing: DOING, reason: error.to_string() })??;
        }
        self.complete().await.map_err(failed(DOING))?;
        self.bulk.is_loaded();
        Ok(())
    }
}

/// Makes what custom fields want of the tables, and takes every index away.
async fn bared(fresh: &PostgresReadStore, folded: &Folded) -> Result<Definitions, Trouble> {
    let mut client = fresh.client().await?;
    let batch = client.transaction().await?;
    let defined = folded.fields.lock().clone();
    fields::write(&batch, &defined).await?;
    let definitions = Definitions::take(&batch, &OF_EACH_CONTACT).await?;
    batch.commit().await?;
    Ok(definitions)
}

/// By which values those who are shown are found.
fn encoded_lookups<'v>(store: &PostgresReadStore, views: impl Iterator<Item = &'v View>) -> Result<Bytes, Trouble> {
    let mut cells = Cells::default();
    for view in views {
        for value in values_of(view) {
            let mark = store.value_mark(&view.workspace, &value);
            cells.row(&LookupRow { mark: &mark.0, contact_id: view.id.0 })?;
        }
    }
    Ok(cells.into_bytes())
}

/// Copies states that were told before as they are.
async fn copy_states(filling: Arc<Filling>, folded: SqliteReadStore) -> Result<(), ReadError> {
    let mut after = None;
    loop {
        let page = folded.sealed_states(after, AT_ONCE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        let rows = page.into_iter().map(|(contact, state)| StateRow { contact_id: contact.0, state });
        filling.take(encoded(rows).map_err(failed(DOING))?).await.map_err(failed(DOING))?;
    }
}

/// Copies what those are found by who were told before.
async fn copy_lookups(filling: Arc<Filling>, folded: SqliteReadStore) -> Result<(), ReadError> {
    let mut after = None;
    loop {
        let page = folded.lookups(after, AT_ONCE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        let rows = page.iter().map(|(mark, contact)| LookupRow { mark: &mark.0, contact_id: contact.0 });
        filling.take(encoded(rows).map_err(failed(DOING))?).await.map_err(failed(DOING))?;
    }
}

/// A table that is filled on a connection of its own, which ends if it is not finished.
struct Filling {
    client: ClientWrapper,
    rows: Mutex<Option<Pin<Box<CopyInSink<Bytes>>>>>,
}

impl Filling {
    /// Rows that come into an empty table with its transaction need no look at who may see them, then or later.
    async fn begin<R: Row>(store: &PostgresReadStore) -> Result<Self, Trouble> {
        let client = Object::take(store.client().await?);
        client.batch_execute(&format!("begin; truncate {}", R::TABLE)).await?;
        let sink: CopyInSink<Bytes> = client.copy_in(&statement::<R>(R::TABLE, ", freeze")).await?;
        let mut sink = Box::pin(sink);
        sink.send(header()).await?;
        Ok(Filling { client, rows: Mutex::new(Some(sink)) })
    }

    async fn take(&self, rows: Bytes) -> Result<(), Trouble> {
        if let (Some(sink), false) = (&mut *self.rows.lock().await, rows.is_empty()) {
            sink.send(rows).await?;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<(), Trouble> {
        if let Some(mut sink) = self.rows.lock().await.take() {
            sink.send(end()).await?;
            sink.as_mut().finish().await?;
        }
        Ok(self.client.batch_execute("commit").await?)
    }
}
