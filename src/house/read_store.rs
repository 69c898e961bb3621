//! Opening the read models where they are.

use std::path::Path;
use std::sync::Arc;

use crate::adapters::sqlite::SqliteReadStore;
use crate::app::AppError;
use crate::ports::read_store::ReadStore;
use crate::sealing::{Codec, Marks};

/// Opens the read models: in the data folder unless another place is named.
pub(super) async fn open(
    _address: Option<&str>,
    folder: &Path,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
) -> Result<Arc<dyn ReadStore>, AppError> {
    SqliteReadStore::clear_scratch(folder);
    Ok(Arc::new(SqliteReadStore::open(folder, codec, marks)?))
}
