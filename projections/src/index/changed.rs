//! Which fields of a contact changed: what a segment has to look at again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dossier_domain::filter::{
    BooleanField, CodeField, Filter, FilterField, InstantField, PhoneField, SetField, TextField,
};
use roaring::RoaringBitmap;

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    every: bool,
    standard: u32,
    custom: Vec<Arc<str>>,
}

impl Changed {
    /// Every field, as of a contact that is new.
    pub fn everything() -> Self {
        Changed { every: true, ..Changed::default() }
    }

    /// Whether nothing changed that a filter could ask about.
    pub fn is_empty(&self) -> bool {
        !self.every && self.standard == 0 && self.custom.is_empty()
    }

    /// Whether this field may show another value than before. What a contact is a member of is no change of its own.
    pub fn touches(&self, field: &FilterField) -> bool {
        self.every
            || match field.key() {
                Some(key) => self.custom.contains(key),
                None => self.standard & bits(field) != 0,
            }
    }

    pub(super) fn add(&mut self, field: &FilterField) {
        match field.key() {
            Some(key) => self.add_custom(key),
            None => self.standard |= bits(field),
        }
    }

    pub(super) fn add_custom(&mut self, key: &Arc<str>) {
        if !self.custom.contains(key) {
            self.custom.push(key.clone());
        }
    }
}

/// The fields that a filter asks about.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    standard: u32,
    custom: BTreeSet<Arc<str>>,
}

impl Asked {
    /// Those of a filter, but for the segments that it refers to.
    pub fn by(filter: &Filter) -> Self {
        let mut asked = Asked::default();
        for condition in filter.conditions() {
            let field = condition.field();
            match field.key() {
                Some(key) => _ = asked.custom.insert(key.clone()),
                None => asked.standard |= bits(&field),
            }
        }
        asked
    }

    /// Whether a custom field is among them.
    pub fn has_custom(&self, key: &str) -> bool {
        self.custom.contains(key)
    }
}

/// Contacts that changed together, by what changed of them.
#[derive(Debug, Default)]
pub struct Touched {
    every: RoaringBitmap,
    /// Few: contacts change in the same ways.
    standard: Vec<(u32, RoaringBitmap)>,
    custom: BTreeMap<Arc<str>, RoaringBitmap>,
}

impl Touched {
    /// A contact changed so.
    pub fn add(&mut self, ordinal: u32, changed: &Changed) {
        if changed.every {
            self.every.insert(ordinal);
            return;
        }
        for key in &changed.custom {
            self.custom.entry(key.clone()).or_default().insert(ordinal);
        }
        if changed.standard == 0 {
            return;
        }
        match self.standard.iter_mut().find(|(bits, _)| *bits == changed.standard) {
            Some((_, ordinals)) => _ = ordinals.insert(ordinal),
            None => self.standard.push((changed.standard, RoaringBitmap::from_iter([ordinal]))),
        }
    }

    /// Whether nobody changed.
    pub fn is_empty(&self) -> bool {
        self.every.is_empty() && self.standard.is_empty() && self.custom.is_empty()
    }

    /// Those of whom something changed that is asked about.
    pub fn asked(&self, asked: &Asked) -> RoaringBitmap {
        let mut found = self.every.clone();
        for (bits, ordinals) in &self.standard {
            if bits & asked.standard != 0 {
                found |= ordinals;
            }
        }
        for (key, ordinals) in &self.custom {
            if asked.custom.contains(key) {
                found |= ordinals;
            }
        }
        found
    }
}

/// The bits of a standard field; a derived one has those of all that it is derived from.
fn bits(field: &FilterField) -> u32 {
    let bit = match field {
        FilterField::Text(TextField::FirstName) => 0,
        FilterField::Text(TextField::LastName) => 1,
        FilterField::Text(TextField::DisplayName) => 2,
        FilterField::Text(TextField::Email) => 3,
        FilterField::Text(TextField::Company) => 4,
        FilterField::Phone(PhoneField::Phone) => 5,
        FilterField::Code(CodeField::Country) => 6,
        FilterField::Code(CodeField::Language) => 7,
        FilterField::Code(CodeField::Source) => 8,
        FilterField::Code(CodeField::LastChannel) => 9,
        FilterField::Code(CodeField::Assignee) => 10,
        FilterField::ConversationStatus => 11,
        FilterField::Boolean(BooleanField::Blocked) => 12,
        FilterField::Boolean(BooleanField::HasAbsorbed) => 13,
        FilterField::Instant(InstantField::OpenedAt) => 14,
        FilterField::Instant(InstantField::CreatedAt) => 15,
        FilterField::Instant(InstantField::FirstSeen) => 16,
        FilterField::Instant(InstantField::LastIn) => 17,
        FilterField::Instant(InstantField::LastOut) => 18,
        FilterField::Instant(InstantField::LastInteraction) => 19,
        FilterField::Set(SetField::Tags) => 20,
        FilterField::Set(SetField::Channels) => 21,
        FilterField::Status => return 1 << 11 | 1 << 12,
        FilterField::Activity => return 1 << 12 | 1 << 19,
        FilterField::Instant(InstantField::LastMessage) => return 1 << 17 | 1 << 18,
        _ => return 0,
    };
    1 << bit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_field_has_a_bit_of_its_own_or_those_it_is_derived_from() {
        for (name, field) in FilterField::STANDARD.into_iter().filter(|(name, _)| *name != "segment") {
            let mut changed = Changed::default();
            assert!(changed.is_empty() && !changed.touches(&field), "{name}");
            changed.add(&field);
            assert!(changed.touches(&field), "{name}");
            let touched = FilterField::STANDARD.into_iter().filter(|(_, other)| changed.touches(other)).count();
            let several = matches!(name, "status" | "activity" | "last_message");
            let feeds = matches!(name, "blocked" | "conversation_status" | "last_in" | "last_out" | "last_interaction");
            assert!(several || feeds || touched == 1, "{name} touches {touched}");
        }
    }

    #[test]
    fn a_custom_field_is_touched_by_its_key() {
        let mut changed = Changed::default();
        changed.add_custom(&"score".into());
        assert!(changed.touches(&FilterField::Number("score".into())) && !changed.is_empty());
        assert!(!changed.touches(&FilterField::Number("other".into())));
        assert!(Changed::everything().touches(&FilterField::Number("other".into())));
    }
}
