//! What the log certainly does not hold, known without asking the file.
//!
//! Nearly every mark of an append, and the stream of every new contact, was never seen before. A split-block Bloom
//! filter (eight bits in one cache line a key) answers that in memory; about one look-up in a hundred asks the file in
//! vain. It is filled from the file in the background after the start; until then everything may be there.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use parking_lot::RwLock;

/// Keys in the first layer; each further one takes four times as many.
const FIRST_LAYER: usize = 1 << 20;
/// Keys in a block of 256 bits: 12.8 bits a key.
const KEYS_A_BLOCK: usize = 20;
/// One odd number a word of a block.
const SALTS: [u32; 8] =
    [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1, 0xd3a2_646d, 0xfd70_46c5, 0xb55a_4f09];

/// See the module.
pub(super) struct Filter {
    layers: RwLock<Vec<Layer>>,
    hasher: RandomState,
    complete: AtomicBool,
}

struct Layer {
    blocks: Box<[[AtomicU32; 8]]>,
    room: usize,
}

impl Layer {
    fn of(keys: usize) -> Self {
        let blocks = (0..keys.div_ceil(KEYS_A_BLOCK)).map(|_| Default::default()).collect();
        Layer { blocks, room: keys }
    }

    fn block(&self, hash: u64) -> &[AtomicU32; 8] {
        &self.blocks[(((hash >> 32) * self.blocks.len() as u64) >> 32) as usize]
    }

    fn holds(&self, hash: u64) -> bool {
        self.block(hash).iter().zip(bits(hash)).all(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
    }
}

/// One bit for each word of a block.
fn bits(hash: u64) -> [u32; 8] {
    SALTS.map(|salt| 1 << ((hash as u32).wrapping_mul(salt) >> 27))
}

impl Filter {
    /// A filter of an empty log.
    pub(super) fn new() -> Self {
        Filter {
            layers: RwLock::new(vec![Layer::of(FIRST_LAYER)]),
            hasher: RandomState::new(),
            complete: AtomicBool::new(false),
        }
    }

    /// From now on every key that the log holds is noted here.
    pub(super) fn complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    /// The log holds this key, or soon will.
    pub(super) fn note(&self, key: &[u8]) {
        let hash = self.hasher.hash_one(key);
        let mut layers = self.layers.write();
        if layers.last().is_none_or(|layer| layer.room == 0) {
            let next = FIRST_LAYER << (2 * layers.len());
            layers.push(Layer::of(next));
        }
        let Some(layer) = layers.last_mut() else { return };
        layer.room -= 1;
        for (word, bit) in layer.block(hash).iter().zip(bits(hash)) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// `false`: the log certainly does not hold the key, staged events included.
    pub(super) fn may_hold(&self, key: &[u8]) -> bool {
        if !self.complete.load(Ordering::Acquire) {
            return true;
        }
        let hash = self.hasher.hash_one(key);
        self.layers.read().iter().any(|layer| layer.holds(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> [u8; 8] {
        number.to_be_bytes()
    }

    #[test]
    fn everything_may_be_there_until_the_filter_is_complete() {
        let filter = Filter::new();
        assert!(filter.may_hold(b"anything"));
        filter.complete();
        assert!(!filter.may_hold(b"anything"));
    }

    #[test]
    fn what_was_noted_may_be_there_and_little_else() {
        let filter = Filter::new();
        filter.complete();
        let noted = FIRST_LAYER + FIRST_LAYER / 2;
        (0..noted).for_each(|number| filter.note(&key(number)));
        assert!((0..noted).step_by(97).all(|number| filter.may_hold(&key(number))), "in either layer");
        let wrong = (noted..noted + 100_000).filter(|number| filter.may_hold(&key(*number))).count();
        assert!(wrong < 2_500, "{wrong} of 100,000 strangers were taken for known");
    }
}
