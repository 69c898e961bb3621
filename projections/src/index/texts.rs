//! The text of all contacts: a record each, where in it the fields lie, and which bytes it has.

use std::ops::Range;

use dossier_domain::filter::{Part, Search, Textual};
use memchr::memmem::Finder;
use roaring::RoaringBitmap;

use super::column::{Cell, Column, sift};
use super::fetched::sift_fetched;
use super::grams::{Grams, Parts, is_exact};
use super::keys::{deep_text_key, is_whole, text_key};
use super::record::{SEPARATOR, needle_of_digits, range_at, value_at};
use super::values::choice;
use crate::stored::stored;

/// Records by ordinal.
#[derive(Debug, Default)]
pub(super) struct Texts {
    records: Vec<Box<[u8]>>,
    grams: Grams,
    /// New contacts whose text is not among the grams yet: they are looked at one by one. Many at once are entered in a
    /// tenth of the time, since then each bitmap is fetched once.
    waiting: RoaringBitmap,
    /// Nobody asks meanwhile.
    is_filling: bool,
}

/// So few that a look at each of them takes no time,
const WAITING: u64 = 1_024;
/// and fewer in a small index: a part of it.
const WAITING_SHARE: usize = 16;
/// So many where nobody asks meanwhile.
const WAITING_WHILE_FILLED: u64 = 8_192;

/// Where the values of a field lie in the records.
#[derive(Debug, Default)]
pub(super) struct TextColumn {
    starts: Column<u32>,
    /// The first eight bytes of each value, for sorting.
    keys: Column<u64>,
    /// The next eight, of values that those do not tell whole: names that begin alike mostly differ in these, and a look at
    /// their text waits for the memory.
    next_keys: Column<u64>,
}

stored!(Texts { records, grams, waiting, is_filling });
stored!(TextColumn { starts, keys, next_keys });

impl Texts {
    pub(super) fn record(&self, ordinal: u32) -> &[u8] {
        self.records.get(ordinal as usize).map_or(&[], |record| record)
    }

    /// The first byte of a record, to have it fetched.
    fn begins(&self, ordinal: u32) -> u8 {
        self.record(ordinal).first().copied().unwrap_or_default()
    }

    /// A contact has this record from now on; an empty one, if it has no text at all.
    pub(super) fn set(&mut self, ordinal: u32, record: Box<[u8]>) {
        let index = ordinal as usize;
        if self.records.len() <= index {
            self.records.resize(index + 1, Box::default());
        }
        let before = std::mem::replace(&mut self.records[index], record);
        let record = &self.records[index];
        let is_waiting = self.waiting.contains(ordinal);
        if before.is_empty() || is_waiting {
            if record.is_empty() {
                self.waiting.remove(ordinal)
            } else {
                self.waiting.insert(ordinal)
            };
            if self.waiting.len() >= self.waiting_max() {
                self.settle();
            }
        } else {
            self.grams.replace(ordinal, &Parts::of(&before), &Parts::of(record));
        }
    }

    /// Every part of a record, with those who have it: as they are found, whether they wait or not.
    #[cfg(feature = "sabotage")]
    pub(super) fn every_gram(&self) -> std::collections::BTreeMap<Vec<u8>, RoaringBitmap> {
        let mut grams = self.grams.every();
        let mut waiting = Grams::default();
        waiting.enter(self.waiting.iter().map(|ordinal| (ordinal, self.record(ordinal))));
        for (gram, members) in waiting.every() {
            *grams.entry(gram).or_default() |= members;
        }
        grams
    }

    /// Nobody asks until [`Texts::end_filling`]: more may wait.
    pub(super) fn begin_filling(&mut self) {
        self.is_filling = true;
    }

    pub(super) fn end_filling(&mut self) {
        self.is_filling = false;
        self.settle();
    }

    fn waiting_max(&self) -> u64 {
        if self.is_filling {
            return WAITING_WHILE_FILLED;
        }
        WAITING.min((self.records.len() / WAITING_SHARE) as u64 + 1)
    }

    /// Enters all that wait.
    fn settle(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let records = &self.records;
        self.grams.enter(waiting.iter().map(|ordinal| (ordinal, &*records[ordinal as usize])));
    }

    /// Those in whose record a needle may stand; where the needle is exact, it does.
    fn having(&self, needle: &[u8], within: &RoaringBitmap) -> RoaringBitmap {
        let found = self.grams.candidates(needle, within);
        if self.waiting.is_empty() {
            return found;
        }
        let finder = Finder::new(needle);
        found | sift(&self.waiting & within, |ordinal| finder.find(self.record(ordinal)).is_some())
    }

    /// What a search lets pass, before it is looked at closely.
    pub(super) fn candidates(&self, search: &Search, within: &RoaringBitmap) -> RoaringBitmap {
        match search {
            Search::Terms(terms) => {
                terms.iter().fold(within.clone(), |found, term| self.having(term.as_bytes(), &found))
            }
            Search::Phone { digits, text } => {
                let digits = digits.iter().map(|digits| needle_of_digits(digits));
                let needles = digits.chain([text.as_bytes().to_vec()]);
                needles.fold(RoaringBitmap::new(), |found, needle| found | self.having(&needle, within))
            }
        }
    }

    /// Those of its candidates that a search finds.
    pub(super) fn found(&self, search: &Search, candidates: RoaringBitmap) -> RoaringBitmap {
        match search {
            Search::Terms(terms) => {
                let uncertain = terms.iter().filter(|term| !is_exact(term.as_bytes()));
                let finders: Vec<Finder<'_>> = uncertain.map(|term| Finder::new(term.as_bytes())).collect();
                if finders.is_empty() {
                    return candidates;
                }
                sift_fetched(
                    &candidates,
                    |ordinal| self.begins(ordinal),
                    |ordinal| {
                        let record = self.record(ordinal);
                        finders.iter().all(|finder| finder.find(record).is_some())
                    },
                )
            }
            Search::Phone { digits, text } => {
                let digits: Vec<Vec<u8>> = digits.iter().map(|digits| needle_of_digits(digits)).collect();
                let needles = digits.iter().map(Vec::as_slice).chain([text.as_bytes()]);
                let finders: Vec<Finder<'_>> = needles.map(Finder::new).collect();
                sift_fetched(
                    &candidates,
                    |ordinal| self.begins(ordinal),
                    |ordinal| {
                        let record = self.record(ordinal);
                        finders.iter().any(|finder| finder.find(record).is_some())
                    },
                )
            }
        }
    }

    /// Takes a part out of a record.
    pub(super) fn cut(&mut self, ordinal: u32, range: &Range<usize>) {
        let record = self.record(ordinal);
        let shorter = [&record[..range.start], &record[range.end..]].concat();
        self.set(ordinal, shorter.into());
    }

    pub(super) fn memory(&self) -> usize {
        let records: usize = self.records.iter().map(|record| record.len()).sum();
        records + self.records.capacity() * size_of::<Box<[u8]>>()
    }

    pub(super) fn grams_memory(&self) -> usize {
        self.grams.memory()
    }
}

impl TextColumn {
    /// The folded value.
    pub(super) fn get<'t>(&self, texts: &'t Texts, ordinal: u32) -> Option<&'t [u8]> {
        let start = *self.starts.get(ordinal);
        (start != u32::ABSENT).then(|| value_at(texts.record(ordinal), start))
    }

    /// The first byte of the value, to have it fetched.
    pub(super) fn begins(&self, texts: &Texts, ordinal: u32) -> u8 {
        texts.record(ordinal).get(*self.starts.get(ordinal) as usize).copied().unwrap_or_default()
    }

    /// Where it lies, with what follows it up to the next one.
    pub(super) fn range(&self, texts: &Texts, ordinal: u32) -> Range<usize> {
        range_at(texts.record(ordinal), *self.starts.get(ordinal) as usize)
    }

    /// The value lies there in a record that may not be in place yet.
    pub(super) fn set(&mut self, ordinal: u32, record: &[u8], start: Option<u32>) {
        let text = start.map(|start| value_at(record, start));
        let key = text.map_or(u64::ABSENT, text_key);
        let next = text.filter(|_| !is_whole(key)).map_or(u64::ABSENT, |text| deep_text_key(text, 1));
        self.starts.set(ordinal, start.unwrap_or(u32::ABSENT));
        self.keys.set(ordinal, key);
        self.next_keys.set(ordinal, next);
    }

    /// Whether another value than in the record in place lies there.
    pub(super) fn differs(&self, texts: &Texts, ordinal: u32, record: &[u8], start: Option<u32>) -> bool {
        self.get(texts, ordinal) != start.map(|start| value_at(record, start))
    }

    /// A part was taken out of a record: what lay behind it has moved.
    pub(super) fn shift(&mut self, ordinal: u32, taken: &Range<usize>) {
        let start = *self.starts.get(ordinal);
        if start != u32::ABSENT && start as usize >= taken.end {
            self.starts.set(ordinal, start - taken.len() as u32);
        }
    }

    pub(super) fn present(&self) -> &RoaringBitmap {
        self.starts.present()
    }

    pub(super) fn keys(&self) -> &Column<u64> {
        &self.keys
    }

    /// The keys of what follows after so many times eight bytes, where they are at hand; of those alone whose keys up to
    /// there do not tell all.
    pub(super) fn keys_at(&self, depth: usize) -> Option<&Column<u64>> {
        [&self.keys, &self.next_keys].get(depth).copied()
    }

    /// Those that a test lets pass, of texts that are folded, or of phone numbers and their digits.
    pub(super) fn matching<V>(
        &self,
        texts: &Texts,
        test: &Textual<V, V>,
        text_of: impl Fn(&V) -> &str,
        within: &RoaringBitmap,
    ) -> RoaringBitmap {
        match test {
            Textual::Whole(test) => {
                choice(test, within, self.present(), |value, within| self.equal(texts, text_of(value), within))
            }
            Textual::Part(Part::NotContains, part) => {
                let present = within & self.present();
                &present - self.containing(texts, text_of(part), &present)
            }
            Textual::Part(Part::Contains, part) => self.containing(texts, text_of(part), within),
            Textual::Part(Part::StartsWith, part) => self.starting(texts, text_of(part), within),
            Textual::Part(Part::EndsWith, part) => self.ending(texts, text_of(part), within),
        }
    }

    fn equal(&self, texts: &Texts, value: &str, within: &RoaringBitmap) -> RoaringBitmap {
        let needle = [&[SEPARATOR], value.as_bytes(), &[SEPARATOR]].concat();
        let key = text_key(value.as_bytes());
        if is_whole(key) && !value.is_empty() {
            let candidates = texts.having(&needle, &(within & self.present()));
            return self.keys.scan(&candidates, |own| *own == key);
        }
        self.verified(texts, &needle, within, |ordinal| {
            *self.keys.get(ordinal) == key && self.get(texts, ordinal) == Some(value.as_bytes())
        })
    }

    fn containing(&self, texts: &Texts, part: &str, within: &RoaringBitmap) -> RoaringBitmap {
        let finder = Finder::new(part.as_bytes());
        self.verified(texts, part.as_bytes(), within, |ordinal| {
            self.get(texts, ordinal).is_some_and(|text| finder.find(text).is_some())
        })
    }

    fn ending(&self, texts: &Texts, part: &str, within: &RoaringBitmap) -> RoaringBitmap {
        let needle = [part.as_bytes(), &[SEPARATOR]].concat();
        self.verified(texts, &needle, within, |ordinal| {
            self.get(texts, ordinal).is_some_and(|text| text.ends_with(part.as_bytes()))
        })
    }

    /// The keys alone tell who begins with up to eight bytes.
    fn starting(&self, texts: &Texts, part: &str, within: &RoaringBitmap) -> RoaringBitmap {
        let part = part.as_bytes();
        let first = text_key(part);
        let last = first | u64::MAX.checked_shr(8 * part.len() as u32).unwrap_or_default();
        let keys = |key: &u64| (first..=last).contains(key) && *key != u64::ABSENT;
        if part.len() <= 8 && !part.is_empty() {
            return self.keys.scan(within, keys);
        }
        let needle = [&[SEPARATOR], part].concat();
        self.verified(texts, &needle, within, |ordinal| {
            self.get(texts, ordinal).is_some_and(|text| text.starts_with(part))
        })
    }

    fn verified(
        &self,
        texts: &Texts,
        needle: &[u8],
        within: &RoaringBitmap,
        test: impl FnMut(u32) -> bool,
    ) -> RoaringBitmap {
        let present = within & self.present();
        // A needle of separators alone says nothing.
        let says_nothing = needle.iter().all(|byte| *byte == SEPARATOR);
        let candidates = if says_nothing { present } else { texts.having(needle, &present) };
        sift_fetched(&candidates, |ordinal| self.begins(texts, ordinal), test)
    }

    pub(super) fn memory(&self) -> usize {
        self.starts.memory() + self.keys.memory() + self.next_keys.memory()
    }
}
