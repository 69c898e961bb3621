//! The custom fields of a workspace, each by its type.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::Arc;

use dossier_domain::fields::Typed;
use dossier_domain::filter::Subject;
use dossier_domain::values::text::fold;
use roaring::RoaringBitmap;

use super::changed::Changed;
use super::column::{Cell, Column};
use super::keys::{day_key, day_of, instant_key, instant_of, number_key, number_of, time_key, time_of};
use super::record::{Record, find_custom};
use super::texts::{TextColumn, Texts};
use super::timeline::Timeline;
use super::values::{Booleans, Codes, Sets};
use crate::stored::{Stored, misread};

/// What a value holds, if it is of this type.
macro_rules! match_value {
    ($value:expr, $pattern:pat => $inside:expr) => {
        match $value {
            Some($pattern) => Some($inside),
            _ => None,
        }
    };
}

/// Fields by key.
#[derive(Debug, Default)]
pub(super) struct CustomFields(BTreeMap<Arc<str>, CustomField>);

/// What contacts show in one.
#[derive(Debug)]
pub(super) enum CustomField {
    Text(TextColumn),
    Code(Codes),
    Boolean(Booleans),
    Number(Column<u64>),
    Time(Column<u64>),
    Date(Timeline),
    Instant(Timeline),
    Set(Sets),
}

impl Stored for CustomFields {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.0.store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Stored::load(from).map(CustomFields)
    }
}

impl Stored for CustomField {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            CustomField::Text(column) => tagged(0, column, out),
            CustomField::Code(codes) => tagged(1, codes, out),
            CustomField::Boolean(yes) => tagged(2, yes, out),
            CustomField::Number(column) => tagged(3, column, out),
            CustomField::Time(column) => tagged(4, column, out),
            CustomField::Date(line) => tagged(5, line, out),
            CustomField::Instant(line) => tagged(6, line, out),
            CustomField::Set(sets) => tagged(7, sets, out),
        }
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok(match u8::load(from)? {
            0 => CustomField::Text(Stored::load(from)?),
            1 => CustomField::Code(Stored::load(from)?),
            2 => CustomField::Boolean(Stored::load(from)?),
            3 => CustomField::Number(Stored::load(from)?),
            4 => CustomField::Time(Stored::load(from)?),
            5 => CustomField::Date(Stored::load(from)?),
            6 => CustomField::Instant(Stored::load(from)?),
            7 => CustomField::Set(Stored::load(from)?),
            _ => return Err(misread("a custom field has no type")),
        })
    }
}

fn tagged(tag: u8, field: &impl Stored, out: &mut impl Write) -> io::Result<()> {
    tag.store(out)?;
    field.store(out)
}

impl CustomField {
    fn of(value: &Typed) -> CustomField {
        match value {
            Typed::Text(_) => CustomField::Text(TextColumn::default()),
            Typed::Option(_) => CustomField::Code(Codes::default()),
            Typed::Boolean(_) => CustomField::Boolean(Booleans::default()),
            Typed::Number(_) => CustomField::Number(Column::default()),
            Typed::Time(_) => CustomField::Time(Column::default()),
            Typed::Date(_) => CustomField::Date(Timeline::of_days()),
            Typed::Instant(_) => CustomField::Instant(Timeline::of_instants()),
            Typed::Options(_) => CustomField::Set(Sets::default()),
        }
    }

    /// Sets a single value that is no text; whether it changed. A value of another type is none.
    fn set(&mut self, ordinal: u32, value: Option<&Typed>) -> bool {
        match self {
            CustomField::Text(_) | CustomField::Set(_) => false,
            CustomField::Code(codes) => codes.set(ordinal, match_value!(value, Typed::Option(option) => option)),
            CustomField::Boolean(yes) => yes.set(ordinal, match_value!(value, Typed::Boolean(value) => *value)),
            CustomField::Number(column) => {
                set(column, ordinal, match_value!(value, Typed::Number(number) => number_key(*number)))
            }
            CustomField::Time(column) => {
                set(column, ordinal, match_value!(value, Typed::Time(time) => time_key(*time)))
            }
            CustomField::Date(days) => {
                days.set(ordinal, match_value!(value, Typed::Date(day) => day_key(*day)).unwrap_or(u64::ABSENT))
            }
            CustomField::Instant(instants) => {
                let key = match_value!(value, Typed::Instant(instant) => instant_key(*instant));
                instants.set(ordinal, key.unwrap_or(u64::ABSENT))
            }
        }
    }

    /// Who shows something.
    fn present(&self) -> &RoaringBitmap {
        match self {
            CustomField::Text(column) => column.present(),
            CustomField::Code(codes) => codes.present(),
            CustomField::Boolean(yes) => yes.present(),
            CustomField::Number(column) | CustomField::Time(column) => column.present(),
            CustomField::Date(line) | CustomField::Instant(line) => line.column().present(),
            CustomField::Set(sets) => sets.present(),
        }
    }

    fn is_empty(&self) -> bool {
        self.present().is_empty()
    }

    /// Where in a contact's record what it shows here lies, the last first.
    fn ranges(&self, texts: &Texts, ordinal: u32) -> Vec<Range<usize>> {
        let record = texts.record(ordinal);
        let find = |text: &str, is_option| find_custom(record, text, is_option);
        let canonical = |typed: Option<Typed>| {
            let texts = typed.iter().flat_map(Typed::canonical).map(|text| fold(&text)).collect::<Vec<_>>();
            texts.iter().filter_map(|text| find(text, false)).collect()
        };
        let key = |column: &Column<u64>| *column.get(ordinal);
        let mut ranges: Vec<Range<usize>> = match self {
            CustomField::Text(column) => vec![column.range(texts, ordinal)],
            CustomField::Boolean(_) => Vec::new(),
            CustomField::Code(codes) => {
                codes.get(ordinal).and_then(|entry| find(&entry.folded, true)).into_iter().collect()
            }
            CustomField::Set(sets) => sets.get(ordinal).filter_map(|entry| find(&entry.folded, true)).collect(),
            CustomField::Number(column) => canonical(Some(Typed::Number(number_of(key(column))))),
            CustomField::Time(column) => canonical(time_of(key(column)).map(Typed::Time)),
            CustomField::Date(line) => canonical(day_of(key(line.column())).map(Typed::Date)),
            CustomField::Instant(line) => canonical(instant_of(key(line.column())).map(Typed::Instant)),
        };
        ranges.sort_by_key(|range| Reverse(range.start));
        ranges
    }

    fn memory(&self) -> usize {
        match self {
            CustomField::Text(column) => column.memory(),
            CustomField::Code(codes) => codes.memory(),
            CustomField::Boolean(yes) => yes.memory(),
            CustomField::Number(column) | CustomField::Time(column) => column.memory(),
            CustomField::Date(line) | CustomField::Instant(line) => line.memory(),
            CustomField::Set(sets) => sets.memory(),
        }
    }
}

fn set(column: &mut Column<u64>, ordinal: u32, key: Option<u64>) -> bool {
    let key = key.unwrap_or(u64::ABSENT);
    column.set(ordinal, key) != key
}

impl CustomFields {
    #[cfg(feature = "sabotage")]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &CustomField)> {
        self.0.iter()
    }

    pub(super) fn get(&self, key: &str) -> Option<&CustomField> {
        self.0.get(key)
    }

    /// What a contact shows from now on. Its new record is not in place yet.
    pub(super) fn put(
        &mut self,
        ordinal: u32,
        subject: &Subject,
        texts: &Texts,
        record: &Record,
        changed: &mut Changed,
    ) {
        for (key, value) in &subject.custom {
            self.0.entry(key.clone()).or_insert_with(|| CustomField::of(value));
        }
        for key in subject.custom_sets.keys() {
            self.0.entry(key.clone()).or_insert_with(|| CustomField::Set(Sets::default()));
        }
        self.0.retain(|key, field| {
            let differs = match &mut *field {
                CustomField::Text(column) => {
                    let start = record.custom.iter().find(|(own, _)| own == key).map(|(_, start)| *start);
                    let differs = column.differs(texts, ordinal, &record.bytes, start);
                    column.set(ordinal, &record.bytes, start);
                    differs
                }
                CustomField::Set(sets) => match subject.custom_sets.get(key) {
                    Some(options) => sets.set(ordinal, options.iter().map(|option| (option, option))),
                    None => sets.set(ordinal, std::iter::empty()),
                },
                single => single.set(ordinal, subject.custom.get(key)),
            };
            if differs {
                changed.add_custom(key);
            }
            !field.is_empty()
        });
    }

    pub(super) fn remove(&mut self, ordinal: u32) {
        self.0.retain(|_, field| {
            match &mut *field {
                CustomField::Text(column) => column.set(ordinal, &[], None),
                CustomField::Set(sets) => drop(sets.set(ordinal, std::iter::empty())),
                single => drop(single.set(ordinal, None)),
            }
            !field.is_empty()
        });
    }

    /// Nobody shows a field any more, nor is found by what was shown in it.
    pub(super) fn forget(&mut self, key: &str, texts: &mut Texts) {
        let Some(field) = self.0.remove(key) else { return };
        for ordinal in field.present() {
            for range in field.ranges(texts, ordinal) {
                texts.cut(ordinal, &range);
                self.shift(ordinal, &range);
            }
        }
    }

    /// A part was taken out of a record.
    fn shift(&mut self, ordinal: u32, taken: &Range<usize>) {
        for field in self.0.values_mut() {
            if let CustomField::Text(column) = field {
                column.shift(ordinal, taken);
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.0.values().map(CustomField::memory).sum()
    }
}
