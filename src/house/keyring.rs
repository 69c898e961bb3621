//! Opening the keyring where it is.

use std::sync::Arc;

use super::HouseError;
use crate::adapters::postgres::{Address, PostgresKeyring};
use crate::adapters::sqlite::{DataFolder, FlushAhead, KeyringOptions, MasterKey, SqliteKeyring, keyring};
use crate::ports::Keyring;

/// A keyring, opened.
pub(super) struct Keys {
    pub(super) keyring: Arc<dyn Keyring>,
    /// The same, where it is in the data folder.
    pub(super) embedded: Option<Arc<SqliteKeyring>>,
    /// Where new keys are flushed beside the log's commits.
    pub(super) ahead: Option<FlushAhead>,
    /// Where it is, in words.
    pub(super) place: String,
}

/// Opens the keyring: in the data folder, unless a database is named. `ahead` says whether new keys are flushed beside the
/// log's commits, where they must be flushed at all.
pub(super) async fn open(
    address: Option<&Address>,
    folder: &DataFolder,
    master: &MasterKey,
    ahead: bool,
) -> Result<Keys, HouseError> {
    let options = KeyringOptions::default();
    if let Some(address) = address {
        let keyring = Arc::new(PostgresKeyring::open(address, master, options.cached).await?);
        return Ok(Keys { keyring, embedded: None, ahead: None, place: address.to_string() });
    }
    let keyring = Arc::new(SqliteKeyring::open(folder, master, options)?);
    let ahead = ahead.then(|| FlushAhead::start(&keyring));
    Ok(Keys { keyring: keyring.clone(), embedded: Some(keyring), ahead, place: keyring::FILE.to_owned() })
}
