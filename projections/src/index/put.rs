//! What contacts show from now on: the index is kept up to date one contact at a time, and touches only what changed.

use dossier_domain::filter::{FilterField, SetField, Subject};
use dossier_domain::ids::ContactId;
use dossier_domain::sabotage::{Break, armed};

use super::ask::Put;
use super::changed::Changed;
use super::column::Cell;
use super::keys::instant_key;
use super::record::{FIELDS, Record};
use super::{CODES, INSTANTS, Index};

impl Index {
    /// What a live root shows from now on. Its activity is not looked at: it changes with time, and is derived when asked.
    pub fn put(&mut self, subject: &Subject) -> Put {
        let known = self.ordinals.of(subject.id);
        let ordinal = known.unwrap_or_else(|| self.ordinals.give(subject.id));
        let mut changed = Changed::default();
        self.standing.put(ordinal, subject, &mut changed);
        for (field, line) in INSTANTS.iter().zip(&mut self.instants) {
            if line.set(ordinal, subject.instant(field).map_or(u64::ABSENT, instant_key)) {
                changed.add(&FilterField::Instant(field.clone()));
            }
        }
        let shown = [&subject.country, &subject.language, &subject.source, &subject.last_channel, &subject.assignee];
        for ((field, codes), shown) in CODES.iter().zip(&mut self.codes).zip(shown) {
            if codes.set(ordinal, shown.as_ref()) {
                changed.add(&FilterField::Code(field.clone()));
            }
        }
        if self.profiles.put(ordinal, subject, known.is_none()) {
            self.put_profile(ordinal, subject, &mut changed);
        }
        Put { ordinal, changed: if known.is_some() { changed } else { Changed::everything() } }
    }

    fn put_profile(&mut self, ordinal: u32, subject: &Subject, changed: &mut Changed) {
        if self.tags.set(ordinal, subject.tags.iter()) {
            changed.add(&FilterField::Set(SetField::Tags));
        }
        if self.channels.set(ordinal, subject.channels.iter().map(|channel| (channel, channel))) {
            changed.add(&FilterField::Set(SetField::Channels));
        }
        let record = Record::of(subject);
        self.custom.put(ordinal, subject, &self.texts, &record, changed);
        for ((field, column), start) in FIELDS.iter().zip(&mut self.text_columns).zip(record.starts) {
            if column.differs(&self.texts, ordinal, &record.bytes, start) {
                changed.add(field);
            }
            column.set(ordinal, &record.bytes, start);
        }
        self.texts.set(ordinal, record.bytes.into());
    }

    /// Absorbed or erased: never found again, and what it held is freed. The ordinal that it had.
    pub fn remove(&mut self, contact: ContactId) -> Option<u32> {
        let ordinal = self.ordinals.take(contact)?;
        if armed(Break::RemovedContactsKeepTheirBits) {
            return Some(ordinal);
        }
        self.standing.remove(ordinal);
        self.instants.iter_mut().for_each(|line| {
            line.set(ordinal, u64::ABSENT);
        });
        self.codes.iter_mut().for_each(|codes| {
            codes.set(ordinal, None);
        });
        self.tags.set(ordinal, std::iter::empty());
        self.channels.set(ordinal, std::iter::empty());
        self.custom.remove(ordinal);
        self.text_columns.iter_mut().for_each(|column| column.set(ordinal, &[], None));
        self.texts.set(ordinal, Box::default());
        Some(ordinal)
    }

    /// A custom field was retired: nobody shows it any more, nor is found by it.
    pub fn forget_field(&mut self, key: &str) {
        self.custom.forget(key, &mut self.texts);
        // The same contact without the field has another profile; with it, it has to be put anew.
        self.profiles.forget_all();
    }
}
