//! Reads, whole: the client takes an answer that was cut short for one that is complete.
//!
//! Of a stream: an answer shorter than asked for counts only if the stream's last event is in it. Of all events: it counts
//! only if it reaches as far as the log was known to reach before.

use dossier_domain::ids::Stream;
use eventstore::{
    Client, Error, Position, ReadAllOptions, ReadStream, ReadStreamOptions, RecordedEvent, StreamPosition,
};

use super::fault::Fault;
use super::slot::Slot;
use super::wire;
use crate::ports::{Direction, Recorded, StoreError};

/// Events asked for at once.
pub(super) const PAGE: usize = 1_000;
/// Answers in a row that may bring nothing new.
const IDLE_ANSWERS: u32 = 20;
const DOING: &str = "reading a stream";

async fn collect(mut answer: ReadStream, at_most: usize) -> Result<Vec<RecordedEvent>, Error> {
    let mut events = Vec::new();
    while let Some(resolved) = answer.next().await? {
        events.extend(resolved.event);
        // An answer that does not end is not waited for.
        if events.len() > at_most * 2 {
            break;
        }
    }
    Ok(events)
}

/// A page of a stream as it was answered; `None` if the stream does not exist.
async fn stream_page(
    slot: &Slot,
    stream: &str,
    from: StreamPosition<u64>,
    direction: Direction,
    count: usize,
) -> Result<Option<Vec<RecordedEvent>>, Fault> {
    let ask = |client: Client| {
        let options = ReadStreamOptions::default().position(from).max_count(count).requires_leader(true);
        let options = match direction {
            Direction::Forward => options.forwards(),
            Direction::Backward => options.backwards(),
        };
        let stream = stream.to_owned();
        async move { collect(client.read_stream(stream, &options).await?, count).await }
    };
    match slot.ask(ask).await {
        Ok(events) => Ok(Some(events)),
        Err(Fault::NoStream) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The stream's last event, which a stream that exists has; `None` if it does not.
async fn last(slot: &Slot, stream: &str) -> Result<Option<RecordedEvent>, Fault> {
    for _ in 0..IDLE_ANSWERS {
        match stream_page(slot, stream, StreamPosition::End, Direction::Backward, 1).await? {
            None => return Ok(None),
            Some(events) => match events.into_iter().next() {
                Some(event) => return Ok(Some(event)),
                None => continue,
            },
        }
    }
    Err(cut_off())
}

fn cut_off() -> Fault {
    Fault::lost("its answers end too early")
}

/// As [`crate::ports::EventStore::read_stream`].
pub(super) async fn read_stream(
    slot: &Slot,
    stream: &Stream,
    from: u64,
    direction: Direction,
    limit: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let name = slot.names.of(stream);
    let read = match direction {
        _ if limit == 0 => return Ok(Vec::new()),
        Direction::Forward => forward(slot, &name, from, limit).await,
        Direction::Backward => backward(slot, &name, from, limit).await,
    };
    let events = read.map_err(|fault| fault.while_doing(DOING))?;
    events.into_iter().map(|event| wire::recorded(stream.clone(), event)).collect()
}

/// Revision of the stream's last event, if it has one.
pub(super) async fn last_revision(slot: &Slot, stream: &Stream) -> Result<Option<u64>, StoreError> {
    let last = last(slot, &slot.names.of(stream)).await.map_err(|fault| fault.while_doing(DOING))?;
    Ok(last.map(|event| event.revision))
}

async fn forward(slot: &Slot, stream: &str, from: u64, limit: usize) -> Result<Vec<RecordedEvent>, Fault> {
    let mut events: Vec<RecordedEvent> = Vec::new();
    let mut next = from;
    let mut idle = 0;
    // The server's revisions are signed.
    while i64::try_from(next).is_ok() && idle < IDLE_ANSWERS {
        let count = PAGE.min(limit - events.len());
        let Some(page) = stream_page(slot, stream, StreamPosition::Position(next), Direction::Forward, count).await?
        else {
            return Ok(events);
        };
        let before = next;
        for event in page {
            // What comes twice is passed over; after a hole nothing counts.
            if event.revision == next && events.len() < limit {
                next += 1;
                events.push(event);
            }
        }
        if events.len() == limit {
            return Ok(events);
        }
        if (next - before) as usize == count {
            continue;
        }
        match last(slot, stream).await? {
            Some(last) if last.revision >= next => idle = if next == before { idle + 1 } else { 0 },
            _ => return Ok(events),
        }
    }
    if idle == IDLE_ANSWERS { Err(cut_off()) } else { Ok(events) }
}

async fn backward(slot: &Slot, stream: &str, from: u64, limit: usize) -> Result<Vec<RecordedEvent>, Fault> {
    let mut events: Vec<RecordedEvent> = Vec::new();
    // From beyond the end the server answers a window that may lie beyond it too.
    let mut next = match i64::try_from(from) {
        Ok(_) => None,
        Err(_) => Some(u64::MAX),
    };
    if next.is_none() {
        let Some(last) = last(slot, stream).await? else { return Ok(events) };
        next = Some(from.min(last.revision));
    }
    let mut idle = 0;
    while let Some(at) = next
        && idle < IDLE_ANSWERS
    {
        let count = PAGE.min(limit - events.len());
        let start = if at == u64::MAX { StreamPosition::End } else { StreamPosition::Position(at) };
        let Some(page) = stream_page(slot, stream, start, Direction::Backward, count).await? else {
            return Ok(events);
        };
        for event in page {
            let fits = next == Some(u64::MAX) || next == Some(event.revision);
            if fits && events.len() < limit {
                next = event.revision.checked_sub(1);
                events.push(event);
            }
        }
        if events.len() == limit {
            return Ok(events);
        }
        idle = if next == Some(at) { idle + 1 } else { 0 };
    }
    if idle == IDLE_ANSWERS { Err(cut_off()) } else { Ok(events) }
}

/// Where a read of all events begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// The very first event.
    Start,
    /// The event that stands there, itself included.
    At(Position),
}

/// A page of all events as it was answered, never empty; `None`: no event stands where it was to begin.
pub(super) async fn all_page(slot: &Slot, from: From, count: usize) -> Result<Option<Vec<RecordedEvent>>, Fault> {
    let start = match from {
        From::Start => StreamPosition::Start,
        From::At(position) => StreamPosition::Position(position),
    };
    for _ in 0..IDLE_ANSWERS {
        let ask = |client: Client| {
            let options = ReadAllOptions::default().forwards().position(start).max_count(count).requires_leader(true);
            async move { collect(client.read_all(&options).await?, count).await }
        };
        match slot.ask(ask).await {
            Ok(events) if events.is_empty() => continue,
            Ok(events) => return Ok(Some(events)),
            Err(Fault::Invalid) => return Ok(None),
            Err(fault) => return Err(fault),
        }
    }
    Err(cut_off())
}

/// The last event of the log, whoever's it is: a log has at least the server's own.
pub(super) async fn end(slot: &Slot) -> Result<Position, Fault> {
    for _ in 0..IDLE_ANSWERS {
        let ask = |client: Client| {
            let options = ReadAllOptions::default().position(StreamPosition::End).max_count(1).requires_leader(true);
            async move { collect(client.read_all(&options).await?, 1).await }
        };
        if let Some(event) = slot.ask(ask).await?.into_iter().next() {
            return Ok(event.position);
        }
    }
    Err(cut_off())
}
