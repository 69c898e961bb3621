//! The feed of segments: one row an entry. It goes with the contacts, and no rebuild makes it again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_projections::segments::Crossing;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{PostgresReadStore, Trouble, members};
use crate::ports::read_store::{FeedEntry, FeedPart, FeedState, FeedWrite};

/// Numbers go on from the last entry that is kept.
const APPEND: &str = "
    with told as (
        select * from unnest($2::uuid[], $3::uuid[], $4::boolean[], $5::timestamptz[])
            with ordinality as told (segment_id, contact_id, entered, at, place)
    ), kept as (
        select segment_id, max(number) + 1 as next from segment_feed_entries
        where workspace = $1 and segment_id = any($2) group by segment_id
    )
    insert into segment_feed_entries (workspace, segment_id, number, contact_id, entered, at, position)
    select $1, segment_id, coalesce(kept.next, 0) + row_number() over (partition by segment_id order by place) - 1,
        contact_id, entered, at, $6
    from told left join kept using (segment_id)";

/// All of one statement, and so as of one moment.
const PART: &str = "
    select known.*, entry.number, entry.contact_id, entry.entered, entry.at, entry.position
    from (
        select (select epoch from segment_feeds where workspace = $1) as epoch,
            (select min(number) from segment_feed_entries where workspace = $1 and segment_id = $2) as oldest,
            (select max(number) + 1 from segment_feed_entries where workspace = $1 and segment_id = $2) as next
    ) as known
    left join lateral (
        select * from segment_feed_entries where workspace = $1 and segment_id = $2 and number >= $3
        order by number limit $4
    ) as entry on true
    order by entry.number";

/// The last entry of a segment is kept, for numbers go on from it.
const TRIM: &str = "
    delete from segment_feed_entries as entry where at < $1 and exists (
        select from segment_feed_entries as later
        where later.workspace = entry.workspace and later.segment_id = entry.segment_id and later.number > entry.number
    )";

pub(super) async fn write(batch: &Transaction<'_>, feed: &[FeedWrite]) -> Result<(), Trouble> {
    for write in feed {
        let begin = "insert into segment_feeds (workspace, epoch, as_of) values ($1, $2, $3)
                     on conflict (workspace) do update set as_of = excluded.as_of";
        let begin = batch.prepare_cached(begin).await?;
        batch.execute(&begin, &[&&*write.workspace, &Uuid::new_v4(), &write.as_of]).await?;
        if !write.removed.is_empty() {
            let removed: Vec<Uuid> = write.removed.iter().map(|segment| segment.0).collect();
            for table in ["segment_feed_entries", "segment_members", "segments"] {
                let remove = format!("delete from {table} where workspace = $1 and segment_id = any($2)");
                batch.execute(&batch.prepare_cached(&remove).await?, &[&&*write.workspace, &removed]).await?;
            }
        }
        members::write(batch, write).await?;
        if !write.crossings.is_empty() {
            append(batch, write).await?;
        }
    }
    Ok(())
}

async fn append(batch: &Transaction<'_>, write: &FeedWrite) -> Result<(), Trouble> {
    let crossings = &write.crossings;
    let segments: Vec<Uuid> = crossings.iter().map(|crossing| crossing.segment.0).collect();
    let contacts: Vec<Uuid> = crossings.iter().map(|crossing| crossing.contact.0).collect();
    let entered: Vec<bool> = crossings.iter().map(|Crossing { entered, .. }| *entered).collect();
    let at: Vec<DateTime<Utc>> = crossings.iter().map(|crossing| crossing.at).collect();
    let append = batch.prepare_cached(APPEND).await?;
    let position = write.position.cast_signed();
    batch.execute(&append, &[&&*write.workspace, &segments, &contacts, &entered, &at, &position]).await?;
    Ok(())
}

pub(super) async fn write_alone(store: &PostgresReadStore, feed: &[FeedWrite]) -> Result<(), Trouble> {
    let mut client = store.client().await?;
    let batch = client.transaction().await?;
    store.tenure.lock(&batch).await?;
    write(&batch, feed).await?;
    store.commit(batch).await
}

pub(super) async fn states(store: &PostgresReadStore) -> Result<Vec<(Arc<str>, FeedState)>, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached("select workspace, epoch, as_of from segment_feeds order by workspace").await?;
    let read = |row: &Row| {
        let workspace: &str = row.get(0);
        (workspace.into(), FeedState { epoch: row.get(1), as_of: row.get(2) })
    };
    Ok(client.query(&find, &[]).await?.iter().map(read).collect())
}

pub(super) async fn part(
    store: &PostgresReadStore,
    workspace: &str,
    segment: SegmentId,
    from: u64,
    limit: usize,
) -> Result<FeedPart, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached(PART).await?;
    let [from, limit] = [Some(from), u64::try_from(limit).ok()].map(|number| clamped(number.unwrap_or(u64::MAX)));
    let rows = client.query(&find, &[&workspace, &segment.0, &from, &limit]).await?;
    let number = |row: &Row, column: &str| row.get::<_, Option<i64>>(column).map(i64::cast_unsigned);
    let mut part = FeedPart::default();
    if let Some(first) = rows.first() {
        part.epoch = first.get::<_, Option<Uuid>>("epoch").unwrap_or_default();
        part.oldest = number(first, "oldest").unwrap_or_default();
        part.next = number(first, "next").unwrap_or_default();
    }
    part.entries = rows.iter().filter_map(|row| Some(entry(row, number(row, "number")?))).collect();
    Ok(part)
}

fn entry(row: &Row, number: u64) -> FeedEntry {
    FeedEntry {
        number,
        contact: ContactId(row.get("contact_id")),
        entered: row.get("entered"),
        at: row.get("at"),
        position: row.get::<_, i64>("position").cast_unsigned(),
    }
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) async fn trim(store: &PostgresReadStore, older_than: DateTime<Utc>) -> Result<(), Trouble> {
    let mut client = store.client().await?;
    let batch = client.transaction().await?;
    store.tenure.lock(&batch).await?;
    batch.execute(&batch.prepare_cached(TRIM).await?, &[&older_than]).await?;
    store.commit(batch).await
}
