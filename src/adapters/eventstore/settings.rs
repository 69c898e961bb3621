//! The connection string, and what may be chosen beside it.

use std::time::Duration;

use eventstore::ClientSettings;

use crate::adapters::sqlite::OpenError;

/// Why the event store can't be used as it was named. Nothing of the connection string is repeated: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The connection string can't be read.
    #[error(
        "the connection string of the event store is not understood: write it like esdb://USER:PASSWORD@HOST:2113?tls=true, \
         with several hosts between commas"
    )]
    NotUnderstood,
    /// The client can't be made of it: a certificate is missing, for instance.
    #[error("the client of the event store can't be made: {0}")]
    Client(String),
    /// The mark index of the data folder.
    #[error(transparent)]
    Index(#[from] OpenError),
}

/// What must be durable before an event is sent: the keys that seal it.
pub type BeforeAppend = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What may be chosen.
pub struct Options {
    /// Called before every append; it may block.
    pub before_append: BeforeAppend,
    /// What the names of all streams begin with, so that several logs may live on one server.
    pub prefix: String,
    /// How long one call may take before its outcome counts as unknown.
    pub call_within: Duration,
    /// How long a failing call is tried again before the store counts as unavailable.
    pub patience: Duration,
    /// How often the log is asked for what others appended.
    pub poll_every: Duration,
    /// Whether marks are looked for before an append. What comes from a log that looked already needs no second look,
    /// which is two of three calls.
    pub looks_for_marks: bool,
    /// Events whose marks are kept in memory before they are written to the index.
    pub marks_pending: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            before_append: Box::new(|| Ok(())),
            prefix: String::new(),
            call_within: Duration::from_secs(5),
            patience: Duration::from_secs(15),
            poll_every: Duration::from_millis(100),
            looks_for_marks: true,
            marks_pending: 4_096,
        }
    }
}

/// The settings of a connection string. The client sleeps for its discovery interval even before its first attempt, so
/// that is none; the pauses between attempts are ours.
pub(super) fn read(connection: &str) -> Result<ClientSettings, ConnectError> {
    let joint = if connection.contains('?') { '&' } else { '?' };
    let settings = format!("{connection}{joint}discoveryInterval=0").parse::<ClientSettings>();
    // What the parser says repeats the text.
    let settings = settings.map_err(|_| ConnectError::NotUnderstood)?;
    match settings.hosts().is_empty() {
        true => Err(ConnectError::NotUnderstood),
        false => Ok(settings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_are_read() {
        for (text, hosts, secure) in [
            ("esdb://127.0.0.1:2113?tls=false", 1, false),
            ("esdb://user:secret@one:2113,two:2114,three:2115?tls=true&tlsVerifyCert=false", 3, true),
            ("kurrentdb+discover://cluster.example:2113", 1, true),
        ] {
            let settings = read(text).unwrap();
            assert_eq!((settings.hosts().len(), settings.is_secure_mode_enabled()), (hosts, secure), "{text}");
            assert_eq!(settings.discovery_interval(), Duration::ZERO, "{text}");
        }
    }

    #[test]
    fn a_string_that_is_none_is_refused_and_never_repeated() {
        for text in
            ["secret", "postgres://user:secret@host/", "esdb://user:secret@host:port", "esdb://user:secret@a,b:x?tls=7"]
        {
            let said = read(text).unwrap_err();
            assert!(!format!("{said} {said:?}").contains("secret"), "{said}");
        }
    }
}
