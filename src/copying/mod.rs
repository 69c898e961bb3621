//! Copying a log from one event store to another: every event in its order, at its exact revision, byte for byte.
//!
//! The other log must be empty or hold the beginning of the one that is copied, event for event; so a copy that was cut
//! off goes on where it stopped, and nothing is ever appended twice. Positions are the engines' own: only their order
//! is kept.

mod digest;
mod keys;
mod reading;

use dossier_domain::ids::Stream;

pub use self::keys::{CopiedKeys, KeyCopyError, copy_keys};
use self::reading::Reading;
use crate::ports::{AppendError, Direction, EventStore, Expected, NewEvent, Recorded, StoreError};

/// Events in one append at most: they are of one stream and follow each other in the log.
const TOGETHER: usize = 256;
/// Bytes in one append at most, unless one event has more: a server takes about a million.
const BYTES_TOGETHER: usize = 256 << 10;

/// Where a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What the other log holds already is compared.
    Comparing,
    /// Events are appended.
    Copying,
    /// The other log is read again from its beginning.
    Checking,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// In which phase.
    pub phase: Phase,
    /// Events that are done in it.
    pub events: u64,
    /// Position up to which it is done in the log that is read.
    pub position: u64,
    /// Position of the last event of that log.
    pub head: u64,
}

/// What came of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Events that both logs hold.
    pub events: u64,
    /// How many of them the other log held before.
    pub held_before: u64,
    /// SHA-256 over all of them in their order, but for positions, in lower-case hexadecimal.
    pub digest: String,
}

/// Why a log is not copied, or not to its end.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyError {
    /// The log that is copied.
    #[error("the log to copy from can't be read: {0}")]
    From(StoreError),
    /// The other one.
    #[error("the log to copy to can't be used: {0}")]
    To(StoreError),
    /// The other log is one of its own.
    #[error(
        "the log to copy to holds another event at position {position} than the one to copy from: it must be empty, or hold \
         what an earlier copy of the same log brought; nothing was copied"
    )]
    Other {
        /// Position in the log to copy to.
        position: u64,
    },
    /// The other log went on by itself, or the one that is copied is an older copy.
    #[error(
        "the log to copy to goes on at position {position}, where the one to copy from ends: it is the newer one, and nothing \
         was copied"
    )]
    Newer {
        /// Position in the log to copy to.
        position: u64,
    },
    /// An event does not fit where it stood.
    #[error(
        "the event at position {position} of the log to copy from can't be appended as it stood ({reason}): see that nobody \
         writes to the other log, and run `dossier verify` on the first; then copy again, which goes on where this stopped"
    )]
    Unfit {
        /// Position in the log to copy from.
        position: u64,
        /// What the other log says.
        reason: String,
    },
    /// What was read back is not what was copied.
    #[error(
        "the log to copy to holds {held} events with the digest {digest_held}, and {copied} with the digest {digest} were \
         copied: do not use it"
    )]
    Differs {
        /// Events read back.
        held: u64,
        /// Their digest.
        digest_held: String,
        /// Events copied.
        copied: u64,
        /// Their digest.
        digest: String,
    },
}

/// Copies a log to another one, or what is missing there. Nobody else may write to either meanwhile.
///
/// # Errors
/// See [`CopyError`]. What was copied before an error stays, and another copy goes on from there.
pub async fn copy(
    from: &dyn EventStore,
    to: &dyn EventStore,
    mut tell: impl FnMut(Progress),
) -> Result<Copied, CopyError> {
    let mut source = Reading::of(from, CopyError::From).await?;
    let held_before = compare(&mut source, to, &mut tell).await?;
    let mut last = 0;
    while let Some(together) = next_together(&mut source).await? {
        last = append(to, &together).await?;
        tell(source.progress(Phase::Copying));
    }
    to.durable(last).await.map_err(CopyError::To)?;
    let (copied, digest) = source.read();
    let mut target = Reading::of(to, CopyError::To).await?;
    while target.next().await?.is_some() {
        tell(target.progress(Phase::Checking));
    }
    let (held, digest_held) = target.read();
    match (held, &digest_held) == (copied, &digest) {
        true => Ok(Copied { events: copied, held_before, digest }),
        false => Err(CopyError::Differs { held, digest_held, copied, digest }),
    }
}

/// Reads both logs side by side, as far as the other one goes: it must hold the same. Answers how many events that
/// were.
async fn compare(
    source: &mut Reading<'_>,
    to: &dyn EventStore,
    tell: &mut impl FnMut(Progress),
) -> Result<u64, CopyError> {
    let mut target = Reading::of(to, CopyError::To).await?;
    while let Some(held) = target.next().await? {
        let position = held.position;
        match source.next().await? {
            None => return Err(CopyError::Newer { position }),
            Some(event) if !is_same(&event, &held) => return Err(CopyError::Other { position }),
            Some(_) => tell(target.progress(Phase::Comparing)),
        }
    }
    Ok(target.read().0)
}

/// Whether two events are the same, wherever they stand in their logs.
fn is_same(one: &Recorded, other: &Recorded) -> bool {
    (&one.stream, one.revision, &one.event) == (&other.stream, other.revision, &other.event)
}

/// Events that are appended at once. How they are put together follows from where the first one stands alone: should an
/// append of a copy that was killed land late, it is the very one that the next copy makes.
struct Together {
    stream: Stream,
    expected: Expected,
    /// Position of the first one.
    position: u64,
    events: Vec<NewEvent>,
}

async fn next_together(source: &mut Reading<'_>) -> Result<Option<Together>, CopyError> {
    let Some(Recorded { position, revision, stream, event }) = source.next().await? else { return Ok(None) };
    let expected = revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
    let mut bytes = size(&event);
    let mut together = Together { stream, expected, position, events: vec![event] };
    while together.events.len() < TOGETHER {
        let Some(next) = source.peek().await? else { break };
        let follows = next.stream == together.stream && next.revision == revision + together.events.len() as u64;
        bytes += size(&next.event);
        if !follows || bytes > BYTES_TOGETHER {
            break;
        }
        together.events.extend(source.next().await?.map(|next| next.event));
    }
    Ok(Some(together))
}

fn size(event: &NewEvent) -> usize {
    event.data.len() + event.meta.len()
}

/// Appends at the very revision, and answers the position of the last one.
async fn append(to: &dyn EventStore, together: &Together) -> Result<u64, CopyError> {
    let Together { stream, expected, position, events } = together;
    let reason = match to.append(stream, *expected, events.clone()).await {
        Ok(appended) => return Ok(appended.position),
        Err(AppendError::Store(error)) => return Err(CopyError::To(error)),
        Err(AppendError::WrongRevision { actual: None }) => "its stream is empty there".to_owned(),
        Err(AppendError::WrongRevision { actual: Some(actual) }) => format!("its stream is at revision {actual} there"),
        Err(AppendError::MarkTaken { position }) => {
            format!("its mark is taken by the event at position {position} there")
        }
    };
    match standing(to, together).await? {
        Some(last) => Ok(last),
        None => Err(CopyError::Unfit { position: *position, reason }),
    }
}

/// Where the very same events stand already: an append of a copy that was killed may land after its end.
async fn standing(to: &dyn EventStore, together: &Together) -> Result<Option<u64>, CopyError> {
    let Together { stream, expected, events, .. } = together;
    let stands = to.read_stream(stream, expected.next(), Direction::Forward, events.len()).await;
    let stands = stands.map_err(CopyError::To)?;
    let is_ours = stands.len() == events.len() && stands.iter().zip(events).all(|(stands, ours)| stands.event == *ours);
    Ok(stands.last().filter(|_| is_ours).map(|last| last.position))
}

#[cfg(test)]
mod tests;
