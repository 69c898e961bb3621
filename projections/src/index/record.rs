//! The folded text of one contact as bytes: every searched value once, between separators that no text contains, so that
//! no needle matches across two of them.
//!
//! First comes what every contact has, then a mark, then the values of custom fields. A value that is written like a phone
//! number is followed by its digits, in letters of their own, so that they are no part of any other text.

use std::ops::Range;
use std::sync::Arc;

use dossier_domain::fields::Typed;
use dossier_domain::filter::{FilterField, PhoneField, Subject, TextField, phone_digits};
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::values::text::fold;
use memchr::{memchr, memmem};

/// Around every value. UTF-8 has no such byte, nor the other ones here.
pub(super) const SEPARATOR: u8 = 0xff;
/// Before the values of custom fields.
const MARK: u8 = 0xc1;
/// The digit 0 of a phone number; the others follow.
const DIGIT: u8 = 0xf5;

/// The standard fields of text, in the order of [`Record::starts`].
pub(super) const FIELDS: [FilterField; 6] = [
    FilterField::Text(TextField::FirstName),
    FilterField::Text(TextField::LastName),
    FilterField::Text(TextField::DisplayName),
    FilterField::Text(TextField::Email),
    FilterField::Text(TextField::Company),
    FilterField::Phone(PhoneField::Phone),
];

/// A record, and where in it fields lie.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) bytes: Vec<u8>,
    /// Of the standard fields that are there.
    pub(super) starts: [Option<u32>; 6],
    /// Of custom fields of text, in the order of their keys.
    pub(super) custom: Vec<(Arc<str>, u32)>,
}

impl Record {
    pub(super) fn of(subject: &Subject) -> Record {
        let mut record = Record { bytes: vec![SEPARATOR], ..Record::default() };
        let fields = [&subject.first_name, &subject.last_name, &None, &subject.email, &subject.company, &subject.phone];
        for (index, field) in fields.into_iter().enumerate() {
            let text = if index == 2 { Some(&subject.display_name) } else { field.as_ref() };
            record.starts[index] = text.map(|text| record.shared(text));
        }
        let others = subject.other_emails.iter().chain(&subject.other_phones).chain(&subject.handles);
        for text in others.chain(subject.tags.keys()) {
            record.shared(text);
        }
        record.bytes.extend([MARK, SEPARATOR]);
        record.custom(subject);
        record
    }

    /// Texts last, for they are found by where they begin; what is found by its value is then never one of them.
    fn custom(&mut self, subject: &Subject) {
        for value in subject.custom.values() {
            if !matches!(value, Typed::Boolean(_) | Typed::Text(_) | Typed::Option(_)) {
                value.canonical().iter().for_each(|text| self.push(fold(text).as_bytes()));
            }
        }
        let single = subject.custom.values().filter_map(|value| match value {
            Typed::Option(option) => Some(option),
            _ => None,
        });
        for option in single.chain(subject.custom_sets.values().flatten()) {
            self.own(option);
        }
        for (key, value) in &subject.custom {
            if let Typed::Text(text) = value {
                let start = self.own(text);
                self.custom.push((key.clone(), start));
            }
        }
    }

    /// A text, which may stand there already. Where it lies.
    fn shared(&mut self, text: &str) -> u32 {
        let folded = fold(text);
        if let Some(start) = find_value(&self.bytes, folded.as_bytes()) {
            return start as u32;
        }
        let start = self.bytes.len() as u32;
        self.push(folded.as_bytes());
        self.digits(text);
        start
    }

    /// A text with a place of its own, so that it can be taken out.
    fn own(&mut self, text: &str) -> u32 {
        let start = self.bytes.len() as u32;
        self.push(fold(text).as_bytes());
        self.digits(text);
        start
    }

    fn digits(&mut self, text: &str) {
        if let Some(digits) = phone_digits(text) {
            self.push(&needle_of_digits(&digits));
        }
    }

    fn push(&mut self, value: &[u8]) {
        self.bytes.extend(value);
        self.bytes.push(if armed(Break::NeedlesMatchAcrossValues) { b' ' } else { SEPARATOR });
    }
}

/// Digits as they stand in records.
pub(super) fn needle_of_digits(digits: &str) -> Vec<u8> {
    digits.bytes().map(|digit| DIGIT + digit.wrapping_sub(b'0') % 10).collect()
}

/// The value that begins here.
pub(super) fn value_at(record: &[u8], start: u32) -> &[u8] {
    let rest = record.get(start as usize..).unwrap_or_default();
    &rest[..memchr(SEPARATOR, rest).unwrap_or(rest.len())]
}

fn find_value(record: &[u8], value: &[u8]) -> Option<usize> {
    let between = [&[SEPARATOR], value, &[SEPARATOR]].concat();
    memmem::find(record, &between).map(|at| at + 1)
}

/// Where a value of a custom field that is no text lies, with the digits that follow it if it has any.
pub(super) fn find_custom(record: &[u8], folded: &str, is_option: bool) -> Option<Range<usize>> {
    let mark = memchr(MARK, record)?;
    let between = [&[SEPARATOR], folded.as_bytes(), &[SEPARATOR]].concat();
    let mut found = memmem::find_iter(&record[mark..], &between).map(|at| range_at(record, mark + at + 1));
    // A number is searched as text alone; an option that is written like one is a phone number as well.
    let digits = phone_digits(folded).filter(|_| is_option).map_or(0, |digits| digits.len() + 1);
    found.find(|range| range.len() == folded.len() + 1 + digits)
}

/// The value that begins here, with what follows it up to the next one.
pub(super) fn range_at(record: &[u8], start: usize) -> Range<usize> {
    let mut end = start + value_at(record, start as u32).len() + 1;
    if record.get(end).is_some_and(|byte| (DIGIT..SEPARATOR).contains(byte)) {
        end += value_at(record, end as u32).len() + 1;
    }
    start..end
}
