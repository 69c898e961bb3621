//! Indexes and keys of tables, taken away while rows are loaded and made again afterwards. The catalog tells what they
//! are: the migrations, and the functions for custom fields, stay the one place that defines them.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use futures::future::try_join_all;
use parking_lot::Mutex;

use super::{PostgresReadStore, Trouble};

/// The indexes of some tables, and whether each stands for a key; those of the widest first, for they take longest.
const FIND: &str = "
    select index.relname::text as name, held.relname::text as of_table, pg_get_indexdef(index.oid) as definition,
        constraint_of.contype = 'p' as is_key
    from pg_index as i
    join pg_class as index on index.oid = i.indexrelid
    join pg_class as held on held.oid = i.indrelid
    left join pg_constraint as constraint_of on constraint_of.conindid = index.oid
    where held.oid = any($1::text[]::regclass[])
    order by held.relnatts desc, index.relname";
/// Connections that make indexes side by side, and what each may sort in. None has helpers, which would sort in files and
/// not in memory: there is an index for each core without them.
const SIDE_BY_SIDE: usize = 4;
const SORTS: &str = "set maintenance_work_mem = '128MB'; set max_parallel_maintenance_workers = 0";
const SORTED: &str = "reset maintenance_work_mem; reset max_parallel_maintenance_workers";

/// An index that was taken away.
struct Index {
    name: String,
    table: String,
    definition: String,
    is_key: bool,
}

/// What was taken away, to be made again.
pub(super) struct Definitions(Vec<Index>);

impl Definitions {
    /// Takes the indexes of tables away, those of keys with the keys.
    pub(super) async fn take(batch: &Transaction<'_>, tables: &[&str]) -> Result<Self, Trouble> {
        let rows = batch.query(FIND, &[&tables]).await?;
        let taken = rows.iter().map(|row| Index {
            name: row.get("name"),
            table: row.get("of_table"),
            definition: row.get("definition"),
            is_key: row.get::<_, Option<bool>>("is_key").unwrap_or_default(),
        });
        let taken: Vec<Index> = taken.collect();
        let drop = taken.iter().map(|Index { name, table, is_key, .. }| match is_key {
            true => format!("alter table {table} drop constraint \"{name}\";"),
            false => format!("drop index \"{name}\";"),
        });
        batch.batch_execute(&drop.collect::<String>()).await?;
        Ok(Definitions(taken))
    }

    /// Makes them again, several at once.
    pub(super) async fn make_again(self, store: &PostgresReadStore) -> Result<(), Trouble> {
        let keys = self.0.iter().filter(|index| index.is_key).map(|Index { name, table, .. }| {
            format!("alter table {table} add constraint \"{name}\" primary key using index \"{name}\";")
        });
        let keys: String = keys.collect();
        let waiting: Vec<String> = self.0.into_iter().rev().map(|index| index.definition).collect();
        let waiting = Arc::new(Mutex::new(waiting));
        try_join_all((0..SIDE_BY_SIDE).map(|_| make(store, waiting.clone()))).await?;
        Ok(store.client().await?.batch_execute(&keys).await?)
    }
}

/// Makes whatever waits, one after the other.
async fn make(store: &PostgresReadStore, waiting: Arc<Mutex<Vec<String>>>) -> Result<(), Trouble> {
    let client = store.client().await?;
    client.batch_execute(SORTS).await?;
    loop {
        let Some(next) = waiting.lock().pop() else { break };
        client.batch_execute(&next).await?;
    }
    Ok(client.batch_execute(SORTED).await?)
}
