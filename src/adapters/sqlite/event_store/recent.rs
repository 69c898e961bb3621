//! A bounded memory that knows how much it has forgotten.
//!
//! What is remembered here was once committed, so whatever is not remembered can be looked up in the file. That
//! look-up takes time, in which something newer may be committed and forgotten again; so the memory keeps the highest
//! position that it forgot, and an answer from the file is good only if the file was read at or after it.

use std::hash::Hash;
use std::num::NonZeroUsize;

use lru::LruCache;

/// Values by key, each with the position up to which the log was known when it was true.
pub(super) struct Recent<K: Hash + Eq, V> {
    entries: LruCache<K, (V, u64)>,
    forgotten: u64,
}

impl<K: Hash + Eq, V: Copy> Recent<K, V> {
    pub(super) fn holding(at_most: usize) -> Self {
        let at_most = NonZeroUsize::new(at_most).unwrap_or(NonZeroUsize::MIN);
        Recent { entries: LruCache::new(at_most), forgotten: 0 }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        self.entries.get(key).map(|(value, _)| *value)
    }

    /// Remembers what is true as of a position.
    pub(super) fn put(&mut self, key: K, value: V, as_of: u64) {
        if let Some((_, (_, position))) = self.entries.push(key, (value, as_of)) {
            self.forgotten = self.forgotten.max(position);
        }
    }

    /// Whether a look-up in a file that held everything up to `as_of` still says all there is to say.
    pub(super) fn trusts(&self, as_of: u64) -> bool {
        self.forgotten <= as_of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_older_than_what_was_forgotten_is_not_trusted() {
        let mut recent = Recent::holding(2);
        recent.put("a", 1, 10);
        recent.put("b", 1, 11);
        assert!(recent.trusts(0), "nothing is forgotten yet");
        recent.put("c", 1, 12);
        assert_eq!(recent.get(&"a"), None);
        assert!(!recent.trusts(9) && recent.trusts(10));
    }

    #[test]
    fn replacing_an_entry_only_forgets_what_it_replaced() {
        let mut recent = Recent::holding(2);
        recent.put("a", 1, 10);
        recent.put("a", 2, 20);
        assert_eq!(recent.get(&"a"), Some(2));
        assert!(recent.trusts(10));
    }
}
