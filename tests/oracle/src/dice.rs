//! A tiny seeded source of chance (SplitMix64), so that a stream stays the same whatever any dependency does.

pub(crate) struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 where nothing is to choose from.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// True in so many cases of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let chosen = self.below(from.len());
        from.get(chosen).cloned()
    }

    /// One of the texts, which are never none.
    pub fn word(&mut self, from: &[&str]) -> String {
        from[self.below(from.len())].to_owned()
    }

    /// An index by weight.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (chosen, weight) in weights.iter().enumerate() {
            if left < *weight {
                return chosen;
            }
            left -= weight;
        }
        0
    }
}
