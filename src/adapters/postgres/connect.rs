//! Connections, the schema that they work in, and what went wrong on them.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use refinery::Runner;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Address, tls};

/// Connections at most, of each process.
const CONNECTIONS: usize = 16;
/// How long one may be waited for.
const WAITED_FOR: Duration = Duration::from_secs(10);
/// The first half of the advisory locks that are taken while a schema is made; the second is the schema's.
const MAKING: i32 = i32::from_be_bytes(*b"DsMk");

/// A pool whose connections work in the schema of an address. None is made yet.
pub(super) fn pool(address: &Address) -> Result<Pool, Trouble> {
    let method = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let (config, tls) = address.connecting();
    let manager = Manager::from_config(config, tls, method);
    let pool = Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAITED_FOR))
        .create_timeout(Some(WAITED_FOR));
    pool.build().map_err(|error| Trouble::Setup(error.to_string()))
}

/// A connection outside of any pool, for hearing what is told on it.
pub(super) async fn alone(address: &Address) -> Result<(Client, Connection<Socket, Encrypted>), tokio_postgres::Error> {
    let (config, tls) = address.connecting();
    config.connect(tls).await
}

/// What bytes go through where TLS is used.
type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Why something could not be done, in words that hold nothing of what is stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// No connection.
    #[error("{}", of_pool(.0))]
    Pool(#[from] PoolError),
    /// A statement, or its connection.
    #[error("{}", reason(.0))]
    Engine(#[from] tokio_postgres::Error),
    /// The schema can't be brought to where this version needs it, or is not ours.
    #[error("{0}")]
    Setup(String),
    /// Another process holds the lease of the read models.
    #[error("another process holds the lease")]
    Fenced,
}

impl Trouble {
    /// Whether the same may succeed when it is tried again: others held what it needed.
    pub(super) fn is_in_the_way(&self) -> bool {
        let in_the_way = [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED];
        matches!(self, Trouble::Engine(error) if error.code().is_some_and(|code| in_the_way.contains(code)))
    }
}

fn of_pool(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => reason(error),
        PoolError::Timeout(_) => format!("no connection came within {} s", WAITED_FOR.as_secs()),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => "no connection".to_owned(),
    }
}

/// What a server says of data may repeat it: of such errors only their kind and place are told.
fn reason(error: &tokio_postgres::Error) -> String {
    let Some(said) = error.as_db_error() else {
        if let Some(reason) = tls::reason(error) {
            return reason;
        }
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        return format!("{error}{cause}");
    };
    let code = said.code().code();
    match &code[..2] {
        "22" | "23" => {
            let place = said.constraint().or(said.table()).unwrap_or("a statement");
            format!("Postgres refuses data by {place} (SQLSTATE {code})")
        }
        _ => format!("{} (SQLSTATE {code})", said.message()),
    }
}

/// Makes the schema of an address if there is none, and brings its tables to what this version needs. Several processes
/// may do so at once.
pub(super) async fn migrate(pool: &Pool, schema: &str, migrations: &Runner) -> Result<(), Trouble> {
    let mut client = Object::take(pool.get().await?);
    // The connection is closed afterwards, and with it the lock goes.
    client.execute("select pg_advisory_lock($1, hashtext($2))", &[&MAKING, &schema]).await?;
    client.batch_execute(&format!("create schema if not exists {schema}")).await?;
    match migrations.run_async(&mut *client).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Trouble::Setup(migration_trouble(&error, schema))),
    }
}

fn migration_trouble(error: &refinery::Error, schema: &str) -> String {
    use refinery::error::Kind;

    match error.kind() {
        Kind::MissingVersion(_) | Kind::DivergentVersion(..) => format!(
            "the tables in schema {schema} were made by another version of Dossier: use that one, or another schema"
        ),
        Kind::Connection(_, cause) => match cause.downcast_ref::<tokio_postgres::Error>() {
            Some(error) => reason(error),
            None => "a migration failed".to_owned(),
        },
        kind => kind.to_string(),
    }
}
