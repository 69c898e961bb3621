//! Fields whose values are codes, sets or yes and no: a bitmap for each value.

use std::borrow::Cow;
use std::sync::Arc;

use dossier_domain::filter::{Choice, SetTest, Truth};
use roaring::{MultiOps, RoaringBitmap};

use super::column::{Cell, Column, sift};
use super::dictionary::{Dictionary, Entry};
use crate::stored::stored;

/// A field of one code.
#[derive(Debug, Default)]
pub(super) struct Codes {
    column: Column<u32>,
    dictionary: Dictionary,
}

stored!(Codes { dictionary, column });

impl Codes {
    #[cfg(feature = "sabotage")]
    pub(super) fn parts(&self) -> (&Column<u32>, &Dictionary) {
        (&self.column, &self.dictionary)
    }

    /// Whether it changed.
    pub(super) fn set(&mut self, ordinal: u32, value: Option<&Arc<str>>) -> bool {
        let before = self.get(ordinal).map(|entry| &entry.text);
        if before == value {
            return false;
        }
        // The new one first: what a value has is not freed while it is only moved.
        let code = value.map_or(u32::ABSENT, |text| self.dictionary.add(text, text, ordinal));
        let old = self.column.set(ordinal, code);
        if old != u32::ABSENT {
            self.dictionary.drop(old, ordinal);
        }
        true
    }

    pub(super) fn get(&self, ordinal: u32) -> Option<&Entry> {
        let code = *self.column.get(ordinal);
        (code != u32::ABSENT).then(|| self.dictionary.entry(code))
    }

    /// Everybody by the folded value, in order.
    pub(super) fn by_folded(&self) -> Vec<(&str, Cow<'_, RoaringBitmap>)> {
        let mut entries: Vec<&Entry> = self.dictionary.beginning_with("").collect();
        entries.sort_by_key(|entry| &entry.folded);
        let alike = entries.chunk_by(|one, other| one.folded == other.folded);
        let groups = alike.map(|alike| match *alike {
            [one] => (&*one.folded, Cow::Borrowed(&one.members)),
            _ => (&*alike[0].folded, Cow::Owned(alike.iter().map(|entry| &entry.members).union())),
        });
        groups.collect()
    }

    pub(super) fn present(&self) -> &RoaringBitmap {
        self.column.present()
    }

    pub(super) fn matching(&self, test: &Choice<Arc<str>>, within: &RoaringBitmap) -> RoaringBitmap {
        let showing = |text: &Arc<str>, within: &RoaringBitmap| {
            self.dictionary.members(text).map_or_else(RoaringBitmap::new, |members| members & within)
        };
        choice(test, within, self.present(), showing)
    }

    pub(super) fn memory(&self) -> usize {
        self.column.memory() + self.dictionary.memory()
    }
}

/// A field of a set.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// Codes in the order of their texts.
    column: Column<Option<Box<[u32]>>>,
    dictionary: Dictionary,
}

stored!(Sets { dictionary, column });

impl Sets {
    #[cfg(feature = "sabotage")]
    pub(super) fn parts(&self) -> (&Column<Option<Box<[u32]>>>, &Dictionary) {
        (&self.column, &self.dictionary)
    }

    /// Whether it changed. Texts come in their order, each once, with their spelling.
    pub(super) fn set<'s>(
        &mut self,
        ordinal: u32,
        values: impl Iterator<Item = (&'s Arc<str>, &'s Arc<str>)> + Clone,
    ) -> bool {
        let before = self.column.get(ordinal).as_deref().unwrap_or_default();
        let texts = before.iter().map(|code| &self.dictionary.entry(*code).text);
        if texts.eq(values.clone().map(|(text, _)| text)) {
            return false;
        }
        // The new ones first: what a value has is not freed while it stays.
        let codes: Box<[u32]> = values.map(|(text, name)| self.dictionary.add(text, name, ordinal)).collect();
        let gone = self.column.set(ordinal, (!codes.is_empty()).then(|| codes.clone()));
        for code in gone.iter().flatten().filter(|code| !codes.contains(code)) {
            self.dictionary.drop(*code, ordinal);
        }
        true
    }

    /// What a contact shows.
    pub(super) fn get(&self, ordinal: u32) -> impl Iterator<Item = &Entry> {
        let codes = self.column.get(ordinal).as_deref().unwrap_or_default();
        codes.iter().map(|code| self.dictionary.entry(*code))
    }

    pub(super) fn present(&self) -> &RoaringBitmap {
        self.column.present()
    }

    pub(super) fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    pub(super) fn matching(&self, test: &SetTest, within: &RoaringBitmap) -> RoaringBitmap {
        match test {
            SetTest::AnyOf(values) => self.any_of(values, within),
            SetTest::AllOf(values) => self.all_of(values, within),
            SetTest::NoneOf(values) => within - self.any_of(values, within),
            SetTest::Exactly(values) if values.is_empty() => within - self.present(),
            SetTest::Exactly(values) => {
                let shows = |ordinal| self.column.get(ordinal).as_ref().map_or(0, |codes| codes.len());
                sift(self.all_of(values, within), |ordinal| shows(ordinal) == values.len())
            }
            SetTest::IsSet => within & self.present(),
            SetTest::IsUnset => within - self.present(),
        }
    }

    fn any_of(&self, values: &[Arc<str>], within: &RoaringBitmap) -> RoaringBitmap {
        let members = values.iter().filter_map(|value| self.dictionary.members(value));
        members.fold(RoaringBitmap::new(), |found, members| found | (members & within))
    }

    fn all_of(&self, values: &[Arc<str>], within: &RoaringBitmap) -> RoaringBitmap {
        let nobody = RoaringBitmap::new();
        let members = values.iter().map(|value| self.dictionary.members(value).unwrap_or(&nobody));
        members.fold(within.clone(), |found, members| found & members)
    }

    pub(super) fn memory(&self) -> usize {
        self.column.memory() + self.dictionary.memory()
    }
}

/// A field that is true or false.
#[derive(Debug, Default)]
pub(super) struct Booleans {
    yes: RoaringBitmap,
    present: RoaringBitmap,
}

stored!(Booleans { yes, present });

impl Booleans {
    /// Whether it changed.
    pub(super) fn set(&mut self, ordinal: u32, value: Option<bool>) -> bool {
        let changed = self.get(ordinal) != value;
        for (bitmap, has) in [(&mut self.present, value.is_some()), (&mut self.yes, value == Some(true))] {
            if has {
                bitmap.insert(ordinal)
            } else {
                bitmap.remove(ordinal)
            };
        }
        changed
    }

    pub(super) fn get(&self, ordinal: u32) -> Option<bool> {
        self.present.contains(ordinal).then(|| self.yes.contains(ordinal))
    }

    pub(super) fn yes(&self) -> &RoaringBitmap {
        &self.yes
    }

    pub(super) fn present(&self) -> &RoaringBitmap {
        &self.present
    }

    pub(super) fn matching(&self, test: Truth, within: &RoaringBitmap) -> RoaringBitmap {
        match test {
            Truth::IsTrue => within & &self.yes,
            Truth::IsFalse => (within & &self.present) - &self.yes,
            Truth::IsSet => within & &self.present,
            Truth::IsUnset => within - &self.present,
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.yes.serialized_size() + self.present.serialized_size()
    }
}

/// Those that a choice lets pass. An absent value fulfils nothing but `is_unset`.
pub(super) fn choice<V>(
    test: &Choice<V>,
    within: &RoaringBitmap,
    present: &RoaringBitmap,
    showing: impl Fn(&V, &RoaringBitmap) -> RoaringBitmap,
) -> RoaringBitmap {
    let any = |values: &[V], within: &RoaringBitmap| {
        values.iter().fold(RoaringBitmap::new(), |found, value| found | showing(value, within))
    };
    match test {
        Choice::Eq(value) => showing(value, within),
        Choice::In(values) => any(values, within),
        Choice::Ne(value) => {
            let set = within & present;
            &set - showing(value, &set)
        }
        Choice::Nin(values) => {
            let set = within & present;
            &set - any(values, &set)
        }
        Choice::IsSet => within & present,
        Choice::IsUnset => within - present,
    }
}
