//! Appending: at an exact revision always, and what became of it is found out before anything is tried again.

use std::collections::HashSet;
use std::sync::Arc;

use dossier_domain::ids::{Mark, Stream};
use eventstore::{AppendToStreamOptions, Client, EventData, Position, StreamState, WriteResult};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::EventStoreDb;
use super::fault::Fault;
use super::{reading, wire};
use crate::ports::{AppendError, Appended, Direction, Expected, NewEvent, StoreError};

const DOING: &str = "appending";

/// What stands where an append was meant to land.
enum Standing {
    /// The very events that were to be appended.
    Ours(Appended),
    /// Others.
    Theirs,
    /// Nothing.
    Nothing,
}

impl EventStoreDb {
    pub(super) async fn append_events(
        &self,
        stream: &Stream,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Err(Fault::lost("there is nothing to append").while_doing(DOING).into());
        }
        if let Expected::Revision(revision) = expected
            && i64::try_from(revision).is_err()
        {
            // The server's revisions are signed: no stream is there.
            let actual = reading::last_revision(&self.slot, stream).await?;
            return Err(AppendError::WrongRevision { actual });
        }
        let marks: HashSet<Mark> = events.iter().flat_map(|event| event.marks.iter().copied()).collect();
        if marks.len() < events.iter().map(|event| event.marks.len()).sum() {
            return Err(AppendError::MarkTaken { position: 0 });
        }
        let _turn = self.turns.take(&marks).await;
        self.must_be_free(&marks).await?;
        self.flush_keys().await?;
        let known = self.follower.known.reached();
        let appended = self.land(stream, expected, &events, known).await?;
        self.follower.known.rise(appended.position);
        Ok(appended)
    }

    /// No event anywhere bears one of the marks, of all that was acknowledged before.
    async fn must_be_free(&self, marks: &HashSet<Mark>) -> Result<(), AppendError> {
        if marks.is_empty() || !self.looks_for_marks {
            return Ok(());
        }
        self.follower.sync().await?;
        let index = self.follower.index.lock();
        for mark in marks {
            if let Some(position) = index.find(*mark)? {
                return Err(AppendError::MarkTaken { position });
            }
        }
        Ok(())
    }

    async fn flush_keys(&self) -> Result<(), StoreError> {
        let before_append = Arc::clone(&self.before_append);
        let flushed = tokio::task::spawn_blocking(move || before_append()).await;
        let reason = match flushed {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "storing keys panicked".to_owned(),
        };
        Err(StoreError::Unavailable { doing: "storing keys", reason })
    }

    async fn land(
        &self,
        stream: &Stream,
        expected: Expected,
        events: &[NewEvent],
        known: u64,
    ) -> Result<Appended, AppendError> {
        let name = self.slot.names.of(stream);
        let state = match expected {
            Expected::NoStream => StreamState::NoStream,
            Expected::Revision(revision) => StreamState::StreamRevision(revision),
        };
        let mut patience = self.slot.patience();
        let mut is_repeated = false;
        loop {
            let proposed: Vec<EventData> = events.iter().map(wire::proposed).collect::<Result<_, _>>()?;
            let name = name.clone();
            let options = AppendToStreamOptions::default().stream_state(state).requires_leader(true);
            let ask = |client: Client| async move { client.append_to_stream(name, &options, proposed).await };
            let reason = match self.slot.call(ask).await {
                Ok(result) => match certain(&result, expected, events, known) {
                    Some(appended) => return Ok(appended),
                    None => "its answer does not say where the events are".to_owned(),
                },
                Err(Fault::Wrong(actual)) if !is_repeated => return Err(AppendError::WrongRevision { actual }),
                // It may be ours that stands there.
                Err(Fault::Wrong(_)) => "the stream moved while the outcome was unknown".to_owned(),
                Err(Fault::Lost(reason)) => reason,
                Err(fault) => return Err(fault.while_doing(DOING).into()),
            };
            is_repeated = true;
            match self.standing(stream, expected, events).await? {
                Standing::Ours(appended) => return Ok(appended),
                Standing::Theirs => {
                    let actual = reading::last_revision(&self.slot, stream).await?;
                    return Err(AppendError::WrongRevision { actual });
                }
                // The same events at the same revision: should the first attempt land after all, one of the two is
                // known for a repetition, or refused.
                Standing::Nothing => patience.pause(reason).await.map_err(|fault| fault.while_doing(DOING))?,
            }
        }
    }

    async fn standing(&self, stream: &Stream, expected: Expected, events: &[NewEvent]) -> Result<Standing, StoreError> {
        let first = expected.next();
        let found = reading::read_stream(&self.slot, stream, first, Direction::Forward, events.len()).await?;
        if found.is_empty() {
            return Ok(Standing::Nothing);
        }
        // All or nothing: whoever finds fewer finds others'. Ids alone don't tell: another process may carry out the
        // same command at once.
        let is_ours =
            found.len() == events.len() && found.iter().zip(events).all(|(found, event)| found.event == *event);
        let mut positions: Vec<u64> = found.iter().map(|found| found.position).collect();
        Ok(match (is_ours, positions.pop(), found.last()) {
            (true, Some(position), Some(last)) => {
                Standing::Ours(Appended { revision: last.revision, position, earlier: positions })
            }
            _ => Standing::Theirs,
        })
    }
}

/// Where an append landed, if the answer alone says so: of several events it tells but one position; and where what
/// is told is as old as what was known before, the events were appended by somebody else.
fn certain(result: &WriteResult, expected: Expected, events: &[NewEvent], known: u64) -> Option<Appended> {
    let WriteResult { next_expected_version: revision, position: Position { commit, .. } } = *result;
    let position = commit.checked_add(1)?;
    let is_new = commit > 0 && position > known;
    let is_certain = events.len() == 1 && revision == expected.next() && is_new;
    is_certain.then(|| Appended { revision, position, earlier: Vec::new() })
}

/// Whose turn it is: of those who bear one mark, one at a time.
#[derive(Default)]
pub(super) struct Turns {
    held: Mutex<HashSet<Mark>>,
    freed: Notify,
}

/// Ends the turn when it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    marks: &'a HashSet<Mark>,
}

impl Turns {
    pub(super) async fn take<'a>(&'a self, marks: &'a HashSet<Mark>) -> Turn<'a> {
        loop {
            let freed = self.freed.notified();
            if self.try_take(marks) {
                return Turn { turns: self, marks };
            }
            freed.await;
        }
    }

    /// All or none, so that nobody waits for one who waits.
    fn try_take(&self, marks: &HashSet<Mark>) -> bool {
        let mut held = self.held.lock();
        let is_free = marks.is_disjoint(&held);
        if is_free {
            held.extend(marks);
        }
        is_free
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.marks.is_empty() {
            let mut held = self.turns.held.lock();
            self.marks.iter().for_each(|mark| _ = held.remove(mark));
            drop(held);
            self.turns.freed.notify_waiters();
        }
    }
}
