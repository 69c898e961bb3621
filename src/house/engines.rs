//! Which engines a house is put together from.

use crate::adapters::postgres;

/// Where the engines are that do not lie in the data folder.
#[derive(Clone, Debug, Default)]
pub struct Engines {
    /// A database that holds the read models.
    pub read_store: Option<postgres::Address>,
}
