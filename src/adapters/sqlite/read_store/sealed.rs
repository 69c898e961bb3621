//! Rows of contacts as they lie, sealed: for whoever carries them to another engine.

use dossier_domain::ids::{ContactId, Mark};

use super::{SqliteReadStore, keys};
use crate::ports::read_store::{Projection, ReadError};

impl SqliteReadStore {
    /// At most `limit` own states after one, ascending by contact.
    pub(in crate::adapters) fn sealed_states(
        &self,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<(ContactId, Vec<u8>)>, ReadError> {
        let after = after.map(keys::state);
        let rows = self.file(Projection::Contacts).range(keys::STATES, after.as_deref(), limit)?;
        Ok(rows.into_iter().filter_map(|(key, row)| Some((keys::state_of(&key)?, row))).collect())
    }

    /// At most `limit` marks by which contacts are found after one, ascending.
    pub(in crate::adapters) fn lookups(
        &self,
        after: Option<(Mark, ContactId)>,
        limit: usize,
    ) -> Result<Vec<(Mark, ContactId)>, ReadError> {
        let after = after.map(|(mark, contact)| keys::lookup(&mark.0, contact));
        let rows = self.file(Projection::Contacts).range(&keys::lookup_prefix(&[]), after.as_deref(), limit)?;
        let read = |key: &[u8]| Some((Mark(key.get(1..17)?.try_into().ok()?), keys::looked_up(key)?));
        Ok(rows.iter().filter_map(|(key, _)| read(key)).collect())
    }
}
