//! Own states, sealed, and the keyed hashes of the values by which contacts are found.

use std::sync::Arc;

use bytes::Bytes;
use deadpool_postgres::Transaction;
use dossier_domain::ids::{ContactId, Mark};
use dossier_domain::state::Contact;
use uuid::Uuid;

use super::copying::{Cells, encoded, row};
use super::fields::FieldChange;
use super::staging::{put, remove_the_others, stage};
use super::{PostgresReadStore, Trouble};
use crate::adapters::states::{self, Form};

/// States sealed and sent at once: sealed all together, so many would take more memory than as they are.
const AT_ONCE: usize = 1_000;

row! {
    /// An own state, sealed.
    pub(super) struct StateRow of own_states by [contact_id] {
        contact_id: Uuid,
        state: Vec<u8>,
    }
}

row! {
    /// By which value a contact is found.
    pub(super) struct LookupRow<'a> of lookups by [mark, contact_id] {
        mark: &'a [u8],
        contact_id: Uuid,
    }
}

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
            let found = self.marks.iter().zip(&self.found);
            let rows = encoded(found.map(|(mark, contact)| LookupRow { mark: &mark.0, contact_id: *contact }));
            stage::<LookupRow<'_>>(batch, [rows].into_iter()).await?;
            remove_the_others::<LookupRow<'_>>(batch, &self.concerned).await?;
            put::<LookupRow<'_>>(batch).await?;
        }
        if !self.states.is_empty() {
            // In the order of the index, each of its pages is met once.
            self.states.sort_by_key(|(state, _)| state.id);
            stage::<StateRow>(batch, SealedParts(self.states.into_iter())).await?;
            put::<StateRow>(batch).await?;
        }
        Ok(self.fields)
    }
}

/// States, sealed when their turn to be sent comes.
struct SealedParts(std::vec::IntoIter<(Arc<Contact>, Form)>);

impl Iterator for SealedParts {
    type Item = Result<Bytes, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut cells = Cells::default();
        let part = self.0.by_ref().take(AT_ONCE).try_for_each(|(state, form)| {
            let row = states::row(&state, form).map_err(|error| Trouble::Setup(error.to_string()))?;
            cells.row(&StateRow { contact_id: state.id.0, state: row })
        });
        match cells.into_bytes() {
            none if none.is_empty() && part.is_ok() => None,
            bytes => Some(part.map(|()| bytes)),
        }
    }
}

pub(super) async fn find(store: &PostgresReadStore, id: ContactId) -> Result<Option<Vec<u8>>, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached("select state from own_states where contact_id = $1").await?;
    Ok(client.query_opt(&find, &[&id.0]).await?.map(|row| row.get(0)))
}

pub(super) async fn these(store: &PostgresReadStore, ids: &[ContactId]) -> Result<Vec<(ContactId, Vec<u8>)>, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached("select contact_id, state from own_states where contact_id = any($1)").await?;
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = client.query(&find, &[&ids]).await?;
    Ok(rows.iter().map(|row| (ContactId(row.get(0)), row.get(1))).collect())
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
