//! Loading a store at once: rows go straight into tables without indexes, table beside table, and what is indexed and
//! compared by is made when they are there.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::{ClientWrapper, Object};
use dossier_domain::compose::View;
use futures::SinkExt;
use futures::future::try_join_all;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_postgres::CopyInSink;

use super::batch::advance;
use super::bulk::{Bulk, Folded};
use super::contacts::{LookupRow, StateRow};
use super::copying::{Row, encoded, end, header, statement};
use super::definitions::Definitions;
use super::shown::{self, ChannelRow, ContactRow, Encode, MergeRow, TagRow};
use super::tables::OF_EACH_CONTACT;
use super::{PostgresReadStore, Trouble, failed, fields};
use crate::adapters::sqlite::SqliteReadStore;
use crate::ports::read_store::{Load, Projection, ReadError, ReadStore};

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
    shown: Vec<(Filling, Encode)>,
    checkpoint: u64,
}

impl Loading {
    /// Empties the tables of what finds their rows, and begins to fill them.
    pub(super) async fn begin(bulk: Bulk, folded: &Folded) -> Result<Self, ReadError> {
        let fresh = bulk.fresh().clone();
        let checkpoint = folded.states.checkpoint(Projection::Contacts).await?;
        let definitions = bared(&fresh, folded).await.map_err(failed(DOING))?;
        let mut copied = JoinSet::new();
        copied.spawn(copy_states(fresh.clone(), folded.states.clone()));
        copied.spawn(copy_lookups(fresh.clone(), folded.states.clone()));
        let filled = async {
            Ok(vec![
                (Filling::begin::<ContactRow<'_>>(&fresh).await?, shown::contacts as Encode),
                (Filling::begin::<TagRow<'_>>(&fresh).await?, shown::tags),
                (Filling::begin::<ChannelRow<'_>>(&fresh).await?, shown::channels),
                (Filling::begin::<MergeRow<'_>>(&fresh).await?, shown::merges),
            ])
        };
        let shown = filled.await.map_err(failed(DOING))?;
        let (definitions, copied) = (Mutex::new(Some(definitions)), Mutex::new(copied));
        Ok(Loading { bulk, fresh, definitions, copied, shown, checkpoint })
    }

    /// Makes it a store like any other.
    async fn complete(&self) -> Result<(), Trouble> {
        try_join_all(self.shown.iter().map(|(filling, _)| filling.finish())).await?;
        if let Some(definitions) = self.definitions.lock().await.take() {
            definitions.make_again(&self.fresh).await?;
        }
        let mut client = self.fresh.client().await?;
        // What is asked next is planned by what is there.
        client.batch_execute(&format!("analyze {}", OF_EACH_CONTACT.join(", "))).await?;
        let batch = client.transaction().await?;
        advance(&batch, Projection::Contacts, 0, self.checkpoint).await?;
        Ok(batch.commit().await?)
    }
}

#[async_trait]
impl Load for Loading {
    async fn take(&self, views: &[View]) -> Result<(), ReadError> {
        for (filling, encode) in &self.shown {
            let part = encode(&mut views.iter()).map_err(failed(DOING))?;
            filling.take(part).await.map_err(failed(DOING))?;
        }
        Ok(())
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

async fn copy_states(fresh: PostgresReadStore, folded: SqliteReadStore) -> Result<(), ReadError> {
    let filling = Filling::begin::<StateRow>(&fresh).await.map_err(failed(DOING))?;
    let mut after = None;
    loop {
        let page = folded.sealed_states(after, AT_ONCE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        let rows = page.into_iter().map(|(contact, state)| StateRow { contact_id: contact.0, state });
        filling.take(encoded(rows).map_err(failed(DOING))?).await.map_err(failed(DOING))?;
    }
    filling.finish().await.map_err(failed(DOING))
}

async fn copy_lookups(fresh: PostgresReadStore, folded: SqliteReadStore) -> Result<(), ReadError> {
    let filling = Filling::begin::<LookupRow<'_>>(&fresh).await.map_err(failed(DOING))?;
    let mut after = None;
    loop {
        let page = folded.lookups(after, AT_ONCE)?;
        let rows = page.iter().map(|(mark, contact)| LookupRow { mark: &mark.0, contact_id: contact.0 });
        filling.take(encoded(rows).map_err(failed(DOING))?).await.map_err(failed(DOING))?;
        match page.last() {
            Some(last) => after = Some(*last),
            None => break,
        }
    }
    filling.finish().await.map_err(failed(DOING))
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
