//! The lowest of many keys, in one pass.

/// The lowest keys of those seen up to now, and some more until there is no room.
#[derive(Default)]
pub(super) struct Lowest {
    count: usize,
    kept: Vec<(u64, u32)>,
    /// Once there are enough, the greatest of them: none above it is needed.
    limit: Option<u64>,
    /// Whether some were left out that have the limit for a key.
    has_ties: bool,
}

impl Lowest {
    pub(super) fn of(count: usize) -> Self {
        Lowest { count, ..Lowest::default() }
    }

    /// Keys above this are not needed.
    #[inline(always)]
    pub(super) fn highest(&self) -> u64 {
        self.limit.unwrap_or(u64::MAX)
    }

    #[inline(always)]
    pub(super) fn see(&mut self, key: u64, ordinal: u32) {
        match self.limit {
            Some(limit) if key > limit => {}
            Some(limit) if key == limit => self.has_ties = true,
            _ => self.take(key, ordinal),
        }
    }

    fn take(&mut self, key: u64, ordinal: u32) {
        self.kept.push((key, ordinal));
        if self.kept.len() >= 2 * self.count + 256 {
            self.narrow();
        }
    }

    fn narrow(&mut self) {
        let Some(last) = self.count.checked_sub(1) else { return self.kept.clear() };
        if last < self.kept.len() {
            self.kept.select_nth_unstable_by_key(last, |(key, _)| *key);
            let limit = self.kept[last].0;
            let ties_stay = self.limit == Some(limit) && self.has_ties;
            self.has_ties = ties_stay || self.kept[last + 1..].iter().any(|(key, _)| *key == limit);
            self.limit = Some(limit);
            self.kept.truncate(self.count);
        }
    }

    /// Those that are certain, and the key of those of whom more tie than were kept.
    pub(super) fn finish(mut self) -> (Vec<(u64, u32)>, Option<u64>) {
        self.narrow();
        let tied = self.limit.filter(|_| self.has_ties);
        self.kept.retain(|(key, _)| Some(*key) != tied);
        (self.kept, tied)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn those_are_certain_that_are_low_enough_and_the_rest_ties(
            keys in prop::collection::vec(prop_oneof![0..9_u64, 0..400_u64], 0..1_500),
            count in 0..40_usize,
        ) {
            let mut lowest = Lowest::of(count);
            keys.iter().zip(0..).for_each(|(key, ordinal)| lowest.see(*key, ordinal));
            let (mut certain, tied) = lowest.finish();
            certain.sort_unstable();
            let mut all: Vec<(u64, u32)> = keys.iter().copied().zip(0..).collect();
            all.sort_unstable();
            let Some(tied) = tied else {
                let last = all.get(count.wrapping_sub(1)).map_or(u64::MAX, |(key, _)| *key);
                prop_assert!(count == 0 || all.iter().filter(|(key, _)| *key <= last).count() <= count.max(certain.len()));
                all.truncate(count);
                prop_assert_eq!(certain, all);
                return Ok(());
            };
            prop_assert_eq!(tied, all[count - 1].0);
            all.retain(|(key, _)| *key < tied);
            prop_assert_eq!(certain, all);
        }
    }
}
