//! The log on EventStoreDB or KurrentDB, through the official client.
//!
//! The client has defects that were measured, and each is guarded against here: it sets no TCP_NODELAY (`nodelay`); it
//! panics on answers without sense, knows no time limits, and can be dead for good (`slot`); an answer cut short looks
//! complete to it (`reading`); its subscriptions can spin (`follower`), and its batches die with their first
//! conflict, so neither is used. An append names its exact revision, and an outcome that is not known is found out by
//! reading back (`appending`).
//!
//! **Positions** are one more than the server's commit positions, so that 0 is before the first event. They have gaps.
//!
//! **Marks.** The server has no index over streams, so each process follows the log into an index of its own (`index`).
//! A mark is looked for after a round of reading on the leader, and so among all that was acknowledged before, by whichever
//! process. Within a process those who bear the same mark take turns. Two processes may both find a mark free and append it
//! to different streams; that this does not happen rests on the protocols: where a command goes follows from reads made
//! before its marks are looked for, so of two that come to different streams one has read a state which the other's
//! stream has left, and fails at its exact revision; and of two that come to the same stream one does anyway. Should a mark
//! be borne twice all the same, the first bearer has it.
//!
//! **Durability.** What the server acknowledged is durable, so only acknowledged events are ever known of.

mod appending;
mod fault;
mod follower;
pub mod index;
mod nodelay;
mod reading;
mod settings;
mod slot;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use dossier_domain::ids::{Mark, Stream};
use eventstore::RecordedEvent;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::appending::Turns;
use self::fault::Fault;
use self::follower::{Follower, at};
use self::index::Index;
use self::reading::{From, PAGE, all_page};
pub use self::settings::{BeforeAppend, ConnectError, Options};
use self::slot::Slot;
use crate::adapters::sqlite::DataFolder;
use crate::ports::{AppendError, Appended, Direction, EventStore, Expected, NewEvent, Recorded, StoreError};

const READING: &str = "reading the log";

/// The log on a server or cluster of others.
pub struct EventStoreDb {
    slot: Arc<Slot>,
    follower: Arc<Follower>,
    turns: Turns,
    looks_for_marks: bool,
    before_append: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    stop: watch::Sender<bool>,
    following: Mutex<Option<JoinHandle<()>>>,
}

impl EventStoreDb {
    /// A log named by a connection string, with its mark index in a data folder. Nobody is asked yet: where the server can't
    /// be reached, calls say so.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn open(connection: &str, folder: &DataFolder, options: Options) -> Result<Self, ConnectError> {
        let settings = settings::read(connection)?;
        let slot = Arc::new(Slot::new(settings, &options).await?);
        let index = Index::open(folder, options.marks_pending)?;
        let follower = Arc::new(Follower::new(slot.clone(), index, options.poll_every));
        let stop = watch::Sender::new(false);
        let following = tokio::spawn(follower.clone().run(stop.subscribe()));
        Ok(EventStoreDb {
            slot,
            follower,
            turns: Turns::default(),
            looks_for_marks: options.looks_for_marks,
            before_append: options.before_append.into(),
            stop,
            following: Mutex::new(Some(following)),
        })
    }

    /// Whether the last call was lost: the server can't be reached, or does not answer as it should.
    pub fn is_in_trouble(&self) -> bool {
        self.slot.is_in_trouble()
    }

    /// Follows no more, and writes the mark index. What was appended is durable already.
    ///
    /// # Errors
    /// The index can't be written; it is then read from the log again.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.stop.send_replace(true);
        let following = self.following.lock().take();
        if let Some(following) = following {
            // A panic of it was told to whoever waited for it.
            let _ = following.await;
        }
        self.follower.index.lock().write()
    }

    /// The first page after a position. The server reads on only from where an event stands, and refuses other places:
    /// after those it is read from an event before.
    async fn first_page(&self, after: u64, count: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        if after > 0 {
            let page = self.page(at(after), count).await?.unwrap_or_default();
            if page.first().is_some_and(|event| wire::position_of(event) == after) {
                return Ok(page);
            }
        }
        let before = if after > 0 { self.follower.milestone(after)? } else { From::Start };
        Ok(self.page(before, count).await?.unwrap_or_default())
    }

    /// Events of ours after a position, in a log that is known to have some up to `end`.
    async fn read_on(&self, after: u64, end: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let mut found: Vec<Recorded> = Vec::new();
        let mut last = after;
        let count = |found: usize| PAGE.min(limit.saturating_sub(found).saturating_add(1)).max(2);
        let mut page = self.first_page(after, count(0)).await?;
        loop {
            let newest = page.iter().map(|event| event.position).max();
            for event in page {
                let position = wire::position_of(&event);
                if position <= last || found.len() == limit {
                    continue;
                }
                last = position;
                if let Some(stream) = self.slot.names.stream_of(&event) {
                    found.push(wire::recorded(stream, event)?);
                }
            }
            match newest {
                Some(newest) if found.len() < limit && newest.commit.saturating_add(1) < end => {
                    page = self.page(From::At(newest), count(found.len())).await?.unwrap_or_default();
                }
                Some(_) => return Ok(found),
                None => {
                    let reason = format!("the event at position {last} is gone");
                    return Err(StoreError::Damaged { place: "the log".to_owned(), reason });
                }
            }
        }
    }

    async fn page(&self, from: From, count: usize) -> Result<Option<Vec<RecordedEvent>>, StoreError> {
        all_page(&self.slot, from, count).await.map_err(|fault| fault.while_doing(READING))
    }

    /// How far the log is known to go, if that is beyond a position: else whoever asks is answered as of now.
    async fn known_beyond(&self, position: u64) -> Result<Option<u64>, StoreError> {
        let mut known = self.follower.known.reached();
        if known <= position {
            self.follower.sync().await?;
            known = self.follower.known.reached();
        }
        Ok((known > position).then_some(known))
    }
}

#[async_trait]
impl EventStore for EventStoreDb {
    async fn append(
        &self,
        stream: &Stream,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.append_events(stream, expected, events).await
    }

    async fn durable(&self, position: u64) -> Result<(), StoreError> {
        self.wait(position, "waiting for an event").await.map(drop)
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        reading::read_stream(&self.slot, stream, from, direction, limit).await
    }

    async fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let Some(end) = self.known_beyond(after).await? else { return Ok(Vec::new()) };
        match limit {
            0 => Ok(Vec::new()),
            _ => self.read_on(after, end, limit).await,
        }
    }

    async fn read_at(&self, position: u64) -> Result<Option<Recorded>, StoreError> {
        if position == 0 || self.known_beyond(position - 1).await?.is_none() {
            return Ok(None);
        }
        let page = self.page(at(position), 1).await?.unwrap_or_default();
        let Some(event) = page.into_iter().find(|event| wire::position_of(event) == position) else { return Ok(None) };
        self.slot.names.stream_of(&event).map(|stream| wire::recorded(stream, event)).transpose()
    }

    async fn head(&self) -> Result<u64, StoreError> {
        self.follower.sync().await?;
        Ok(self.follower.known.reached())
    }

    async fn wait_past(&self, position: u64) -> Result<u64, StoreError> {
        self.wait(position.saturating_add(1), "waiting for an event").await
    }

    async fn find(&self, mark: Mark) -> Result<Option<Recorded>, StoreError> {
        self.follower.sync().await?;
        let position = self.follower.index.lock().find(mark)?;
        let Some(position) = position else { return Ok(None) };
        let found = self.read_at(position).await?.filter(|found| found.event.marks.contains(&mark));
        let gone = || StoreError::Damaged {
            place: format!("position {position}"),
            reason: format!("no event there bears the mark that {} names: delete that file", index::FILE),
        };
        found.ok_or_else(gone).map(Some)
    }

    fn counts_positions(&self) -> bool {
        false
    }
}

impl EventStoreDb {
    async fn wait(&self, position: u64, doing: &'static str) -> Result<u64, StoreError> {
        self.follower.known.wait(position).await.map_err(|reason| Fault::lost(&reason).while_doing(doing))
    }
}

impl Drop for EventStoreDb {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(following) = self.following.lock().take() {
            following.abort();
        }
        // What is not written is read again.
        let _ = self.follower.index.lock().write();
    }
}
