//! Keys in memory: as many as fit, wiped when they go, and never one that was destroyed.
//!
//! A replay asks for another contact's key at nearly every event, so a look touches as little memory as it can: it
//! leaves a sign that the key was used, and moves nothing. What was not used since the hand came by last goes first.

use std::sync::atomic::{AtomicU64, Ordering};

use dossier_domain::ids::IdMap;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::ports::KeyState;

/// So that readers of different holders seldom meet.
const SHARDS: usize = 16;

pub(in crate::adapters) struct Cache {
    shards: Box<[Mutex<Shard>]>,
    destructions: AtomicU64,
}

/// When a look-up began, by the destructions before it.
#[derive(Clone, Copy)]
pub(in crate::adapters) struct Epoch(u64);

/// Some of the keys. They lie in slots that never move, since a key that is moved leaves a copy behind; a hand goes round
/// the slots.
struct Shard {
    places: IdMap<Uuid, usize>,
    slots: Vec<Box<[Slot]>>,
    hand: usize,
    at_most: usize,
}

/// Slots made at once.
const CHUNK: usize = 256;

struct Slot {
    holder: Uuid,
    state: KeyState,
    used: bool,
}

impl Shard {
    fn holding(at_most: usize) -> Self {
        Shard { places: IdMap::default(), slots: Vec::new(), hand: 0, at_most }
    }

    fn slot(&mut self, place: usize) -> &mut Slot {
        &mut self.slots[place / CHUNK][place % CHUNK]
    }

    fn get(&mut self, holder: Uuid) -> Option<KeyState> {
        let place = *self.places.get(&holder)?;
        let slot = self.slot(place);
        slot.used = true;
        Some(slot.state.clone())
    }

    fn put(&mut self, holder: Uuid, state: KeyState) {
        let place = match self.places.get(&holder) {
            Some(place) => *place,
            None => self.free_place(),
        };
        *self.slot(place) = Slot { holder, state, used: false };
        self.places.insert(holder, place);
    }

    /// A slot that nobody's key is in: a new one while there may be more, else the next whose key was not used.
    fn free_place(&mut self) -> usize {
        let next = self.places.len();
        if next < self.at_most {
            if next / CHUNK == self.slots.len() {
                let empty = || Slot { holder: Uuid::nil(), state: KeyState::Missing, used: false };
                self.slots.push((0..CHUNK).map(|_| empty()).collect());
            }
            return next;
        }
        loop {
            let place = self.hand;
            self.hand = (place + 1) % self.at_most;
            let slot = self.slot(place);
            if !std::mem::take(&mut slot.used) {
                let holder = slot.holder;
                self.places.remove(&holder);
                return place;
            }
        }
    }
}

impl Cache {
    pub(in crate::adapters) fn holding(at_most: usize) -> Self {
        let at_most = (at_most / SHARDS).max(1);
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::holding(at_most))).collect();
        Cache { shards, destructions: AtomicU64::new(0) }
    }

    /// By the holder's last byte: every holder's id is random or a keyed hash.
    fn shard(&self, holder: Uuid) -> &Mutex<Shard> {
        &self.shards[usize::from(holder.as_bytes()[15]) % SHARDS]
    }

    pub(in crate::adapters) fn get(&self, holder: Uuid) -> Option<KeyState> {
        self.shard(holder).lock().get(holder)
    }

    /// To be asked before the look-up whose answer will be [`Cache::put`].
    pub(in crate::adapters) fn epoch(&self) -> Epoch {
        Epoch(self.destructions.load(Ordering::SeqCst))
    }

    /// Keeps what a look-up found, unless any key was destroyed since it began: it may be this one.
    pub(in crate::adapters) fn put(&self, holder: Uuid, state: &KeyState, since: Epoch) {
        let mut shard = self.shard(holder).lock();
        if self.destructions.load(Ordering::SeqCst) == since.0 {
            shard.put(holder, state.clone());
        }
    }

    /// The holder's key is gone for good.
    pub(in crate::adapters) fn destroy(&self, holder: Uuid) {
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

    #[test]
    fn no_more_are_kept_than_fit_and_those_in_use_stay() {
        let cache = Cache::holding(SHARDS * 4);
        let live = |number: u8| KeyState::Live(SecretKey([number; 32]));
        // All in one shard.
        let holder = |number: u8| Uuid::from_u128(u128::from(number) << 8);
        for number in 0..100 {
            cache.put(holder(number), &live(number), cache.epoch());
            assert_eq!(cache.get(holder(0)), Some(live(0)), "it is asked for again and again");
            let shard = cache.shard(holder(0)).lock();
            assert!(shard.places.len() <= 4 && shard.slots.len() == 1);
        }
        assert_eq!(cache.get(holder(99)), Some(live(99)));
        assert_eq!(cache.get(holder(50)), None);
    }
}
