//! A number that only rises, and tasks that wait for it to pass a mark.
//!
//! Each waiter is woken once, when its own mark is reached, however many batches pass before; a waiter that gives up
//! leaves nothing behind.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// The mark and those who wait for it.
#[derive(Debug, Default)]
pub(super) struct Watermark {
    reached: AtomicU64,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    /// Set once: the mark will never rise again.
    ended: Option<Arc<str>>,
    next_ticket: u64,
    waiting: BTreeMap<(u64, u64), Waker>,
}

impl Watermark {
    /// A mark that stands at `reached`.
    pub(super) fn at(reached: u64) -> Self {
        Watermark { reached: AtomicU64::new(reached), waiters: Mutex::default() }
    }

    /// How far it has come.
    pub(super) fn reached(&self) -> u64 {
        self.reached.load(Ordering::Acquire)
    }

    /// Raises the mark and wakes whoever waited for it. A lower mark than the present one is a bug of the caller.
    pub(super) fn advance(&self, to: u64) {
        debug_assert!(to >= self.reached(), "the mark never falls");
        self.rise(to);
    }

    /// Raises the mark if it stands lower, and wakes whoever waited for that. Anyone may, at any time.
    pub(super) fn rise(&self, to: u64) {
        // Before the lock is taken: whoever takes it afterwards sees the new mark and does not go to sleep.
        if self.reached.fetch_max(to, Ordering::AcqRel) >= to {
            return;
        }
        let woken = {
            let mut waiters = self.waiters.lock();
            let later = match to.checked_add(1) {
                Some(next) => waiters.waiting.split_off(&(next, 0)),
                None => BTreeMap::new(),
            };
            std::mem::replace(&mut waiters.waiting, later)
        };
        woken.into_values().for_each(Waker::wake);
    }

    /// Nothing will rise any more: everyone who waits, now or later, for more than was reached hears why.
    pub(super) fn end(&self, reason: &str) {
        let woken = {
            let mut waiters = self.waiters.lock();
            waiters.ended.get_or_insert_with(|| reason.into());
            std::mem::take(&mut waiters.waiting)
        };
        woken.into_values().for_each(Waker::wake);
    }

    /// Waits until the mark is at `target` or past it, and answers how far it is; or why it never will be.
    pub(super) fn wait(&self, target: u64) -> Wait<'_> {
        Wait { mark: self, target, ticket: None }
    }

    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.waiters.lock().waiting.len()
    }
}

/// See [`Watermark::wait`].
pub(super) struct Wait<'a> {
    mark: &'a Watermark,
    target: u64,
    ticket: Option<u64>,
}

impl Future for Wait<'_> {
    type Output = Result<u64, Arc<str>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let reached = self.mark.reached();
        if reached >= self.target {
            return Poll::Ready(Ok(reached));
        }
        let mark = self.mark;
        let mut waiters = mark.waiters.lock();
        let reached = mark.reached();
        if reached >= self.target {
            return Poll::Ready(Ok(reached));
        }
        if let Some(reason) = &waiters.ended {
            return Poll::Ready(Err(Arc::clone(reason)));
        }
        let ticket = match self.ticket {
            Some(ticket) => ticket,
            None => {
                waiters.next_ticket += 1;
                waiters.next_ticket
            }
        };
        self.ticket = Some(ticket);
        waiters.waiting.insert((self.target, ticket), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.mark.waiters.lock().waiting.remove(&(self.target, ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_mark_already_reached_is_answered_at_once() {
        let mark = Watermark::at(7);
        assert_eq!(mark.wait(7).now_or_never(), Some(Ok(7)));
        assert_eq!(mark.wait(8).now_or_never(), None);
    }

    #[tokio::test]
    async fn only_those_whose_mark_is_reached_are_woken() {
        let mark = Watermark::default();
        let mut near = Box::pin(mark.wait(3));
        let mut far = Box::pin(mark.wait(5));
        assert!((&mut near).now_or_never().is_none() && (&mut far).now_or_never().is_none());
        mark.advance(4);
        assert_eq!(mark.waiting(), 1, "the far one sleeps on");
        assert_eq!(near.await, Ok(4));
        mark.advance(5);
        assert_eq!(far.await, Ok(5));
    }

    #[tokio::test]
    async fn a_mark_that_stands_higher_is_left_there() {
        let mark = Watermark::at(5);
        mark.rise(3);
        assert_eq!(mark.reached(), 5);
        let mut waiter = Box::pin(mark.wait(7));
        assert!((&mut waiter).now_or_never().is_none());
        mark.rise(8);
        assert_eq!(waiter.await, Ok(8));
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_nothing_behind() {
        let mark = Watermark::default();
        assert_eq!(mark.wait(9).now_or_never(), None);
        assert_eq!(mark.waiting(), 0);
    }

    #[tokio::test]
    async fn the_end_is_heard_only_beyond_what_was_reached() {
        let mark = Watermark::at(2);
        let mut waiter = Box::pin(mark.wait(3));
        assert!((&mut waiter).now_or_never().is_none());
        mark.end("the disk is full");
        assert_eq!(waiter.await, Err("the disk is full".into()));
        assert_eq!(mark.wait(2).await, Ok(2));
        assert_eq!(mark.wait(3).await, Err("the disk is full".into()));
    }
}
