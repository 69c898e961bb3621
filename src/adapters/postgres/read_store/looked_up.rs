//! What is looked up in the tables where no process keeps an index for all.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_projections::index::UsedTag;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{PostgresReadStore, Trouble, failed};
use crate::ports::read_store::ReadError;
use crate::ports::shared::{DueSnooze, Tables};

const TAGS: &str = "
    select key, mode() within group (order by name), count(*) from contact_tags
    where workspace = $1 and starts_with(key, $2) group by key order by count(*) desc, key";
const SPELLING: &str = "select name from contact_tags where workspace = $1 and key = $2 limit 1";
const SEGMENT_COUNTS: &str =
    "select segment_id, count(*) from segment_members where workspace = $1 group by segment_id";
const DUE_SNOOZES: &str = "
    select workspace, contact_id, snoozed_until from contacts where snoozed_until <= $1 order by snoozed_until limit $2";

impl PostgresReadStore {
    async fn looked_up<T>(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> T,
    ) -> Result<Vec<T>, Trouble> {
        let client = self.client().await?;
        let statement = client.prepare_cached(statement).await?;
        Ok(client.query(&statement, values).await?.iter().map(read).collect())
    }
}

fn text(row: &Row, column: usize) -> Arc<str> {
    row.get::<_, &str>(column).into()
}

fn count(row: &Row, column: usize) -> u64 {
    row.get::<_, i64>(column).cast_unsigned()
}

#[async_trait]
impl Tables for PostgresReadStore {
    async fn tags(&self, workspace: &str, folded_prefix: &str) -> Result<Vec<UsedTag>, ReadError> {
        let used = |row: &Row| UsedTag { key: text(row, 0), name: text(row, 1), count: count(row, 2) };
        self.looked_up(TAGS, &[&workspace, &folded_prefix], used).await.map_err(failed("reading tags"))
    }

    async fn spelling(&self, workspace: &str, key: &str) -> Result<Option<Arc<str>>, ReadError> {
        let found = self.looked_up(SPELLING, &[&workspace, &key], |row| text(row, 0)).await;
        Ok(found.map_err(failed("reading a tag"))?.pop())
    }

    async fn segment_counts(&self, workspace: &str) -> Result<Vec<(SegmentId, u64)>, ReadError> {
        let counted = |row: &Row| (SegmentId(row.get(0)), count(row, 1));
        self.looked_up(SEGMENT_COUNTS, &[&workspace], counted).await.map_err(failed("counting who is in segments"))
    }

    async fn due_snoozes(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<DueSnooze>, ReadError> {
        let due = |row: &Row| DueSnooze { workspace: text(row, 0), contact: ContactId(row.get(1)), until: row.get(2) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.looked_up(DUE_SNOOZES, &[&now, &limit], due).await.map_err(failed("reading snoozes"))
    }
}
