//! Hearing what other processes destroyed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use dossier_domain::sabotage::{Break, armed};

use super::{Keys, table};

/// How often it is asked.
const ASKED_EVERY: Duration = Duration::from_millis(250);
/// How old the question of the last answer may be. A destruction that was acknowledged is heard before a second is over,
/// or memory is believed no more.
const YOUNG: Duration = Duration::from_millis(900);

/// Whether memory can be believed.
pub(super) struct Trust {
    begun: Instant,
    /// When the last question was asked that was answered, in milliseconds; 0: none was.
    asked: AtomicU64,
}

/// When a question was asked.
#[derive(Clone, Copy)]
pub(super) struct Asked(Instant);

impl Default for Trust {
    fn default() -> Self {
        // So that no question is asked at 0.
        Trust { begun: Instant::now(), asked: AtomicU64::new(0) }
    }
}

impl Trust {
    /// To be called before a question.
    pub(super) fn asks(&self) -> Asked {
        Asked(Instant::now())
    }

    /// It was answered, and memory knows the answer.
    pub(super) fn heard(&self, Asked(at): Asked) {
        let millis = u64::try_from((at - self.begun).as_millis()).unwrap_or(u64::MAX);
        // Rounded down, it is the older for it.
        self.asked.fetch_max(millis + 1, Ordering::SeqCst);
    }

    pub(super) fn is_young(&self) -> bool {
        let Some(asked) = self.asked.load(Ordering::SeqCst).checked_sub(1) else { return false };
        self.begun.elapsed().saturating_sub(Duration::from_millis(asked)) < YOUNG
    }
}

/// Asks on for destructions after a number, as long as the keys are used.
pub(super) fn follow(keys: &Arc<Keys>, mut last: i64) {
    let keys = Arc::downgrade(keys);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(ASKED_EVERY).await;
            let Some(asked) = ask(&keys, last).await else { return };
            last = asked;
        }
    });
}

/// Asks once; answers the number of the last destruction that was heard, or nothing once nobody uses the keys.
async fn ask(keys: &Weak<Keys>, last: i64) -> Option<i64> {
    let keys = keys.upgrade()?;
    let asked = keys.trust.asks();
    if armed(Break::DestructionsGoUnheard) {
        keys.trust.heard(asked);
        return Some(last);
    }
    match table::destroyed_since(&keys.pool, last).await {
        Ok(destroyed) => {
            destroyed.iter().for_each(|(holder, _)| keys.cache.destroy(*holder));
            keys.trust.heard(asked);
            Some(destroyed.last().map_or(last, |(_, number)| *number))
        }
        Err(error) => {
            tracing::warn!(%error, "the keyring does not answer; keys are looked up one by one");
            Some(last)
        }
    }
}
