//! Which contacts have which bytes of text: a bitmap for every byte, and for every three in a row.
//!
//! They tell who can contain a needle. For needles of up to three bytes they tell who does: every two bytes of a value are
//! followed by a third, if only by the separator.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use hashbrown::HashMap;
use roaring::{MultiOps, RoaringBitmap};

use super::record::SEPARATOR;
use super::timeline::bitmap_memory;
use crate::stored::Stored;

/// Bitmaps by what stands in a record.
#[derive(Debug)]
pub(super) struct Grams {
    /// By the byte.
    ones: Vec<RoaringBitmap>,
    /// By the first two bytes, then by the third.
    threes: HashMap<u16, Vec<(u8, RoaringBitmap)>>,
}

impl Default for Grams {
    fn default() -> Self {
        Grams { ones: vec![RoaringBitmap::new(); 256], threes: HashMap::new() }
    }
}

impl Stored for Grams {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.ones.store(out)?;
        (self.threes.len() as u64).store(out)?;
        // In order, so that the same text is the same bytes.
        let threes: BTreeMap<u16, &Vec<(u8, RoaringBitmap)>> =
            self.threes.iter().map(|(first, thirds)| (*first, thirds)).collect();
        threes.into_iter().try_for_each(|(first, thirds)| {
            first.store(out)?;
            thirds.store(out)
        })
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let ones = Stored::load(from)?;
        let threes = (0..u64::load(from)?).map(|_| Stored::load(from)).collect::<io::Result<_>>()?;
        Ok(Grams { ones, threes })
    }
}

/// What a record is made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    ones: [u64; 4],
    /// In order, each once.
    threes: Vec<u32>,
}

impl Parts {
    pub(super) fn of(record: &[u8]) -> Parts {
        let mut parts = Parts { ones: [0; 4], threes: windows(record).collect() };
        for byte in record {
            parts.ones[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        parts.threes.sort_unstable();
        parts.threes.dedup();
        parts
    }

    fn has(&self, byte: u8) -> bool {
        self.ones[usize::from(byte >> 6)] & 1 << (byte & 63) != 0
    }
}

/// Three bytes in a row, of one value: a separator stands at their ends only.
fn windows(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let within_one = |window: &&[u8]| window[1] != SEPARATOR;
    bytes
        .windows(3)
        .filter(within_one)
        .map(|window| u32::from(window[0]) << 16 | u32::from(window[1]) << 8 | u32::from(window[2]))
}

impl Grams {
    /// A contact's record is another one now.
    pub(super) fn replace(&mut self, ordinal: u32, before: &Parts, after: &Parts) {
        for byte in 0..=u8::MAX {
            match (before.has(byte), after.has(byte)) {
                (true, false) => drop(self.ones[usize::from(byte)].remove(ordinal)),
                (false, true) => drop(self.ones[usize::from(byte)].insert(ordinal)),
                _ => {}
            }
        }
        let (mut old, mut new) = (before.threes.as_slice(), after.threes.as_slice());
        loop {
            match (old.first(), new.first()) {
                (Some(one), Some(other)) if one == other => (old, new) = (&old[1..], &new[1..]),
                (Some(one), other) if other.is_none_or(|other| one < other) => {
                    self.remove(*one, ordinal);
                    old = &old[1..];
                }
                (_, Some(other)) => {
                    self.insert(*other, ordinal);
                    new = &new[1..];
                }
                (_, None) => return,
            }
        }
    }

    /// Enters contacts that have none yet, in their order.
    pub(super) fn enter<'r>(&mut self, records: impl Iterator<Item = (u32, &'r [u8])>) {
        let (mut ones, mut threes) = (vec![Vec::new(); 256], Vec::new());
        for (ordinal, record) in records {
            for byte in record {
                let having: &mut Vec<u32> = &mut ones[usize::from(*byte)];
                if having.last() != Some(&ordinal) {
                    having.push(ordinal);
                }
            }
            threes.extend(windows(record).map(|three| u64::from(three) << 32 | u64::from(ordinal)));
        }
        for (members, having) in self.ones.iter_mut().zip(ones) {
            members.extend(having);
        }
        threes.sort_unstable();
        threes.dedup();
        for having in threes.chunk_by(|one, other| one >> 32 == other >> 32) {
            let members = self.members_mut((having[0] >> 32) as u32);
            members.extend(having.iter().map(|pair| *pair as u32));
        }
    }

    /// Every part that somebody has.
    #[cfg(feature = "sabotage")]
    pub(super) fn every(&self) -> BTreeMap<Vec<u8>, RoaringBitmap> {
        let ones = (0..=u8::MAX).zip(&self.ones).map(|(byte, members)| (vec![byte], members.clone()));
        let threes = self.threes.iter().flat_map(|(first, thirds)| {
            let [one, two] = first.to_be_bytes();
            thirds.iter().map(move |(three, members)| (vec![one, two, *three], members.clone()))
        });
        ones.chain(threes).filter(|(_, members)| !members.is_empty()).collect()
    }

    fn insert(&mut self, three: u32, ordinal: u32) {
        self.members_mut(three).insert(ordinal);
    }

    fn members_mut(&mut self, three: u32) -> &mut RoaringBitmap {
        let thirds = self.threes.entry((three >> 8) as u16).or_default();
        let at = thirds.binary_search_by_key(&(three as u8), |(third, _)| *third).unwrap_or_else(|at| {
            thirds.insert(at, (three as u8, RoaringBitmap::new()));
            at
        });
        &mut thirds[at].1
    }

    fn remove(&mut self, three: u32, ordinal: u32) {
        let first = (three >> 8) as u16;
        let Some(thirds) = self.threes.get_mut(&first) else { return };
        let Ok(at) = thirds.binary_search_by_key(&(three as u8), |(third, _)| *third) else { return };
        thirds[at].1.remove(ordinal);
        if thirds[at].1.is_empty() {
            thirds.remove(at);
            if thirds.is_empty() {
                self.threes.remove(&first);
            }
        }
    }

    fn members(&self, three: u32) -> Option<&RoaringBitmap> {
        let thirds = self.threes.get(&((three >> 8) as u16))?;
        let at = thirds.binary_search_by_key(&(three as u8), |(third, _)| *third).ok()?;
        Some(&thirds[at].1)
    }

    /// Those in whose record a needle may stand; all of them do where it has at most three bytes.
    pub(super) fn candidates(&self, needle: &[u8], within: &RoaringBitmap) -> RoaringBitmap {
        match needle {
            [] => within.clone(),
            // Two bytes are found by the third that follows, and nothing of the same value follows a separator.
            [byte] | [byte, SEPARATOR] => within & &self.ones[usize::from(*byte)],
            [one, two] => {
                let thirds = self.threes.get(&u16::from_be_bytes([*one, *two]));
                let all = thirds.into_iter().flatten().map(|(_, members)| members).union();
                all & within
            }
            _ => self.having_all(needle, within),
        }
    }

    /// The rarest first: what is left is soon little.
    fn having_all(&self, needle: &[u8], within: &RoaringBitmap) -> RoaringBitmap {
        let mut members = Vec::with_capacity(needle.len());
        for three in windows(needle) {
            let Some(having) = self.members(three) else { return RoaringBitmap::new() };
            members.push(having);
        }
        members.sort_by_key(|members| members.len());
        let mut found = within.clone();
        for members in members {
            found &= members;
            if found.len() <= FEW && !is_exact(needle) {
                break;
            }
        }
        found
    }

    pub(super) fn memory(&self) -> usize {
        let thirds = |(_, members): &(u8, RoaringBitmap)| bitmap_memory(members) + 8;
        let threes = self.threes.values().flatten().map(thirds).sum::<usize>();
        threes + self.threes.allocation_size() + self.ones.iter().map(bitmap_memory).sum::<usize>()
    }
}

/// So few are looked at one by one rather than narrowed further.
const FEW: u64 = 64;

/// Whether candidates are as good as found.
pub(super) fn is_exact(needle: &[u8]) -> bool {
    needle.len() <= 3
}
