//! Opening the read models where they are. What is made anew is folded in the data folder, wherever it is loaded then.

use std::path::Path;
use std::sync::Arc;

use crate::adapters::postgres::{Address, PostgresReadStore};
use crate::adapters::sqlite::SqliteReadStore;
use crate::app::AppError;
use crate::ports::read_store::ReadStore;
use crate::sealing::{Codec, Marks};

/// Opens the read models: in the data folder, unless a database is named.
pub(super) async fn open(
    address: Option<Address>,
    folder: &Path,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
) -> Result<Arc<dyn ReadStore>, AppError> {
    SqliteReadStore::clear_scratch(folder);
    if let Some(address) = address {
        return Ok(Arc::new(PostgresReadStore::open(address, codec, marks).await?.folding_in(folder)));
    }
    Ok(Arc::new(SqliteReadStore::open(folder, codec, marks)?))
}
