//! The keys in their tables.

use deadpool_postgres::{Pool, Transaction};
use futures::TryStreamExt;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Trouble;
use crate::adapters::keys::wrapping::Master;
use crate::adapters::sqlite::MasterKey;

/// Keys held in memory while the master key is changed.
const REWRAPPED_AT_ONCE: i64 = 1_000;

/// What stands in a row.
pub(super) enum Found {
    Tombstone,
    Wrapped(Vec<u8>),
}

/// Why a key can't be wrapped anew.
pub(super) enum RowTrouble {
    Trouble(Trouble),
    WrongMasterKey(Uuid),
}

impl<E: Into<Trouble>> From<E> for RowTrouble {
    fn from(error: E) -> Self {
        RowTrouble::Trouble(error.into())
    }
}

fn broken<T>(_: T) -> Trouble {
    Trouble::Setup("the cipher failed".to_owned())
}

/// The master key that the database knows, out of those given; it takes the first one if it knows none yet.
pub(super) async fn recognise(pool: &Pool, given: &MasterKey) -> Result<Option<Master>, Trouble> {
    let client = pool.get().await?;
    let first = Master { key: given.key().clone(), generation: 0 };
    let insert = "insert into master (generation, proof) values (0, $1) on conflict do nothing";
    client.execute(insert, &[&first.proof().map_err(broken)?]).await?;
    let known = client.query_one("select generation, proof from master", &[]).await?;
    let (generation, proof): (i32, &[u8]) = (known.get(0), known.get(1));
    let generation = generation.cast_unsigned();
    let candidates = given.candidates().into_iter().map(|key| Master { key: key.clone(), generation });
    Ok(candidates.into_iter().find(|master| master.made(proof)))
}

fn found(row: &Row, column: usize) -> Found {
    row.get::<_, Option<Vec<u8>>>(column).map_or(Found::Tombstone, Found::Wrapped)
}

pub(super) async fn find(pool: &Pool, holder: Uuid) -> Result<Option<Found>, Trouble> {
    let client = pool.get().await?;
    let find = client.prepare_cached("select wrapped from keys where holder = $1").await?;
    Ok(client.query_opt(&find, &[&holder]).await?.map(|row| found(&row, 0)))
}

/// Tells what stands in at most so many rows.
pub(super) async fn each(pool: &Pool, at_most: usize, tell: impl Fn(Uuid, &Found)) -> Result<(), Trouble> {
    let client = pool.get().await?;
    let limit = i64::try_from(at_most).unwrap_or(i64::MAX);
    let rows = client.query_raw("select holder, wrapped from keys limit $1", [limit]).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        tell(row.get(0), &found(&row, 1));
    }
    Ok(())
}

/// Adds a key, durably, unless its holder has a row, or the master key is of another generation by now.
pub(super) async fn insert(pool: &Pool, holder: Uuid, wrapped: &[u8], generation: u32) -> Result<(), Trouble> {
    let client = pool.get().await?;
    let insert = "insert into keys (holder, wrapped) select $1, $2 where $3 = (select generation from master)
                  on conflict do nothing";
    let insert = client.prepare_cached(insert).await?;
    client.execute(&insert, &[&holder, &wrapped, &generation.cast_signed()]).await?;
    Ok(())
}

/// Destroys a key and leaves its tombstone, durably.
pub(super) async fn destroy(pool: &Pool, holder: Uuid) -> Result<(), Trouble> {
    let mut client = pool.get().await?;
    let batch = client.transaction().await?;
    // Locked until the commit: a lower number is never committed after a higher one.
    let number = batch.query_one("update destructions set number = number + 1 returning number", &[]).await?;
    let number: i64 = number.get(0);
    let destroy = "insert into keys (holder, destroyed) values ($1, $2)
                   on conflict (holder) do update set wrapped = null, destroyed = $2 where keys.destroyed is null";
    batch.execute(&batch.prepare_cached(destroy).await?, &[&holder, &number]).await?;
    batch.commit().await?;
    // The row as it was is of no use to anybody without the master key, and still it should not lie around.
    if let Err(error) = client.batch_execute("vacuum keys").await {
        tracing::warn!(error = %Trouble::from(error), "what was destroyed is removed by the next vacuum");
    }
    Ok(())
}

pub(super) async fn last_destruction(pool: &Pool) -> Result<i64, Trouble> {
    Ok(pool.get().await?.query_one("select number from destructions", &[]).await?.get(0))
}

/// Whose keys were destroyed after a number, in order.
pub(super) async fn destroyed_since(pool: &Pool, number: i64) -> Result<Vec<(Uuid, i64)>, Trouble> {
    let client = pool.get().await?;
    let find = "select holder, destroyed from keys where destroyed > $1 order by destroyed";
    let find = client.prepare_cached(find).await?;
    let rows = client.query(&find, &[&number]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

pub(super) async fn tombstones(pool: &Pool) -> Result<Vec<Uuid>, Trouble> {
    Ok(destroyed_since(pool, 0).await?.into_iter().map(|(holder, _)| holder).collect())
}

/// Wraps every living key anew. Others wait until it is done, and then know that the master key is another one.
pub(super) async fn rewrap(pool: &Pool, old: &Master, new: &Master) -> Result<(), RowTrouble> {
    let mut client = pool.get().await?;
    let batch = client.transaction().await?;
    batch.batch_execute("lock table keys in exclusive mode").await?;
    let mut after = None;
    while let Some(last) = rewrap_some(&batch, old, new, after).await? {
        after = Some(last);
    }
    let proof = new.proof().map_err(broken)?;
    let update = "update master set generation = $1, proof = $2";
    batch.execute(update, &[&new.generation.cast_signed(), &proof]).await?;
    Ok(batch.commit().await?)
}

/// Wraps the keys of a few holders after one anew; answers the last, or nothing if there was none.
async fn rewrap_some(
    batch: &Transaction<'_>,
    old: &Master,
    new: &Master,
    after: Option<Uuid>,
) -> Result<Option<Uuid>, RowTrouble> {
    let find = "select holder, wrapped from keys
                where wrapped is not null and ($1::uuid is null or holder > $1) order by holder limit $2";
    let rows = batch.query(&batch.prepare_cached(find).await?, &[&after, &REWRAPPED_AT_ONCE]).await?;
    let (mut holders, mut wrapped) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in &rows {
        let holder: Uuid = row.get(0);
        let key = old.unwrap(holder, row.get(1)).map_err(|_| RowTrouble::WrongMasterKey(holder))?;
        wrapped.push(new.wrap(holder, &key).map_err(broken)?);
        holders.push(holder);
    }
    let write = "update keys set wrapped = new.wrapped from unnest($1::uuid[], $2::bytea[]) as new (holder, wrapped)
                 where keys.holder = new.holder";
    batch.execute(&batch.prepare_cached(write).await?, &[&holders, &wrapped]).await?;
    Ok(holders.last().copied())
}

/// At most so many holders after one, with what stands in their rows.
pub(super) async fn holders(pool: &Pool, after: Option<Uuid>, limit: usize) -> Result<Vec<(Uuid, Found)>, Trouble> {
    let client = pool.get().await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let find = "select holder, wrapped from keys where ($1::uuid is null or holder > $1) order by holder limit $2";
    let rows = client.query(find, &[&after, &limit]).await?;
    Ok(rows.iter().map(|row| (row.get(0), found(row, 1))).collect())
}

/// Adds keys, all or none, durably; answers whether the master key is still of that generation.
pub(super) async fn adopt(
    pool: &Pool,
    holders: &[Uuid],
    wrapped: &[Vec<u8>],
    generation: u32,
) -> Result<bool, Trouble> {
    let client = pool.get().await?;
    let insert = "insert into keys (holder, wrapped) select * from unnest($1::uuid[], $2::bytea[])
                  where $3 = (select generation from master)";
    let added = client.execute(insert, &[&holders, &wrapped, &generation.cast_signed()]).await?;
    Ok(added == holders.len() as u64)
}
