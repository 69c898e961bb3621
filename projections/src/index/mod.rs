//! An index over all live contacts of one workspace, in memory: filters, searches, sorted pages and counts, exactly as the
//! reference evaluator of the domain would answer them.
//!
//! Contacts are numbered densely. What few values share has a bitmap for each value; times and numbers are plain columns
//! that are scanned; text is found by bitmaps of three bytes in a row and then looked at.

mod ask;
mod changed;
mod column;
mod custom;
mod dictionary;
mod evaluate;
mod fetched;
mod grams;
mod keys;
mod lowest;
mod noted;
mod order;
mod ordinals;
mod place;
mod profile;
mod put;
mod record;
mod standing;
mod texts;
mod timeline;
#[cfg(feature = "sabotage")]
mod told;
mod values;

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use dossier_domain::filter::{CodeField, FilterField, InstantField, PhoneField, SetField, Sort, Subject, TextField};
use dossier_domain::ids::ContactId;
use roaring::RoaringBitmap;

pub use ask::{Ask, Memory, NoSegments, Page, Put, Segments, UsedTag};
pub use changed::{Asked, Changed, Touched};
pub use noted::Noted;
pub use place::Place;
#[cfg(feature = "sabotage")]
pub use told::Told;

use column::{Cell, Column, sift};
use custom::{CustomField, CustomFields};
use evaluate::{Evaluation, later};
use keys::{day_key, day_of, first_after};
use order::Order;
use ordinals::Ordinals;
use profile::Profiles;
use standing::Standing;
use texts::{TextColumn, Texts};
use timeline::Timeline;
use values::{Codes, Sets};

use crate::stored::stored;

/// The live contacts of one workspace.
#[derive(Debug)]
pub struct Index {
    active_days: u16,
    ordinals: Ordinals,
    profiles: Profiles,
    standing: Standing,
    texts: Texts,
    /// In the order of [`record::FIELDS`].
    text_columns: [TextColumn; 6],
    /// In the order of [`CODES`].
    codes: [Codes; 5],
    /// In the order of [`INSTANTS`].
    instants: [Timeline; 6],
    tags: Sets,
    channels: Sets,
    custom: CustomFields,
}

stored!(Index {
    active_days,
    ordinals,
    profiles,
    standing,
    texts,
    text_columns,
    codes,
    instants,
    tags,
    channels,
    custom,
});

/// The standard fields of codes.
const CODES: [CodeField; 5] =
    [CodeField::Country, CodeField::Language, CodeField::Source, CodeField::LastChannel, CodeField::Assignee];

/// The standard fields of instants; the last message is the later of two of them.
const INSTANTS: [InstantField; 6] = [
    InstantField::OpenedAt,
    InstantField::CreatedAt,
    InstantField::FirstSeen,
    InstantField::LastIn,
    InstantField::LastOut,
    InstantField::LastInteraction,
];

impl Index {
    /// An empty one. A contact is active for so many days after its last interaction.
    pub fn new(active_days: u16) -> Index {
        Index {
            active_days,
            ordinals: Ordinals::default(),
            profiles: Profiles::default(),
            standing: Standing::default(),
            texts: Texts::default(),
            text_columns: Default::default(),
            codes: Default::default(),
            instants: std::array::from_fn(|_| Timeline::of_instants()),
            tags: Sets::default(),
            channels: Sets::default(),
            custom: CustomFields::default(),
        }
    }

    /// One that holds these, which takes much less time than to put them one by one.
    pub fn filled(active_days: u16, subjects: impl IntoIterator<Item = Subject>) -> Index {
        let mut index = Index::new(active_days);
        index.begin_filling();
        for subject in subjects {
            index.put(&subject);
        }
        index.end_filling();
        index
    }

    /// Many are put, and nobody asks until [`Index::end_filling`]: that takes much less time.
    pub fn begin_filling(&mut self) {
        self.texts.begin_filling();
    }

    /// Now it can be asked.
    pub fn end_filling(&mut self) {
        self.texts.end_filling();
    }

    /// For how many days a contact is active from now on.
    pub fn set_active_days(&mut self, days: u16) {
        self.active_days = days;
    }

    /// How many contacts there are.
    pub fn len(&self) -> u64 {
        self.ordinals.live().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ordinals.live().is_empty()
    }

    /// Whose ordinal this is.
    pub fn id_of(&self, ordinal: u32) -> Option<ContactId> {
        self.ordinals.live().contains(ordinal).then(|| self.ordinals.id(ordinal))
    }

    /// The ordinal of a contact.
    pub fn ordinal_of(&self, contact: ContactId) -> Option<u32> {
        self.ordinals.of(contact)
    }

    /// The contacts asked for, of `within` alone if that is given.
    pub fn matching(&self, ask: &Ask<'_>, within: Option<&RoaringBitmap>) -> RoaringBitmap {
        let live = self.ordinals.live();
        let within = within.map_or_else(|| live.clone(), |within| within & live);
        let within = match ask.search {
            Some(search) => self.texts.candidates(search, &within),
            None => within,
        };
        let found = Evaluation { index: self, ask }.node(ask.filter.root(), &within);
        match ask.search {
            Some(search) => self.texts.found(search, found),
            None => found,
        }
    }

    /// A page: sorted, after a place, of at most `limit` contacts, with the count if that is wanted.
    pub fn page(&self, ask: &Ask<'_>, sort: &Sort, after: Option<&Place>, limit: usize, count: bool) -> Page {
        let matching = self.matching(ask, None);
        let order = Order::new(self, sort, ask.now);
        let first = order.first(&matching, after, limit.saturating_add(1));
        let shown = &first[..first.len().min(limit)];
        let next = shown.last().filter(|_| first.len() > limit).map(|last| order.place(*last));
        let contacts = shown.iter().map(|ordinal| self.ordinals.id(*ordinal)).collect();
        Page { contacts, next, count: count.then(|| matching.len()) }
    }

    /// The tags whose folded key begins so: most used first, then by key.
    pub fn tags(&self, folded_prefix: &str) -> Vec<UsedTag> {
        let used = self.tags.dictionary().beginning_with(folded_prefix).map(|entry| UsedTag {
            key: entry.text.clone(),
            name: entry.name.clone(),
            count: entry.members.len(),
        });
        let mut used: Vec<UsedTag> = used.collect();
        used.sort_by_key(|tag| Reverse(tag.count));
        used
    }

    /// Tags by folded key, as they are spelled.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.tags.dictionary().beginning_with("").map(|entry| (&entry.text, &entry.name))
    }

    /// Contacts whose instant lies after the one and not after the other. It costs as little as few of them lie there.
    pub fn instants_between(&self, field: &InstantField, after: DateTime<Utc>, up_to: DateTime<Utc>) -> RoaringBitmap {
        let keys = first_after(after)..first_after(up_to);
        if *field == InstantField::LastMessage {
            let [last_in, last_out] = [InstantField::LastIn, InstantField::LastOut].map(|field| {
                self.instants_of(&field).map_or_else(RoaringBitmap::new, |line| line.between(keys.clone()))
            });
            let [one, other] = self.last_messages();
            return sift(last_in | last_out, |ordinal| keys.contains(&later(*one.get(ordinal), *other.get(ordinal))));
        }
        self.instants_of(field).map_or_else(RoaringBitmap::new, |line| line.between(keys))
    }

    /// Contacts whose day in a custom field lies after the one and not after the other.
    pub fn dates_between(&self, key: &str, after: NaiveDate, up_to: NaiveDate) -> RoaringBitmap {
        match self.custom.get(key) {
            Some(CustomField::Date(days)) => days.between(day_key(after) + 1..day_key(up_to) + 1),
            _ => RoaringBitmap::new(),
        }
    }

    /// The instant that a contact shows in a field.
    pub fn instant(&self, field: &InstantField, ordinal: u32) -> Option<DateTime<Utc>> {
        let key = if *field == InstantField::LastMessage {
            let [one, other] = self.last_messages();
            later(*one.get(ordinal), *other.get(ordinal))
        } else {
            *self.instants_of(field)?.column().get(ordinal)
        };
        if key == u64::ABSENT { None } else { keys::instant_of(key) }
    }

    /// The day that a contact shows in a custom field.
    pub fn date(&self, key: &str, ordinal: u32) -> Option<NaiveDate> {
        let Some(CustomField::Date(days)) = self.custom.get(key) else { return None };
        let key = *days.column().get(ordinal);
        if key == u64::ABSENT { None } else { day_of(key) }
    }

    /// Everybody, by ordinal.
    pub fn everybody(&self) -> &RoaringBitmap {
        self.ordinals.live()
    }

    /// Roughly how many bytes it takes.
    pub fn memory(&self) -> Memory {
        let codes: usize = self.codes.iter().map(Codes::memory).sum();
        let text_columns: usize = self.text_columns.iter().map(TextColumn::memory).sum();
        Memory {
            ids: self.ordinals.memory() + self.profiles.memory(),
            values: codes + self.standing.memory() + self.tags.memory() + self.channels.memory(),
            columns: self.instants.iter().map(Timeline::memory).sum(),
            custom: self.custom.memory(),
            texts: self.texts.memory() + text_columns,
            grams: self.texts.grams_memory(),
        }
    }

    fn text(&self, field: &TextField) -> Option<&TextColumn> {
        match field {
            TextField::Custom(key, _) => self.custom_text(key),
            _ => self.standard_text(&FilterField::Text(field.clone())),
        }
    }

    fn phone(&self, field: &PhoneField) -> Option<&TextColumn> {
        match field {
            PhoneField::Custom(key) => self.custom_text(key),
            PhoneField::Phone => self.standard_text(&FilterField::Phone(PhoneField::Phone)),
        }
    }

    fn standard_text(&self, field: &FilterField) -> Option<&TextColumn> {
        record::FIELDS.iter().zip(&self.text_columns).find(|(own, _)| *own == field).map(|(_, column)| column)
    }

    fn custom_text(&self, key: &str) -> Option<&TextColumn> {
        match self.custom.get(key)? {
            CustomField::Text(column) => Some(column),
            _ => None,
        }
    }

    fn code(&self, field: &CodeField) -> Option<&Codes> {
        match field {
            CodeField::Custom(key) => match self.custom.get(key)? {
                CustomField::Code(codes) => Some(codes),
                _ => None,
            },
            _ => CODES.iter().zip(&self.codes).find(|(own, _)| *own == field).map(|(_, codes)| codes),
        }
    }

    fn set(&self, field: &SetField) -> Option<&Sets> {
        match field {
            SetField::Tags => Some(&self.tags),
            SetField::Channels => Some(&self.channels),
            SetField::Segment => None,
            SetField::Custom(key) => match self.custom.get(key)? {
                CustomField::Set(sets) => Some(sets),
                _ => None,
            },
        }
    }

    fn instants_of(&self, field: &InstantField) -> Option<&Timeline> {
        match field {
            InstantField::Custom(key) => match self.custom.get(key)? {
                CustomField::Instant(line) => Some(line),
                _ => None,
            },
            _ => INSTANTS.iter().zip(&self.instants).find(|(own, _)| *own == field).map(|(_, line)| line),
        }
    }

    /// Last in and last out.
    fn last_messages(&self) -> [&Column<u64>; 2] {
        [self.instants[3].column(), self.instants[4].column()]
    }

    /// A custom number, time of day or day.
    fn custom_column(&self, key: &str) -> Option<&Column<u64>> {
        match self.custom.get(key)? {
            CustomField::Number(column) | CustomField::Time(column) => Some(column),
            CustomField::Date(line) => Some(line.column()),
            _ => None,
        }
    }
}
