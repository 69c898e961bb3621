//! Segments by name and who is in them, for analysts. They follow the feed, and are as true as it: as of its time.

use std::collections::BTreeMap;

use deadpool_postgres::Transaction;
use dossier_projections::segments::Crossing;
use uuid::Uuid;

use super::Trouble;
use crate::ports::read_store::FeedWrite;

const NAME: &str = "
    insert into segments (workspace, segment_id, name) select $1, * from unnest($2::uuid[], $3::text[])
    on conflict (workspace, segment_id) do update set name = excluded.name";
const FORGET: &str = "delete from segment_members where workspace = $1 and segment_id = any($2)";
const ENTER: &str = "
    insert into segment_members (workspace, segment_id, contact_id) select $1, * from unnest($2::uuid[], $3::uuid[])
    on conflict do nothing";
const LEAVE: &str = "
    delete from segment_members as old using unnest($2::uuid[], $3::uuid[]) as gone (segment_id, contact_id)
    where old.workspace = $1 and old.segment_id = gone.segment_id and old.contact_id = gone.contact_id";

pub(super) async fn write(batch: &Transaction<'_>, write: &FeedWrite) -> Result<(), Trouble> {
    if !write.named.is_empty() {
        let ids: Vec<Uuid> = write.named.iter().map(|(segment, _)| segment.0).collect();
        let names: Vec<&str> = write.named.iter().map(|(_, name)| &**name).collect();
        batch.execute(&batch.prepare_cached(NAME).await?, &[&&*write.workspace, &ids, &names]).await?;
    }
    if !write.members.is_empty() {
        let segments: Vec<Uuid> = write.members.iter().map(|(segment, _)| segment.0).collect();
        batch.execute(&batch.prepare_cached(FORGET).await?, &[&&*write.workspace, &segments]).await?;
        let all = write.members.iter().flat_map(|(segment, all)| all.iter().map(|contact| (segment.0, contact.0)));
        change(batch, ENTER, write, all.unzip()).await?;
    }
    // Whoever crosses twice in a batch is where the last crossing leads.
    let last = |Crossing { segment, contact, entered, .. }: &Crossing| ((segment.0, contact.0), *entered);
    let crossed: BTreeMap<(Uuid, Uuid), bool> = write.crossings.iter().map(last).collect();
    for (statement, entered) in [(LEAVE, false), (ENTER, true)] {
        let these = crossed.iter().filter(|(_, last)| **last == entered).map(|(pair, _)| *pair);
        change(batch, statement, write, these.unzip()).await?;
    }
    Ok(())
}

async fn change(
    batch: &Transaction<'_>,
    statement: &str,
    write: &FeedWrite,
    (segments, contacts): (Vec<Uuid>, Vec<Uuid>),
) -> Result<(), Trouble> {
    if !segments.is_empty() {
        let statement = batch.prepare_cached(statement).await?;
        batch.execute(&statement, &[&&*write.workspace, &segments, &contacts]).await?;
    }
    Ok(())
}
