//! States of streams, kept while they are surely the newest.
//!
//! A state is put in under a ticket taken before the read or the append that made it. When tickets of one stream
//! overlap, nobody can say which state is newer, so none stays: the next reader reads the store again.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

const SHARDS: usize = 16;

/// A bounded cache by stream.
pub struct Cache<K: Hash + Eq + Copy, V> {
    shards: Vec<Mutex<Shard<K, V>>>,
    hasher: RandomState,
    remembers: bool,
}

struct Shard<K: Hash + Eq, V> {
    states: LruCache<K, Arc<V>>,
    /// Open tickets by stream: how many, and whether another closed while they were open.
    open: HashMap<K, (usize, bool)>,
}

/// The right to put in one state. Dropped unused, it takes the stream out of the cache: its outcome is not known.
#[must_use]
pub struct Ticket<'a, K: Hash + Eq + Copy, V> {
    cache: &'a Cache<K, V>,
    key: K,
    state: Option<Arc<V>>,
}

impl<K: Hash + Eq + Copy, V> Cache<K, V> {
    /// A cache of about `capacity` states; of 0, one that remembers nothing.
    pub fn new(capacity: usize) -> Self {
        let shards = capacity.clamp(1, SHARDS);
        let each = NonZeroUsize::new(capacity.div_ceil(shards)).unwrap_or(NonZeroUsize::MIN);
        let shard = || Mutex::new(Shard { states: LruCache::new(each), open: HashMap::new() });
        let shards = (0..shards).map(|_| shard()).collect();
        Cache { shards, hasher: RandomState::new(), remembers: capacity > 0 }
    }

    fn shard(&self, key: &K) -> &Mutex<Shard<K, V>> {
        &self.shards[self.hasher.hash_one(key) as usize % self.shards.len()]
    }

    /// The state, if it is known.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        self.shard(key).lock().states.get(key).cloned()
    }

    /// Forgets a stream, and whatever is being read of it.
    pub fn forget(&self, key: &K) {
        let mut shard = self.shard(key).lock();
        shard.states.pop(key);
        if let Some((_, disturbed)) = shard.open.get_mut(key) {
            *disturbed = true;
        }
    }

    /// All states that are known.
    pub fn states(&self) -> Vec<Arc<V>> {
        let of = |shard: &Mutex<Shard<K, V>>| -> Vec<Arc<V>> {
            shard.lock().states.iter().map(|(_, state)| state.clone()).collect()
        };
        self.shards.iter().flat_map(of).collect()
    }

    /// Takes a ticket; before the read or the append.
    pub fn ticket(&self, key: K) -> Ticket<'_, K, V> {
        self.shard(&key).lock().open.entry(key).or_insert((0, false)).0 += 1;
        Ticket { cache: self, key, state: None }
    }
}

impl<K: Hash + Eq + Copy, V> Ticket<'_, K, V> {
    /// Puts in what the read or the append made, unless another ticket of the stream overlapped.
    pub fn put(mut self, state: Arc<V>) {
        self.state = Some(state);
    }
}

impl<K: Hash + Eq + Copy, V> Drop for Ticket<'_, K, V> {
    fn drop(&mut self) {
        let mut shard = self.cache.shard(&self.key).lock();
        let (others, disturbed) = match shard.open.get_mut(&self.key) {
            Some((count, disturbed)) => {
                *count -= 1;
                let was_disturbed = *disturbed;
                *disturbed = true;
                (*count, was_disturbed)
            }
            None => (0, true),
        };
        if others == 0 {
            shard.open.remove(&self.key);
        }
        match self.state.take() {
            Some(state) if !disturbed && self.cache.remembers => shard.states.put(self.key, state),
            _ => shard.states.pop(&self.key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_put_under_a_lone_ticket_is_found() {
        let cache = Cache::new(16);
        cache.ticket(1).put(Arc::new("one"));
        assert_eq!(cache.get(&1).as_deref(), Some(&"one"));
    }

    #[test]
    fn of_overlapping_tickets_the_later_leaves_nothing_that_may_be_old() {
        let cache = Cache::new(16);
        let slow_read = cache.ticket(1);
        cache.ticket(1).put(Arc::new("new"));
        slow_read.put(Arc::new("old"));
        assert_eq!(cache.get(&1), None);
        cache.ticket(1).put(Arc::new("newest"));
        assert_eq!(cache.get(&1).as_deref(), Some(&"newest"));
    }

    #[test]
    fn an_append_of_unknown_outcome_forgets_the_stream() {
        let cache = Cache::new(16);
        cache.ticket(1).put(Arc::new("one"));
        drop(cache.ticket(1));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn a_stream_forgotten_while_it_is_read_stays_forgotten() {
        let cache = Cache::new(16);
        let read = cache.ticket(1);
        cache.forget(&1);
        read.put(Arc::new("with what was erased"));
        assert_eq!(cache.get(&1), None);
    }
}
