//! Rows of a batch: copied to a table that only this connection sees, and from there to where they belong. What is as it
//! was is not touched.

use std::pin::pin;

use bytes::Bytes;
use deadpool_postgres::Transaction;
use futures::SinkExt;
use tokio_postgres::CopyInSink;
use uuid::Uuid;

use super::Trouble;
use super::contacts::StateRow;
use super::copying::{Row, end, header, statement};
use super::tables::OF_EACH_CONTACT;

/// The table where rows of another one wait.
fn staged<R: Row>() -> String {
    format!("pg_temp.staged_{}", R::TABLE)
}

/// Makes what a connection needs to stage rows, once; whatever lies there goes with each transaction.
pub(super) async fn prepare(batch: &Transaction<'_>) -> Result<(), Trouble> {
    let is_there = batch.prepare_cached("select to_regclass($1) is not null").await?;
    if batch.query_one(&is_there, &[&staged::<StateRow>()]).await?.get(0) {
        return Ok(());
    }
    let make = |name: &str| format!("create temporary table staged_{name} (like {name}) on commit delete rows;");
    Ok(batch.batch_execute(&OF_EACH_CONTACT.map(make).concat()).await?)
}

/// Stages parts of rows, each as [`super::copying::encoded`] gives them.
pub(super) async fn stage<R: Row>(
    batch: &Transaction<'_>,
    parts: impl Iterator<Item = Result<Bytes, Trouble>> + Send,
) -> Result<(), Trouble> {
    let copy = batch.prepare_cached(&statement::<R>(&staged::<R>(), "")).await?;
    let sink: CopyInSink<Bytes> = batch.copy_in(&copy).await?;
    let mut sink = pin!(sink);
    sink.send(header()).await?;
    for part in parts {
        sink.send(part?).await?;
    }
    sink.send(end()).await?;
    sink.finish().await?;
    Ok(())
}

/// Removes the rows of contacts that are not staged again.
pub(super) async fn remove_the_others<R: Row>(batch: &Transaction<'_>, contacts: &[Uuid]) -> Result<(), Trouble> {
    let same = R::KEY.iter().map(|column| format!("new.{column} = old.{column}")).collect::<Vec<_>>().join(" and ");
    let remove = format!(
        "delete from {} as old where contact_id = any($1) and not exists (select from {} as new where {same})",
        R::TABLE,
        staged::<R>()
    );
    batch.execute(&batch.prepare_cached(&remove).await?, &[&contacts]).await?;
    Ok(())
}

/// Puts the staged rows in the place of those of the same keys.
pub(super) async fn put<R: Row>(batch: &Transaction<'_>) -> Result<(), Trouble> {
    let rest = || R::COLUMNS.iter().filter(|column| !R::KEY.contains(column));
    let of = |prefix: &str| rest().map(|column| format!("{prefix}{column}")).collect::<Vec<_>>().join(", ");
    let change = match rest().next() {
        Some(_) => format!(
            "update set ({}) = row ({}) where ({}) is distinct from ({})",
            of(""),
            of("excluded."),
            of("old."),
            of("excluded.")
        ),
        None => "nothing".to_owned(),
    };
    let put = format!(
        "insert into {} as old ({columns}) select {columns} from {} on conflict ({}) do {change}",
        R::TABLE,
        staged::<R>(),
        R::KEY.join(", "),
        columns = R::COLUMNS.join(", "),
    );
    batch.execute(&batch.prepare_cached(&put).await?, &[]).await?;
    Ok(())
}
