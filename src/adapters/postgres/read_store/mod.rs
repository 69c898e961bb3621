//! The read models in Postgres: tables in a schema of their own, made by the migrations in `schemas/postgres`.
//!
//! Own states are sealed as in the embedded store. A batch is one transaction that moves the checkpoint first: whoever
//! believed it elsewhere changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use deadpool_postgres::{Object, Pool};
use dossier_domain::ids::{ContactId, Mark, SegmentId};
use dossier_projections::documents::{DocumentChange, LookupValue};
use dossier_projections::mac::{MacRow, Member};
use dossier_projections::unfinished::Unfinished;
use uuid::Uuid;

use super::Address;
use super::connect::{self, Trouble};
use super::filters::{self, Statement};
use crate::adapters::states;
use crate::ports::read_store::{
    Ask, Beside, Changes, ClosedCycle, FeedPart, FeedState, FeedWrite, Found, PlainRow, Projection, ReadError,
    ReadStore, StoredContact,
};
use crate::ports::shared::{Lease, Tables};
use crate::sealing::{Codec, Marks};

mod batch;
mod bulk;
mod compared;
mod contacts;
mod copying;
mod definitions;
mod feed;
mod fields;
mod lease;
mod loading;
mod looked_up;
mod mac;
mod members;
mod news;
mod rows;
mod scratch;
mod shown;
mod staging;
mod tables;
mod unfinished;

use self::batch::Work;
use self::contacts::Prepared;
use self::lease::Tenure;
use self::scratch::Scratch;

/// What the schema is called where an address does not say.
pub const SCHEMA: &str = "dossier";

mod migrations {
    refinery::embed_migrations!("schemas/postgres/read_store");
}

/// Read models in Postgres. A clone is the same store.
#[derive(Clone)]
pub struct PostgresReadStore {
    address: Address,
    pool: Pool,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
    tenure: Arc<Tenure>,
    folder: PathBuf,
}

impl PostgresReadStore {
    /// Opens the read models of an address, making what is not there.
    ///
    /// # Errors
    /// The database can't be reached, or the schema belongs to another version or another installation.
    pub async fn open(address: Address, codec: Arc<Codec>, marks: Arc<Marks>) -> Result<Self, ReadError> {
        let place = address.to_string();
        let open = async {
            let pool = connect::pool(&address)?;
            connect::migrate(&pool, address.schema(), &migrations::migrations::runner()).await?;
            let tenure = Arc::new(Tenure::wanted(connect::pool(&address)?));
            let folder = std::env::temp_dir();
            let store = PostgresReadStore { address, pool, codec, marks, tenure, folder };
            store.must_be_ours().await?;
            scratch::clear(&store).await?;
            Ok(store)
        };
        let at = |trouble: Trouble| Trouble::Setup(format!("{place}: {trouble}"));
        open.await.map_err(at).map_err(failed("opening the read models"))
    }

    /// The same, which puts aside in a folder what is folded beside it, sealed.
    #[must_use]
    pub fn folding_in(self, folder: &Path) -> Self {
        PostgresReadStore { folder: folder.to_owned(), ..self }
    }

    /// Read models hold ids of one log: those of another would mix with them.
    async fn must_be_ours(&self) -> Result<(), Trouble> {
        let (client, mark) = (self.pool.get().await?, self.marks.installation());
        let insert = "insert into installation (mark) values ($1) on conflict do nothing";
        client.execute(insert, &[&mark.0.as_slice()]).await?;
        let known: Vec<u8> = client.query_one("select mark from installation", &[]).await?.get(0);
        if known == mark.0 {
            return Ok(());
        }
        let schema = self.address.schema();
        Err(Trouble::Setup(format!(
            "schema {schema} holds the read models of another log: name another one with ?schema= behind the address"
        )))
    }

    async fn client(&self) -> Result<Object, Trouble> {
        Ok(self.pool.get().await?)
    }

    /// Reads the one position that a statement answers.
    async fn position(&self, projection: Projection) -> Result<u64, Trouble> {
        let client = self.client().await?;
        let find = client.prepare_cached("select position from checkpoints where projection = $1").await?;
        Ok(client.query_one(&find, &[&projection.name()]).await?.get::<_, i64>(0).cast_unsigned())
    }

    /// Asks a statement that is made for this one question: planned for its very values, and not kept.
    async fn asked(&self, statement: &Statement) -> Result<Found, Trouble> {
        let client = self.client().await?;
        filters::read(statement, &client.query_typed(&statement.text, &statement.values.typed()).await?)
    }

    /// Removes what rows held before, on a task of its own: nobody sees it any more, and it should not lie around.
    fn tidy(&self) {
        let pool = self.pool.clone();
        tokio::spawn(async move {
            let vacuum = async {
                let client = pool.get().await?;
                Ok::<_, Trouble>(client.batch_execute(VACUUM).await?)
            };
            if let Err(error) = vacuum.await {
                tracing::warn!(%error, "what an erased contact left is removed by the next vacuum");
            }
        });
    }

    fn value_mark(&self, workspace: &str, value: &LookupValue) -> Mark {
        match value {
            LookupValue::Email(folded) => self.marks.value(workspace, "email", folded),
            LookupValue::Phone(e164) => self.marks.value(workspace, "phone", e164),
        }
    }

    async fn prepare(&self, changes: Vec<DocumentChange>) -> Result<Prepared, ReadError> {
        let mut prepared = Prepared::default();
        for change in changes {
            match change {
                DocumentChange::State(state) => {
                    let form = states::form_of(&self.codec, &state).await?;
                    prepared.state(state, form);
                }
                DocumentChange::Lookups { contact, workspace, values } => {
                    let marks = values.iter().map(|value| self.value_mark(&workspace, value));
                    prepared.lookups(contact, marks);
                }
                DocumentChange::Field { workspace, key, defined } => prepared.fields.push((workspace, key, defined)),
            }
        }
        Ok(prepared)
    }

    async fn opened(&self, rows: Vec<(ContactId, Vec<u8>)>) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        let mut contacts = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            contacts.push((id, states::stored(&self.codec, id, row).await?));
        }
        Ok(contacts)
    }
}

/// Of every table in which an erased contact had a row, or was part of one.
const VACUUM: &str = "vacuum own_states, lookups, contacts, contact_tags, contact_channels, merges";

fn failed(doing: &'static str) -> impl Fn(Trouble) -> ReadError {
    move |trouble| match trouble {
        Trouble::Fenced => ReadError::Fenced,
        trouble => ReadError::Unavailable { doing, reason: trouble.to_string() },
    }
}

#[async_trait]
impl ReadStore for PostgresReadStore {
    async fn checkpoint(&self, projection: Projection) -> Result<u64, ReadError> {
        self.position(projection).await.map_err(failed("reading a checkpoint"))
    }

    async fn apply(&self, changes: Changes, from: u64, to: u64) -> Result<(), ReadError> {
        let erases = changes.erases();
        let work = match changes {
            Changes::Contacts(changes, feed, shown) => Work::Contacts(self.prepare(changes).await?, feed, shown),
            Changes::Mac(changes) => Work::Mac(changes),
            Changes::Unfinished(list) => Work::Unfinished(list),
        };
        let projection = work.projection().name();
        match self.write(work, from, to).await.map_err(failed("writing a batch"))? {
            None => {
                if erases {
                    self.tidy();
                }
                Ok(())
            }
            Some(actual) => Err(ReadError::CheckpointMoved { projection, expected: from, actual }),
        }
    }

    fn lease(&self) -> Option<&dyn Lease> {
        (!self.tenure.is_free()).then_some(self)
    }

    fn tables(&self) -> Option<&dyn Tables> {
        Some(self)
    }

    fn wants_shown(&self) -> bool {
        true
    }

    async fn find(&self, ask: Ask<'_>) -> Result<Option<Found>, ReadError> {
        let statement = filters::page(&ask).ok_or(ReadError::NoPlace)?;
        self.asked(&statement).await.map(Some).map_err(failed("finding contacts"))
    }

    async fn contact(&self, id: ContactId) -> Result<StoredContact, ReadError> {
        match contacts::find(self, id).await.map_err(failed("reading a contact"))? {
            Some(row) => states::stored(&self.codec, id, row).await,
            None => Ok(StoredContact::Absent),
        }
    }

    async fn contacts(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        let rows = contacts::these(self, ids).await.map_err(failed("reading contacts"))?;
        self.opened(rows).await
    }

    async fn contacts_between(
        &self,
        after: Option<ContactId>,
        last: ContactId,
        limit: usize,
    ) -> Result<Vec<(ContactId, StoredContact)>, ReadError> {
        let rows = contacts::between(self, after, last, limit).await.map_err(failed("reading contacts"))?;
        self.opened(rows).await
    }

    async fn by_value(&self, workspace: &str, value: &LookupValue) -> Result<Vec<ContactId>, ReadError> {
        let mark = self.value_mark(workspace, value);
        contacts::by_mark(self, mark).await.map_err(failed("finding a contact by a value"))
    }

    async fn mac_rows(&self) -> Result<Vec<(Arc<str>, MacRow)>, ReadError> {
        mac::rows(self).await.map_err(failed("reading the count of active contacts"))
    }

    async fn closed_cycles(&self, workspace: &str) -> Result<Vec<ClosedCycle>, ReadError> {
        mac::closed_cycles(self, workspace).await.map_err(failed("reading closed cycles"))
    }

    async fn members(
        &self,
        workspace: &str,
        cycle: &str,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<Member>, ReadError> {
        let after = after.map_or(Uuid::nil(), |after| after.0);
        mac::members(self, workspace, cycle, after, limit).await.map_err(failed("reading members"))
    }

    async fn write_feed(&self, feed: Vec<FeedWrite>) -> Result<(), ReadError> {
        feed::write_alone(self, &feed).await.map_err(failed("writing a feed"))
    }

    async fn feed_states(&self) -> Result<Vec<(Arc<str>, FeedState)>, ReadError> {
        feed::states(self).await.map_err(failed("reading a feed"))
    }

    async fn feed(&self, workspace: &str, segment: SegmentId, from: u64, limit: usize) -> Result<FeedPart, ReadError> {
        feed::part(self, workspace, segment, from, limit).await.map_err(failed("reading a feed"))
    }

    async fn trim_feed(&self, older_than: DateTime<Utc>) -> Result<(), ReadError> {
        feed::trim(self, older_than).await.map_err(failed("trimming a feed"))
    }

    async fn unfinished(&self) -> Result<Unfinished, ReadError> {
        unfinished::read(self).await.map_err(failed("reading what stands unfinished"))
    }

    async fn plain_rows(
        &self,
        projection: Projection,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<PlainRow>, ReadError> {
        let rows = rows::page(self, projection, after, limit).await.map_err(failed("reading rows"))?;
        let mut plain = Vec::with_capacity(rows.len());
        for (key, value, state_of) in rows {
            let value = match state_of {
                Some(id) => states::open(&self.codec, id, value).await?.unwrap_or_else(|| b"unreadable".to_vec()),
                None => value,
            };
            plain.push((key, value));
        }
        Ok(plain)
    }

    async fn beside(&self, projection: Projection) -> Result<Box<dyn Beside>, ReadError> {
        let made = Scratch::make(self.clone(), projection).await;
        Ok(Box::new(made.map_err(failed("making an empty read model"))?))
    }

    fn advice(&self, _projection: Projection) -> String {
        format!("drop the schema {} in Postgres with all that is in it", self.address.schema())
    }
}
