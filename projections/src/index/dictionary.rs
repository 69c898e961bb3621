//! Values that many contacts share: each once, with a bitmap of those that show it. What nobody shows is freed.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use dossier_domain::values::text::fold;
use roaring::RoaringBitmap;

use super::timeline::bitmap_memory;
use crate::stored::{Stored, stored};

/// Values by code.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    codes: BTreeMap<Arc<str>, u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
}

/// One value.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) text: Arc<str>,
    /// As it is spelled, where that is another thing.
    pub(super) name: Arc<str>,
    /// As it is sorted.
    pub(super) folded: Box<str>,
    pub(super) members: RoaringBitmap,
}

stored!(Entry { text, name, folded, members });

impl Stored for Dictionary {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.free.store(out)?;
        self.entries.store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let (free, entries): (Vec<u32>, Vec<Entry>) = Stored::load(from)?;
        let nobodys: HashSet<u32> = free.iter().copied().collect();
        let used = (0..).zip(&entries).filter(|(code, _)| !nobodys.contains(code));
        let codes = used.map(|(code, entry)| (entry.text.clone(), code)).collect();
        Ok(Dictionary { codes, entries, free })
    }
}

impl Dictionary {
    pub(super) fn entry(&self, code: u32) -> &Entry {
        &self.entries[code as usize]
    }

    pub(super) fn members(&self, text: &str) -> Option<&RoaringBitmap> {
        self.codes.get(text).map(|code| &self.entry(*code).members)
    }

    /// The code of a value that a contact shows from now on.
    pub(super) fn add(&mut self, text: &Arc<str>, name: &Arc<str>, ordinal: u32) -> u32 {
        let code = match self.codes.get(text) {
            Some(code) => *code,
            None => self.enter(text, name),
        };
        self.entries[code as usize].members.insert(ordinal);
        code
    }

    fn enter(&mut self, text: &Arc<str>, name: &Arc<str>) -> u32 {
        let code = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            (self.entries.len() - 1) as u32
        });
        let (text, name, folded) = (text.clone(), name.clone(), fold(text).into());
        self.entries[code as usize] = Entry { text: text.clone(), name, folded, members: RoaringBitmap::new() };
        self.codes.insert(text, code);
        code
    }

    /// A contact no longer shows it.
    pub(super) fn drop(&mut self, code: u32, ordinal: u32) {
        let entry = &mut self.entries[code as usize];
        entry.members.remove(ordinal);
        if entry.members.is_empty() {
            let entry = std::mem::take(entry);
            self.codes.remove(&entry.text);
            self.free.push(code);
        }
    }

    /// Those whose text begins so, in order.
    pub(super) fn beginning_with<'d>(&'d self, prefix: &'d str) -> impl Iterator<Item = &'d Entry> {
        let from = self.codes.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(move |(text, _)| text.starts_with(prefix)).map(|(_, code)| self.entry(*code))
    }

    pub(super) fn memory(&self) -> usize {
        let entry = |entry: &Entry| size_of::<Entry>() + 3 * entry.text.len() + 64 + bitmap_memory(&entry.members);
        self.entries.iter().map(entry).sum()
    }
}
