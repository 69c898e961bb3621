//! A column of times, which also tells who lies in a short while without a look at everybody.

use std::collections::BTreeMap;
use std::ops::Range;

use roaring::RoaringBitmap;

use super::column::{Cell, Column, sift};
use crate::stored::stored;

/// A column whose keys are times.
#[derive(Debug)]
pub(super) struct Timeline {
    column: Column<u64>,
    /// By the key without its last bits.
    buckets: BTreeMap<u64, RoaringBitmap>,
    shift: u32,
}

stored!(Timeline { shift, column, buckets });

impl Timeline {
    /// Of microseconds, in buckets of about two and a half hours.
    pub(super) fn of_instants() -> Self {
        Timeline { column: Column::default(), buckets: BTreeMap::new(), shift: 33 }
    }

    /// Of days.
    pub(super) fn of_days() -> Self {
        Timeline { column: Column::default(), buckets: BTreeMap::new(), shift: 0 }
    }

    pub(super) fn column(&self) -> &Column<u64> {
        &self.column
    }

    #[cfg(feature = "sabotage")]
    pub(super) fn buckets(&self) -> &BTreeMap<u64, RoaringBitmap> {
        &self.buckets
    }

    /// Whether it changed.
    pub(super) fn set(&mut self, ordinal: u32, key: u64) -> bool {
        let before = *self.column.get(ordinal);
        if before == key {
            return false;
        }
        self.column.set(ordinal, key);
        let [from, to] = [before, key].map(|key| (key != u64::ABSENT).then_some(key >> self.shift));
        if from == to {
            return true;
        }
        if let Some(from) = from
            && let Some(bucket) = self.buckets.get_mut(&from)
        {
            bucket.remove(ordinal);
            if bucket.is_empty() {
                self.buckets.remove(&from);
            }
        }
        if let Some(to) = to {
            self.buckets.entry(to).or_default().insert(ordinal);
        }
        true
    }

    /// Those whose key lies in a range.
    pub(super) fn between(&self, keys: Range<u64>) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        if keys.is_empty() {
            return found;
        }
        let (first, last) = (keys.start >> self.shift, (keys.end - 1) >> self.shift);
        for (bucket, members) in self.buckets.range(first..=last) {
            if *bucket == first || *bucket == last {
                found |= sift(members.clone(), |ordinal| keys.contains(self.column.get(ordinal)));
            } else {
                found |= members;
            }
        }
        found
    }

    pub(super) fn memory(&self) -> usize {
        let bucket = |bucket: &RoaringBitmap| bitmap_memory(bucket) + 2 * size_of::<u64>();
        self.column.memory() + self.buckets.values().map(bucket).sum::<usize>()
    }
}

/// Roughly what a bitmap takes: its bytes, and what keeps each of its parts.
pub(super) fn bitmap_memory(bitmap: &RoaringBitmap) -> usize {
    let parts = bitmap.statistics().n_containers as usize;
    bitmap.serialized_size() + size_of::<RoaringBitmap>() + parts * 40
}
