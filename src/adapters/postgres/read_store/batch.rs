//! Writing: a batch is one transaction under the lease that moves the checkpoint first, and is heard of when it is committed.

use deadpool_postgres::Transaction;
use dossier_projections::documents::Shown;
use dossier_projections::unfinished::Unfinished;

use super::contacts::Prepared;
use super::{PostgresReadStore, Trouble, feed, fields, mac, news, shown, staging, unfinished};
use crate::ports::read_store::{FeedWrite, Projection};

/// What is to be written with a checkpoint.
pub(super) enum Work {
    Contacts(Prepared, Vec<FeedWrite>, Vec<Shown>),
    Mac(Vec<mac::WorkspaceChange>),
    Unfinished(Unfinished),
}

impl Work {
    pub(super) fn projection(&self) -> Projection {
        match self {
            Work::Contacts(..) => Projection::Contacts,
            Work::Mac(_) => Projection::Mac,
            Work::Unfinished(_) => Projection::Unfinished,
        }
    }
}

impl PostgresReadStore {
    /// Writes it under the lease, unless the checkpoint is elsewhere: then says where.
    pub(super) async fn write(&self, work: Work, from: u64, to: u64) -> Result<Option<u64>, Trouble> {
        let mut client = self.client().await?;
        let batch = client.transaction().await?;
        self.tenure.lock(&batch).await?;
        if let Some(actual) = advance(&batch, work.projection(), from, to).await? {
            return Ok(Some(actual));
        }
        match work {
            Work::Contacts(prepared, feed, shown) => {
                staging::prepare(&batch).await?;
                let fields = prepared.write(&batch).await?;
                feed::write(&batch, &feed).await?;
                shown::write(&batch, &shown).await?;
                // At last: whoever reads the contacts waits for what follows.
                fields::write(&batch, &fields).await?;
            }
            Work::Mac(changes) => mac::write(&batch, changes).await?,
            Work::Unfinished(list) => unfinished::write(&batch, &list).await?,
        }
        self.commit(batch).await?;
        Ok(None)
    }

    /// Ends a batch; others hear of it.
    pub(super) async fn commit(&self, batch: Transaction<'_>) -> Result<(), Trouble> {
        if !self.tenure.is_free() {
            news::tell(&batch, &self.address).await?;
        }
        Ok(batch.commit().await?)
    }
}

/// Moves a checkpoint, and keeps others from moving it until the batch ends. Answers where it is if it is not at `from`.
pub(super) async fn advance(
    batch: &Transaction<'_>,
    projection: Projection,
    from: u64,
    to: u64,
) -> Result<Option<u64>, Trouble> {
    let lock = batch.prepare_cached("select position from checkpoints where projection = $1 for update").await?;
    let actual: i64 = batch.query_one(&lock, &[&projection.name()]).await?.get(0);
    if actual.cast_unsigned() != from {
        return Ok(Some(actual.cast_unsigned()));
    }
    let advance = batch.prepare_cached("update checkpoints set position = $2 where projection = $1").await?;
    batch.execute(&advance, &[&projection.name(), &to.cast_signed()]).await?;
    Ok(None)
}
