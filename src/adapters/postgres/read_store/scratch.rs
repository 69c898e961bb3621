//! A projection made anew in a schema of its own, whose tables then take the place of the living ones.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use deadpool_postgres::Object;
use uuid::Uuid;

use super::bulk::Bulk;
use super::lease::Tenure;
use super::{PostgresReadStore, Trouble, failed, migrations, tables};
use crate::adapters::postgres::connect;
use crate::ports::read_store::{Beside, Projection, ReadError, ReadStore};

/// The first half of the advisory lock of a scratch schema that is in use; the second is its name's.
const IN_USE: i32 = i32::from_be_bytes(*b"DsSc");
/// How long queries are waited for that read what is to be replaced; others queue behind that.
const WAITED_FOR: &str = "2s";
/// How often that is tried.
const TRIED: usize = 15;

/// A store in a schema that others leave alone while this holds a connection.
pub(super) struct Scratch {
    living: PostgresReadStore,
    projection: Projection,
    fresh: PostgresReadStore,
    /// Contacts are folded elsewhere first.
    bulk: Option<Bulk>,
    /// Holds the lock: closed, whoever clears removes the schema.
    held: ClientWrapper,
}

impl Scratch {
    /// Makes an empty one.
    pub(super) async fn make(living: PostgresReadStore, projection: Projection) -> Result<Self, Trouble> {
        clear(&living).await?;
        let name = format!("{}{}", prefix(living.address.schema()), &Uuid::new_v4().simple().to_string()[..12]);
        let held = Object::take(living.client().await?);
        held.execute("select pg_advisory_lock($1, hashtext($2))", &[&IN_USE, &name]).await?;
        let address = living.address.in_schema(&name);
        let pool = connect::pool(&address)?;
        connect::migrate(&pool, &name, &migrations::migrations::runner()).await?;
        let tenure = Arc::new(Tenure::free());
        let fresh = PostgresReadStore { address, pool, tenure, ..living.clone() };
        let over = || Bulk::over(fresh.clone(), &living.folder).map_err(|error| Trouble::Setup(error.to_string()));
        let bulk = (projection == Projection::Contacts).then(over).transpose()?;
        Ok(Scratch { living, projection, fresh, bulk, held })
    }

    async fn take_place(&self) -> Result<(), Trouble> {
        let (living, fresh) = (self.living.address.schema(), self.fresh.address.schema());
        let names: Vec<&str> = tables::of(self.projection).iter().map(|table| table.name).collect();
        let listed = |schema: &str| names.iter().map(|name| format!("{schema}.{name}")).collect::<Vec<_>>().join(", ");
        let (without_views, with_views) = match self.projection {
            Projection::Contacts => (each_view(living, "drop view %I.%I"), moved_views(fresh, living)),
            _ => Default::default(),
        };
        let mut swap = format!("set local lock_timeout = '{WAITED_FOR}'; {without_views}");
        swap += &format!("drop table {};", listed(living));
        for name in &names {
            swap += &format!("alter table {fresh}.{name} set schema {living};");
        }
        swap += &with_views;
        let projection = self.projection.name();
        swap += &format!(
            "update {living}.checkpoints set position =
                 (select position from {fresh}.checkpoints where projection = '{projection}')
             where projection = '{projection}';
             commit"
        );
        let mut tried = 1;
        while let Err(trouble) = self.swap_by(&swap).await {
            self.held.batch_execute("rollback").await?;
            if !trouble.is_in_the_way() || tried == TRIED {
                return Err(trouble);
            }
            tried += 1;
        }
        Ok(())
    }

    /// One transaction, under the lease of what serves.
    async fn swap_by(&self, swap: &str) -> Result<(), Trouble> {
        self.held.batch_execute("begin").await?;
        self.living.tenure.lock_on(&self.held).await?;
        Ok(self.held.batch_execute(swap).await?)
    }

    async fn remove(&self) -> Result<(), Trouble> {
        self.fresh.pool.close();
        Ok(self.held.batch_execute(&drop_schema(self.fresh.address.schema())).await?)
    }
}

#[async_trait]
impl Beside for Scratch {
    fn store(&self) -> Arc<dyn ReadStore> {
        match &self.bulk {
            Some(bulk) => Arc::new(bulk.clone()),
            None => Arc::new(self.fresh.clone()),
        }
    }

    async fn swap(self: Box<Self>) -> Result<(), ReadError> {
        let complete = match &self.bulk {
            Some(bulk) => bulk.complete().await,
            None => Ok(()),
        };
        let swapped = match complete {
            Ok(()) => self.take_place().await.map_err(failed("swapping a rebuilt read model in")),
            incomplete => incomplete,
        };
        if let Err(trouble) = self.remove().await {
            tracing::warn!(%trouble, "a scratch schema stays until the next rebuild");
        }
        swapped
    }

    async fn discard(self: Box<Self>) -> Result<(), ReadError> {
        self.remove().await.map_err(failed("removing a scratch schema"))
    }
}

/// What scratch schemas beside a schema begin with.
fn prefix(schema: &str) -> String {
    format!("{schema}_scratch_")
}

/// Does something to the views of workspaces in a schema, which are named by the server; the format takes the schema and
/// the view.
fn each_view(schema: &str, act: &str) -> String {
    let views = format!(
        "select relname from pg_class
         where relnamespace = '{schema}'::regnamespace and relkind = 'v' and starts_with(relname::text, 'contacts_in_')"
    );
    format!(
        "do $$ declare view text; begin
             for view in {views} loop execute format('{act}', '{schema}', view); end loop;
         end $$;"
    )
}

/// Views go with the tables that they show.
fn moved_views(from: &str, to: &str) -> String {
    each_view(from, &format!("alter view %I.%I set schema {to}"))
}

fn drop_schema(name: &str) -> String {
    format!("drop schema if exists {name} cascade")
}

/// Removes scratch schemas that nobody uses any more.
pub(super) async fn clear(store: &PostgresReadStore) -> Result<(), Trouble> {
    let client = Object::take(store.client().await?);
    let find = "select nspname::text from pg_namespace where starts_with(nspname, $1)";
    for row in client.query(find, &[&prefix(store.address.schema())]).await? {
        let name: &str = row.get(0);
        let lock = "select pg_try_advisory_lock($1, hashtext($2))";
        if client.query_one(lock, &[&IN_USE, &name]).await?.get(0) {
            client.batch_execute(&drop_schema(name)).await?;
        }
    }
    Ok(())
}
