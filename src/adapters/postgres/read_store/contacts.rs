//! Own states, sealed, and the keyed hashes of the values by which contacts are found.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use dossier_domain::ids::{ContactId, Mark};
use dossier_domain::state::Contact;
use uuid::Uuid;

use super::fields::FieldChange;
use super::{PostgresReadStore, Trouble};
use crate::adapters::states::{self, Form};

/// States sealed and sent at once: sealed all together, so many would take more memory than as they are.
const AT_ONCE: usize = 1_000;

/// What is to be written, with the keys that seal it.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) fields: Vec<FieldChange>,
    states: Vec<(Arc<Contact>, Form)>,
    /// Contacts whose lookups change.
    concerned: Vec<Uuid>,
    /// A mark each, and the contact that is found by it.
    marks: Vec<Mark>,
    found: Vec<Uuid>,
}

impl Prepared {
    pub(super) fn state(&mut self, state: Arc<Contact>, form: Form) {
        self.states.push((state, form));
    }

    pub(super) fn lookups(&mut self, contact: ContactId, marks: impl Iterator<Item = Mark>) {
        self.concerned.push(contact.0);
        for mark in marks {
            self.marks.push(mark);
            self.found.push(contact.0);
        }
    }

    /// Writes all but the fields, and answers those.
    pub(super) async fn write(mut self, batch: &Transaction<'_>) -> Result<Vec<FieldChange>, Trouble> {
        if !self.concerned.is_empty() {
            let remove = batch.prepare_cached("delete from lookups where contact_id = any($1)").await?;
            batch.execute(&remove, &[&self.concerned]).await?;
            let insert = "insert into lookups (mark, contact_id) select * from unnest($1::bytea[], $2::uuid[])";
            let marks: Vec<&[u8]> = self.marks.iter().map(|mark| &mark.0[..]).collect();
            batch.execute(&batch.prepare_cached(insert).await?, &[&marks, &self.found]).await?;
        }
        // In the order of the index, each of its pages is met once.
        self.states.sort_by_key(|(state, _)| state.id);
        let put = "insert into own_states (contact_id, state) select * from unnest($1::uuid[], $2::bytea[])
                   on conflict (contact_id) do update set state = excluded.state";
        let put = batch.prepare_cached(put).await?;
        let mut states = self.states.into_iter();
        loop {
            let (mut ids, mut rows) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
            for (state, form) in states.by_ref().take(AT_ONCE) {
                rows.push(states::row(&state, form).map_err(|error| Trouble::Setup(error.to_string()))?);
                ids.push(state.id.0);
            }
            if ids.is_empty() {
                return Ok(self.fields);
            }
            batch.execute(&put, &[&ids, &rows]).await?;
        }
    }
}

pub(super) async fn find(store: &PostgresReadStore, id: ContactId) -> Result<Option<Vec<u8>>, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached("select state from own_states where contact_id = $1").await?;
    Ok(client.query_opt(&find, &[&id.0]).await?.map(|row| row.get(0)))
}

pub(super) async fn between(
    store: &PostgresReadStore,
    after: Option<ContactId>,
    last: ContactId,
    limit: usize,
) -> Result<Vec<(ContactId, Vec<u8>)>, Trouble> {
    let client = store.client().await?;
    let find =
        "select contact_id, state from own_states where ($1::uuid is null or contact_id > $1) and contact_id <= $2
                order by contact_id limit $3";
    let find = client.prepare_cached(find).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = client.query(&find, &[&after.map(|id| id.0), &last.0, &limit]).await?;
    Ok(rows.iter().map(|row| (ContactId(row.get(0)), row.get(1))).collect())
}

pub(super) async fn by_mark(store: &PostgresReadStore, mark: Mark) -> Result<Vec<ContactId>, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached("select contact_id from lookups where mark = $1 order by contact_id").await?;
    let rows = client.query(&find, &[&mark.0.as_slice()]).await?;
    Ok(rows.iter().map(|row| ContactId(row.get(0))).collect())
}
