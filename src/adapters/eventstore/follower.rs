//! Following the log: in rounds, each of which reads what came since the last one. Whoever needs to know all that was
//! acknowledged before joins the next round; a round is also made every so often, for what others append.
//!
//! The client's subscriptions are not used: at a clean end of one, which a proxy can cause, it spins for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventstore::{Position, RecordedEvent};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::fault::Fault;
use super::index::{Followed, Index};
use super::reading::{self, From, PAGE};
use super::slot::Slot;
use super::wire;
use crate::adapters::watermark::Watermark;
use crate::ports::StoreError;

const DOING: &str = "following the log";

/// What came of the rounds.
#[derive(Clone, Debug, Default)]
struct Rounds {
    /// The last one that came to its end.
    done: u64,
    /// The last one that did not, and why.
    failed: Option<(u64, StoreError)>,
}

/// See the module.
pub(super) struct Follower {
    slot: Arc<Slot>,
    pub(super) index: Mutex<Index>,
    /// Position of the last event of ours that is known of: read in a round, or acknowledged.
    pub(super) known: Watermark,
    /// Rounds begun.
    begun: AtomicU64,
    rounds: watch::Sender<Rounds>,
    wanted: Notify,
    poll_every: Duration,
    /// Whether it was seen that the index was made from this log.
    is_verified: std::sync::atomic::AtomicBool,
}

impl Follower {
    pub(super) fn new(slot: Arc<Slot>, index: Index, poll_every: Duration) -> Self {
        Follower {
            slot,
            index: Mutex::new(index),
            known: Watermark::default(),
            begun: AtomicU64::new(0),
            rounds: watch::Sender::default(),
            wanted: Notify::new(),
            poll_every,
            is_verified: false.into(),
        }
    }

    /// Waits until everything that was acknowledged before this call, by whichever process, is known. All who wait at
    /// once share a round.
    pub(super) async fn sync(&self) -> Result<(), StoreError> {
        let mut rounds = self.rounds.subscribe();
        // One that has begun may have read already.
        let next = self.begun.load(Ordering::SeqCst) + 1;
        self.wanted.notify_one();
        let failed =
            |rounds: &Rounds| rounds.failed.as_ref().filter(|(round, _)| *round >= next).map(|(_, why)| why.clone());
        let ended = rounds.wait_for(|rounds| rounds.done >= next || failed(rounds).is_some()).await;
        let ended = ended.map_err(|_| Fault::lost("it was closed").while_doing(DOING))?;
        match ended.done >= next {
            true => Ok(()),
            false => failed(&ended).map_or(Ok(()), Err),
        }
    }

    /// Makes rounds until `stop` says so.
    pub(super) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(self.poll_every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow() {
            tokio::select! {
                () = self.wanted.notified() => {}
                _ = tick.tick() => {
                    self.slot.nodelay.look();
                }
                _ = stop.changed() => return,
            }
            let round = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let outcome = tokio::select! {
                outcome = self.round() => outcome,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            self.rounds.send_modify(|rounds| match outcome {
                Ok(()) => rounds.done = round,
                Err(why) => rounds.failed = Some((round, why)),
            });
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.verify().await?;
        let lost = |fault: Fault| fault.while_doing(DOING);
        // What ends an answer early hides the end; the last event alone can't be cut short unseen.
        let end = reading::end(&self.slot).await.map_err(lost)?;
        loop {
            let followed = self.index.lock().followed();
            if followed.is_some_and(|followed| followed.position >= end) {
                break;
            }
            let from = followed.map_or(From::Start, |followed| From::At(followed.position));
            let page = reading::all_page(&self.slot, from, PAGE).await.map_err(lost)?;
            let gone = || StoreError::Damaged {
                place: "the log".to_owned(),
                reason: "the event that was read last is gone; is it another log?".to_owned(),
            };
            self.take(page.ok_or_else(gone)?)?;
            // A long way is gone beside others.
            tokio::task::yield_now().await;
        }
        self.known.rise(self.index.lock().head());
        Ok(())
    }

    /// What is new in a page goes into the index.
    fn take(&self, page: Vec<RecordedEvent>) -> Result<(), StoreError> {
        let mut index = self.index.lock();
        let mut followed = index.followed();
        for event in page {
            let is_known = followed.is_some_and(|followed| followed.position >= event.position);
            if is_known || event.position.commit == u64::MAX {
                continue;
            }
            followed = Some(Followed { position: event.position, event: event.id });
            if let Some(stream) = self.slot.names.stream_of(&event) {
                let recorded = wire::recorded(stream, event)?;
                index.take(recorded.position, &recorded.event.marks)?;
            }
        }
        match followed {
            Some(followed) => index.reached(followed),
            None => Ok(()),
        }
    }

    /// The index must have been made from this very log; else it is made anew.
    async fn verify(&self) -> Result<(), StoreError> {
        if self.is_verified.load(Ordering::Relaxed) {
            return Ok(());
        }
        let followed = self.index.lock().followed();
        if let Some(followed) = followed {
            let page = reading::all_page(&self.slot, From::At(followed.position), 1);
            let page = page.await.map_err(|fault| fault.while_doing(DOING))?;
            let stands = page.is_some_and(|page| page.first().is_some_and(|event| event.id == followed.event));
            if !stands {
                tracing::warn!("the mark index was made from another log, or its last event is gone; it is made anew");
                self.index.lock().clear()?;
            }
        }
        self.is_verified.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A position from which the log can be read so that everything after `after` comes.
    pub(super) fn milestone(&self, after: u64) -> Result<From, StoreError> {
        let milestone = self.index.lock().milestone(after)?;
        Ok(milestone.map_or(From::Start, at))
    }
}

/// Where the event of ours stands that has this position.
pub(super) fn at(position: u64) -> From {
    let place = position.saturating_sub(1);
    From::At(Position { commit: place, prepare: place })
}
