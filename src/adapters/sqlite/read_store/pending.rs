//! What was written and is not in the file yet.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::file::{Row, Write, after_prefix};
use crate::ports::read_store::FeedWrite;

/// What a row takes besides its bytes, about.
const OVERHEAD: usize = 96;

/// Rows that wait for the file, the last value of each; `None` where there is none any more.
#[derive(Default)]
pub(super) struct Batch {
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    feed: Vec<FeedWrite>,
    bytes: usize,
}

impl Batch {
    fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let size = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        self.bytes += size(&value);
        let key_bytes = key.len() + OVERHEAD;
        match self.rows.insert(key, value) {
            Some(before) => self.bytes -= size(&before),
            None => self.bytes += key_bytes,
        }
    }

    /// What is done to the file, in its order.
    pub(super) fn writes(&self) -> impl Iterator<Item = Write> {
        self.rows.iter().map(|(key, value)| match value {
            Some(value) => Write::Put(key.clone(), value.clone()),
            None => Write::Remove(key.clone()),
        })
    }

    /// What goes into the feed.
    pub(super) fn feed(&self) -> &[FeedWrite] {
        &self.feed
    }
}

/// Two layers over the file: what comes, and what is on its way into it.
pub(super) struct Pending {
    fresh: Batch,
    leaving: Option<(Arc<Batch>, u64)>,
    /// Up to where everything was written.
    checkpoint: u64,
    /// Where the file stands.
    stored: u64,
}

impl Pending {
    /// Nothing over a file that stands there.
    pub(super) fn over(stored: u64) -> Self {
        Pending { fresh: Batch::default(), leaving: None, checkpoint: stored, stored }
    }

    /// Up to where everything was written.
    pub(super) fn checkpoint(&self) -> u64 {
        self.checkpoint
    }

    /// Where the file stands.
    pub(super) fn stored(&self) -> u64 {
        self.stored
    }

    /// Takes a batch that leads to a checkpoint. What it removes by prefix is no matter of memory.
    pub(super) fn take(&mut self, writes: Vec<Write>, feed: Vec<FeedWrite>, to: u64) {
        for write in writes {
            match write {
                Write::Put(key, value) => self.fresh.put(key, Some(value)),
                Write::Remove(key) => self.fresh.put(key, None),
                Write::RemovePrefix(_) => unreachable!("a removed prefix is written through"),
            }
        }
        self.fresh.feed.extend(feed);
        self.checkpoint = to;
    }

    /// Bytes that wait, about, besides those on their way.
    pub(super) fn bytes(&self) -> usize {
        self.fresh.bytes
    }

    /// A row, if it is here: its value, or that it is gone.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<&Vec<u8>>> {
        let leaving = self.leaving.as_ref().map(|(batch, _)| &batch.rows);
        self.fresh.rows.get(key).or_else(|| leaving?.get(key)).map(Option::as_ref)
    }

    /// What is to be written next and where it leads to: what could not be written before, or else everything.
    pub(super) fn leave(&mut self) -> Option<(Arc<Batch>, u64)> {
        if self.leaving.is_none() && self.checkpoint != self.stored {
            self.leaving = Some((Arc::new(std::mem::take(&mut self.fresh)), self.checkpoint));
        }
        self.leaving.clone()
    }

    /// The file stands there now, with all that was on its way.
    pub(super) fn left(&mut self, stored: u64) {
        self.leaving = None;
        self.stored = stored;
        self.checkpoint = self.checkpoint.max(stored);
    }

    /// The rows that begin with the prefix and lie after a key.
    pub(super) fn range(&self, prefix: &[u8], after: Option<&[u8]>) -> BTreeMap<&[u8], Option<&Vec<u8>>> {
        let end = after_prefix(prefix);
        let begin = match after.filter(|after| *after >= prefix) {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(prefix),
        };
        let mut found = BTreeMap::new();
        // `BTreeMap::range` refuses a range that ends before it begins.
        if after.is_none_or(|after| after < end.as_slice()) {
            let leaving = self.leaving.as_ref().map(|(batch, _)| &batch.rows);
            for rows in leaving.into_iter().chain([&self.fresh.rows]) {
                let rows = rows.range::<[u8], _>((begin, Bound::Excluded(end.as_slice())));
                found.extend(rows.map(|(key, value)| (key.as_slice(), value.as_ref())));
            }
        }
        found
    }
}

/// Rows of the file under those that wait, at most so many; the file's must be as many more as there are of the others.
pub(super) fn merged(file: Vec<Row>, pending: BTreeMap<&[u8], Option<&Vec<u8>>>, limit: usize) -> Vec<Row> {
    let mut rows = file;
    rows.retain(|(key, _)| !pending.contains_key(key.as_slice()));
    rows.extend(pending.into_iter().filter_map(|(key, value)| Some((key.to_vec(), value?.clone()))));
    rows.sort_unstable();
    rows.truncate(limit);
    rows
}
