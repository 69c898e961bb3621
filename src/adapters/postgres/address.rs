//! Where a database is, as users write it: `postgres://user@host:5432/database?schema=dossier`.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, TlsError};

/// How long opening a connection may take, where the address does not say.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// A connection that hears nothing for so long is asked whether it still stands.
const IDLE: Duration = Duration::from_secs(30);
/// A transaction in which nothing is said for so long is given up.
const STOPPED: Duration = Duration::from_secs(10);
/// Postgres cuts longer names, and something is put behind ours.
const SCHEMA_MAX: usize = 40;

/// Where a database is. Neither form of printing shows the password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    schema: String,
}

/// Why an address can't be used. What was given is not repeated: a password may be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is of no known form.
    #[error("it is no address of Postgres: write postgres://user:password@host:5432/database")]
    Form,
    /// The schema can't be called so.
    #[error("a schema is named by lower-case letters, digits and _, at most 40, of which the first is no digit")]
    Schema,
    /// It asks for TLS in a way that can't be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Address {
    /// Reads an address; `schema` is meant where it names none.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str, schema: &str) -> Result<Self, AddressError> {
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            return Err(AddressError::Form);
        }
        let Written { rest, schema: named, sslmode, sslrootcert } = Written::read(text);
        let schema = named.unwrap_or(schema);
        if !is_name(schema) {
            return Err(AddressError::Schema);
        }
        let mut config: Config = rest.parse().map_err(|_| AddressError::Form)?;
        // What asks for TLS in a spelling that only the client understands must not be overruled.
        if config.get_hosts().is_empty() || config.get_ssl_mode() != SslMode::Prefer {
            return Err(AddressError::Form);
        }
        let (mode, tls) = match config.get_hosts().iter().all(is_socket) {
            // What is written of TLS is meant for networks, as libpq has it.
            true => tls::read(Some("disable"), None)?,
            false => tls::read(sslmode.as_deref(), sslrootcert.as_deref())?,
        };
        config.ssl_mode(mode);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTS_WITHIN);
        }
        if config.get_application_name().is_none() {
            config.application_name("dossier");
        }
        config.keepalives_idle(IDLE);
        Ok(Address { config, tls, schema: schema.to_owned() })
    }

    /// The schema that everything lies in.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The same database, with another schema, whose name must be a plain one.
    pub(super) fn in_schema(&self, schema: &str) -> Self {
        Address { schema: schema.to_owned(), ..self.clone() }
    }

    /// How to connect, so that names without a schema mean this one; and by which TLS, where it is used.
    pub(super) fn connecting(&self) -> (Config, MakeRustlsConnect) {
        let mut config = self.config.clone();
        let given = config.get_options().unwrap_or_default();
        // Compiling a filter to machine code takes longer than most filters do. And a process that was stopped in the midst of a
        // transaction must not keep others waiting for what it has locked.
        let ours = format!("-c jit=off -c idle_in_transaction_session_timeout={}ms", STOPPED.as_millis());
        config.options(format!("{ours} {given} -c search_path={} -c timezone=UTC", self.schema));
        (config, self.tls.clone())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(folder)) => folder.display().to_string(),
            None => String::new(),
        };
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        write!(f, "Postgres at {host}, database {database}, schema {}", self.schema)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// An address, and what it says that its client does not know: the last of what is written for each.
struct Written<'t> {
    rest: String,
    schema: Option<&'t str>,
    sslmode: Option<Cow<'t, str>>,
    sslrootcert: Option<Cow<'t, str>>,
}

impl<'t> Written<'t> {
    fn read(text: &'t str) -> Self {
        // A password may hold a question mark.
        let host = text.find('@').unwrap_or_default();
        let end = text[host..].find('?').map_or(text.len(), |at| host + at);
        let (place, asked) = (&text[..end], text.get(end + 1..).unwrap_or_default());
        let mut written = Written { rest: place.to_owned(), schema: None, sslmode: None, sslrootcert: None };
        let mut mark = '?';
        for pair in asked.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("schema", schema)) => written.schema = Some(schema),
                Some(("sslmode", mode)) => written.sslmode = Some(decoded(mode)),
                Some(("sslrootcert", file)) => written.sslrootcert = Some(decoded(file)),
                _ => {
                    written.rest.push(mark);
                    written.rest.push_str(pair);
                    mark = '&';
                }
            }
        }
        written
    }
}

fn decoded(value: &str) -> Cow<'_, str> {
    percent_decode_str(value).decode_utf8_lossy()
}

fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

/// Whether a name needs no quotes in SQL.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty()
        && name.len() <= SCHEMA_MAX
        && name.chars().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("pg_")
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn an_address_says_where_and_never_the_password() {
        let address =
            Address::parse("postgres://ada:s3cret@db.example:6432/crm?schema=people&connect_timeout=3", "dossier")
                .unwrap();
        assert_eq!(address.to_string(), "Postgres at db.example, database crm, schema people");
        assert_eq!(format!("{address:?}"), address.to_string());
        let (config, _) = address.connecting();
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert!(config.get_options().unwrap().contains("search_path=people"));
        assert_eq!(
            Address::parse("postgresql:///crm?host=/run/postgresql&user=ada", "dossier").unwrap().schema(),
            "dossier"
        );
    }

    #[test]
    fn what_can_not_be_used_is_refused_without_being_repeated() {
        for (text, expected) in [
            ("mysql://ada:s3cret@db/crm", AddressError::Form),
            ("postgres://ada:s3/cret@db:x/crm", AddressError::Form),
            ("postgres://db/crm?s3cret=1", AddressError::Form),
            ("postgres:///crm", AddressError::Form),
            ("host=db password=s3cret", AddressError::Form),
            ("postgres://ada:s3cret@db/crm?ssl%6Dode=require", AddressError::Form),
            ("postgres://ada:s3cret@db/crm?schema=Peo\"ple", AddressError::Schema),
            ("postgres://ada:s3cret@db/crm?schema=", AddressError::Schema),
            ("postgres://ada:s3cret@db/crm?schema=pg_catalog", AddressError::Schema),
            ("postgres://ada:s3cret@db/crm?sslmode=s3cret", TlsError::Mode.into()),
            ("postgres://ada:s3cret@db/crm?sslmode=verify-ca", TlsError::Anybody.into()),
            ("postgres://ada:s3cret@db/crm?sslmode=verify-ca&sslrootcert=system", TlsError::Anybody.into()),
            ("postgres://ada:s3cret@db/crm?sslmode=prefer&sslrootcert=system", TlsError::Unchecked.into()),
            ("postgres://ada:s3cret@db/crm?sslrootcert=/s3cret", TlsError::Unread(ErrorKind::NotFound).into()),
            ("postgres://ada:s3cret@db/crm?sslrootcert=Cargo.toml", TlsError::NoCertificate.into()),
        ] {
            let refused = Address::parse(text, "dossier").unwrap_err();
            assert_eq!(refused, expected, "{text}");
            assert!(!refused.to_string().contains("cret"));
        }
    }

    #[test]
    fn tls_is_required_where_a_certificate_is_to_be_checked_and_never_used_over_a_socket() {
        for (asked, expected) in [
            ("db/crm", SslMode::Prefer),
            ("db/crm?sslmode=disable", SslMode::Disable),
            ("db/crm?connect_timeout=3&sslmode=prefer&schema=people", SslMode::Prefer),
            ("db/crm?sslmode=require", SslMode::Require),
            ("db/crm?sslmode=prefer&sslmode=verify-full", SslMode::Require),
            ("db/crm?sslrootcert=system", SslMode::Require),
            ("ada:s3?cret@db/crm?sslmode=require", SslMode::Require),
            ("/crm?host=/run/postgresql&sslmode=verify-full&sslrootcert=/nowhere", SslMode::Disable),
        ] {
            let (config, _) = Address::parse(&format!("postgres://{asked}"), "dossier").unwrap().connecting();
            assert_eq!(config.get_ssl_mode(), expected, "{asked}");
        }
    }
}
