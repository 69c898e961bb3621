//! Engines that do not lie in the data folder.

use clap::Args;

use super::Failure;
use super::secret::Secret;
use crate::adapters::postgres::{Address, keyring, read_store};
use crate::house::{ConnectionString, Options};

/// Which engines lie elsewhere.
#[derive(Debug, Args)]
pub(super) struct Elsewhere {
    /// The event store that keeps the log, such as esdb://USER:PASSWORD@HOST:2113; the data folder does if none is
    /// named.
    ///
    /// Others on the machine can read arguments: a password belongs in the variable, or in a file that is named as
    /// @FILE.
    #[arg(long, value_name = "CONNECTION", env = "DOSSIER_EVENT_STORE", hide_env_values = true)]
    event_store: Option<Secret>,
    /// No other process writes to the event store: states of contacts are remembered, which spares most of its reads, and
    /// searches are answered by an index in memory.
    #[arg(long, env = "DOSSIER_ALONE")]
    alone: bool,
    /// The database that holds the read models; in the data folder if none is named.
    ///
    /// postgres://user@host:5432/database, and ?schema=NAME behind it for another schema than dossier. With
    /// sslmode=verify-full it is reached by TLS alone, and sslrootcert=FILE holds the authority of its certificate. As with
    /// --event-store, a password belongs in the variable or in a file that is named as @FILE.
    #[arg(long, value_name = "URL", env = "DOSSIER_READ_STORE", hide_env_values = true)]
    read_store: Option<Secret>,
    /// The database that holds the keys; in the data folder if none is named.
    ///
    /// As with --read-store; the schema is dossier_keys unless another is named. Never back it up together with the log.
    #[arg(long, value_name = "URL", env = "DOSSIER_KEYRING", hide_env_values = true)]
    keyring: Option<Secret>,
}

impl Elsewhere {
    /// Reads the addresses into the options of a house.
    pub(super) fn name(&self, options: Options) -> Result<Options, Failure> {
        let event_store = text(self.event_store.as_ref(), "--event-store")?.map(ConnectionString::from);
        let read_store = address(self.read_store.as_ref(), "--read-store", read_store::SCHEMA)?;
        let keyring = address(self.keyring.as_ref(), "--keyring", keyring::SCHEMA)?;
        Ok(Options { event_store, alone: self.alone, read_store, keyring, ..options })
    }
}

fn text(given: Option<&Secret>, option: &str) -> Result<Option<String>, Failure> {
    given.map_or(Ok(None), |given| given.read(option))
}

fn address(given: Option<&Secret>, option: &str, schema: &str) -> Result<Option<Address>, Failure> {
    let Some(text) = text(given, option)? else { return Ok(None) };
    Address::parse(&text, schema).map(Some).map_err(|error| format!("{option}: {error}").into())
}
