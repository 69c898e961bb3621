//! One value for each ordinal: plain arrays, which are scanned as fast as memory is read, or a map where few have one.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use crate::stored::{Stored, misread};

/// A value of a column, one of which stands for none.
pub(super) trait Cell: Clone + PartialEq + 'static {
    const ABSENT: Self;
    const NONE: &'static Self;

    /// What it holds elsewhere.
    fn outside(&self) -> usize {
        0
    }
}

impl Cell for u32 {
    const ABSENT: u32 = u32::MAX;
    const NONE: &'static u32 = &u32::MAX;
}

impl Cell for u64 {
    const ABSENT: u64 = u64::MAX;
    const NONE: &'static u64 = &u64::MAX;
}

/// The codes of a set.
impl Cell for Option<Box<[u32]>> {
    const ABSENT: Self = None;
    const NONE: &'static Self = &None;

    fn outside(&self) -> usize {
        self.as_ref().map_or(0, |codes| codes.len() * size_of::<u32>())
    }
}

/// A column.
#[derive(Debug)]
pub(super) struct Column<T> {
    values: Values<T>,
    present: RoaringBitmap,
}

#[derive(Debug)]
enum Values<T> {
    Dense(Vec<T>),
    Sparse(HashMap<u32, T>),
}

/// A map takes about so many times the room of an array for each value.
const SPARSE_COST: u64 = 4;

/// A column is read from end to end where at least one in so many of its values is asked for.
const SCAN_SHARE: u64 = 8;

impl<T> Default for Column<T> {
    fn default() -> Self {
        Column { values: Values::Sparse(HashMap::new()), present: RoaringBitmap::new() }
    }
}

impl<T: Cell> Column<T> {
    /// The value, or what stands for none.
    pub(super) fn get(&self, ordinal: u32) -> &T {
        match &self.values {
            Values::Dense(values) => values.get(ordinal as usize).unwrap_or(T::NONE),
            Values::Sparse(values) => values.get(&ordinal).unwrap_or(T::NONE),
        }
    }

    /// Who has a value.
    pub(super) fn present(&self) -> &RoaringBitmap {
        &self.present
    }

    /// Sets the value, and answers the one before.
    pub(super) fn set(&mut self, ordinal: u32, value: T) -> T {
        // Mostly one value takes the place of another, and who has one stays as it is.
        if let Values::Dense(values) = &mut self.values
            && let Some(place) = values.get_mut(ordinal as usize)
            && (*place == T::ABSENT) == (value == T::ABSENT)
        {
            return std::mem::replace(place, value);
        }
        if value == T::ABSENT {
            self.present.remove(ordinal);
            return match &mut self.values {
                Values::Dense(values) => {
                    values.get_mut(ordinal as usize).map_or(T::ABSENT, |place| std::mem::replace(place, value))
                }
                Values::Sparse(values) => values.remove(&ordinal).unwrap_or(T::ABSENT),
            };
        }
        if self.present.insert(ordinal) {
            self.make_room(ordinal);
        }
        match &mut self.values {
            Values::Dense(values) => std::mem::replace(&mut values[ordinal as usize], value),
            Values::Sparse(values) => values.insert(ordinal, value).unwrap_or(T::ABSENT),
        }
    }

    /// An array once it takes no more room than a map.
    fn make_room(&mut self, ordinal: u32) {
        let wanted = ordinal as usize + 1;
        if let Values::Sparse(sparse) = &mut self.values
            && self.present.len() * SPARSE_COST > u64::from(self.present.max().unwrap_or_default())
        {
            let mut values = vec![T::ABSENT; wanted];
            for (ordinal, value) in sparse.drain() {
                if values.len() <= ordinal as usize {
                    values.resize(ordinal as usize + 1, T::ABSENT);
                }
                values[ordinal as usize] = value;
            }
            self.values = Values::Dense(values);
        }
        match &mut self.values {
            Values::Dense(values) if values.len() < wanted => values.resize(wanted, T::ABSENT),
            _ => {}
        }
    }

    /// Those whose value passes; the test must fail what stands for none.
    pub(super) fn scan(&self, within: &RoaringBitmap, test: impl Fn(&T) -> bool) -> RoaringBitmap {
        match &self.values {
            Values::Dense(values) if within.len() * SCAN_SHARE >= values.len() as u64 => {
                let byte =
                    |chunk: &[T]| (0..).zip(chunk).fold(0, |byte, (bit, value)| byte | u8::from(test(value)) << bit);
                let bytes: Vec<u8> = values.chunks(8).map(byte).collect();
                RoaringBitmap::from_lsb0_bytes(0, &bytes) & within
            }
            _ => sift(within & &self.present, |ordinal| test(self.get(ordinal))),
        }
    }

    pub(super) fn memory(&self) -> usize {
        let values = match &self.values {
            Values::Dense(values) => {
                values.capacity() * size_of::<T>() + values.iter().map(Cell::outside).sum::<usize>()
            }
            Values::Sparse(values) => values.allocation_size() + values.values().map(Cell::outside).sum::<usize>(),
        };
        values + self.present.serialized_size()
    }
}

impl<T: Stored + Clone> Stored for Column<T> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.present.store(out)?;
        match &self.values {
            Values::Dense(values) => {
                0_u8.store(out)?;
                values.store(out)
            }
            // In order, so that the same column is the same bytes.
            Values::Sparse(values) => {
                1_u8.store(out)?;
                values.iter().map(|(ordinal, value)| (*ordinal, value.clone())).collect::<BTreeMap<_, _>>().store(out)
            }
        }
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let present = Stored::load(from)?;
        let values = match u8::load(from)? {
            0 => Values::Dense(Stored::load(from)?),
            1 => Values::Sparse(BTreeMap::load(from)?.into_iter().collect()),
            _ => return Err(misread("a column is neither an array nor a map")),
        };
        Ok(Column { values, present })
    }
}

/// Those that pass.
pub(super) fn sift(mut within: RoaringBitmap, test: impl FnMut(u32) -> bool) -> RoaringBitmap {
    within.retain(test);
    within
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_column_holds_what_was_set_last_however_it_is_kept(
            sets in prop::collection::vec((prop_oneof![0..20_u32, 0..2_000_u32], prop::option::of(0..9_u64)), 0..200),
            within in prop::collection::vec(prop_oneof![0..20_u32, 0..2_000_u32], 0..40),
        ) {
            let (mut column, mut kept) = (Column::<u64>::default(), BTreeMap::new());
            for (ordinal, value) in sets {
                let before = column.set(ordinal, value.unwrap_or(u64::ABSENT));
                let expected = match value {
                    Some(value) => kept.insert(ordinal, value),
                    None => kept.remove(&ordinal),
                };
                prop_assert_eq!(before, expected.unwrap_or(u64::ABSENT));
            }
            prop_assert!(column.present().iter().eq(kept.keys().copied()));
            let everybody: RoaringBitmap = (0..2_100).collect();
            let few: RoaringBitmap = within.into_iter().collect();
            for within in [everybody, few] {
                let found = column.scan(&within, |value| *value < 5);
                let expected = kept.iter().filter(|(ordinal, value)| **value < 5 && within.contains(**ordinal));
                prop_assert!(found.iter().eq(expected.map(|(ordinal, _)| *ordinal)));
            }
        }
    }
}
