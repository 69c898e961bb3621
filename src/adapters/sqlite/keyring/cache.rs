//! Keys in memory: as many as fit, wiped when they go, and never one that was destroyed.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use lru::LruCache;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::ports::KeyState;

/// So that readers of different holders seldom meet.
const SHARDS: usize = 16;

pub(super) struct Cache {
    shards: Box<[Mutex<LruCache<Uuid, KeyState>>]>,
    destructions: AtomicU64,
}

/// When a look-up began, by the destructions before it.
#[derive(Clone, Copy)]
pub(super) struct Epoch(u64);

impl Cache {
    pub(super) fn holding(at_most: usize) -> Self {
        let each = NonZeroUsize::new(at_most / SHARDS).unwrap_or(NonZeroUsize::MIN);
        Cache {
            shards: (0..SHARDS).map(|_| Mutex::new(LruCache::new(each))).collect(),
            destructions: AtomicU64::new(0),
        }
    }

    /// By the holder's last byte: every holder's id is random or a keyed hash.
    fn shard(&self, holder: Uuid) -> &Mutex<LruCache<Uuid, KeyState>> {
        &self.shards[usize::from(holder.as_bytes()[15]) % SHARDS]
    }

    pub(super) fn get(&self, holder: Uuid) -> Option<KeyState> {
        self.shard(holder).lock().get(&holder).cloned()
    }

    /// To be asked before the look-up whose answer will be [`Cache::put`].
    pub(super) fn epoch(&self) -> Epoch {
        Epoch(self.destructions.load(Ordering::SeqCst))
    }

    /// Keeps what a look-up found, unless any key was destroyed since it began: it may be this one.
    pub(super) fn put(&self, holder: Uuid, state: &KeyState, since: Epoch) {
        let mut shard = self.shard(holder).lock();
        if self.destructions.load(Ordering::SeqCst) == since.0 {
            shard.put(holder, state.clone());
        }
    }

    /// The holder's key is gone for good.
    pub(super) fn destroy(&self, holder: Uuid) {
        self.destructions.fetch_add(1, Ordering::SeqCst);
        self.shard(holder).lock().put(holder, KeyState::Destroyed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SecretKey;

    #[test]
    fn a_look_up_overtaken_by_a_destruction_is_not_kept() {
        let cache = Cache::holding(1);
        let (ada, grace) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let live = KeyState::Live(SecretKey([1; 32]));
        let before = cache.epoch();
        cache.destroy(ada);
        // Others may push the tombstone out of so small a cache.
        (100..200).for_each(|other| cache.put(Uuid::from_u128(other), &live, cache.epoch()));
        cache.put(ada, &live, before);
        cache.put(grace, &live, cache.epoch());
        assert_ne!(cache.get(ada), Some(live.clone()));
        assert_eq!(cache.get(grace), Some(live));
    }
}
