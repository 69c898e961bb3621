//! What may come of a call instead of an answer, in our own words: the client's may repeat what was sent.

use eventstore::{CurrentRevision, Error};

use crate::ports::StoreError;

/// A call without the answer that was hoped for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The stream is not where the append believed; `None`: it has no event.
    Wrong(Option<u64>),
    /// The stream does not exist.
    NoStream,
    /// The server can make nothing of what was asked: no event stands at that position, or an event is too large.
    Invalid,
    /// It will not do it, now or later.
    Refused(&'static str),
    /// Nothing is known of what was asked: it may have been done.
    Lost(String),
}

impl Fault {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::WrongExpectedVersion { current: CurrentRevision::Current(revision), .. } => {
                Fault::Wrong(Some(*revision))
            }
            Error::WrongExpectedVersion { current: CurrentRevision::NoStream, .. } => Fault::Wrong(None),
            Error::ResourceNotFound => Fault::NoStream,
            Error::Grpc { code, .. } if is_invalid(code) => Fault::Invalid,
            Error::ResourceDeleted => Fault::Refused("the stream was deleted there, and its events are gone"),
            Error::AccessDenied => Fault::Refused(
                "access is denied: check user and password in the connection string; the user must be allowed to read $all",
            ),
            Error::UnsupportedFeature => {
                Fault::Refused("it does not know the call: EventStoreDB 23.10 or newer, or KurrentDB, is needed")
            }
            Error::NotLeaderException(_) => Fault::lost("the node asked is not the leader"),
            Error::ConnectionClosed | Error::GrpcConnectionError(_) => Fault::lost("it can't be reached"),
            Error::DeadlineExceeded => Fault::lost("it took too long"),
            Error::ServerError(_) => Fault::lost("it failed, or the connection broke"),
            Error::Grpc { code, .. } => Fault::Lost(format!("it answered {code:?}")),
            _ => Fault::lost("its client failed"),
        }
    }

    pub(super) fn lost(reason: &str) -> Self {
        Fault::Lost(reason.to_owned())
    }

    /// For whoever asked.
    pub(super) fn while_doing(self, doing: &'static str) -> StoreError {
        let reason = match self {
            Fault::Lost(reason) => reason,
            Fault::Refused(reason) => reason.to_owned(),
            Fault::Invalid => "it can make nothing of what was asked; an event may be larger than it takes".to_owned(),
            Fault::Wrong(_) => "the stream moved".to_owned(),
            Fault::NoStream => "the stream does not exist".to_owned(),
        };
        StoreError::Unavailable { doing, reason }
    }
}

/// The code's type is not ours to name: it belongs to a version of the client's own dependencies.
fn is_invalid(code: &impl std::fmt::Debug) -> bool {
    format!("{code:?}") == "InvalidArgument"
}
