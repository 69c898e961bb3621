//! Engines that do not lie in the data folder.

use clap::Args;

use super::Failure;
use crate::adapters::postgres::Address;
use crate::house::Engines;

/// Which engines lie elsewhere.
#[derive(Debug, Args)]
pub(super) struct Elsewhere {
    /// The database that holds the read models; in the data folder if none is named.
    ///
    /// postgres://user@host:5432/database, and ?schema=NAME behind it for another schema than dossier. Others on the machine
    /// can read arguments: a password belongs in the variable.
    #[arg(long, value_name = "URL", env = "DOSSIER_READ_STORE", hide_env_values = true)]
    read_store: Option<Url>,
}

/// An address that may hold a password, which no message repeats.
#[derive(Clone)]
struct Url(String);

impl From<String> for Url {
    fn from(text: String) -> Self {
        Url(text)
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Url(..)")
    }
}

impl Elsewhere {
    /// Reads the addresses.
    pub(super) fn engines(&self) -> Result<Engines, Failure> {
        Ok(Engines { read_store: address(self.read_store.as_ref(), "--read-store")? })
    }
}

/// An empty one is none: so a variable is taken back.
fn address(given: Option<&Url>, option: &str) -> Result<Option<Address>, Failure> {
    let Some(Url(text)) = given.filter(|url| !url.0.is_empty()) else { return Ok(None) };
    Address::parse(text).map(Some).map_err(|error| format!("{option}: {error}").into())
}
