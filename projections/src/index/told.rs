//! All that an index holds, told without ordinals: two that hold the same tell the same, in whatever order they came to it.
//! Both ways are told of whatever is kept both ways, so that nothing can hide in a bitmap. For tests.

use std::collections::BTreeMap;
use std::fmt::Debug;

use roaring::RoaringBitmap;

use super::Index;
use super::column::{Cell, Column};
use super::custom::CustomField;
use super::dictionary::Dictionary;
use super::texts::TextColumn;
use super::timeline::Timeline;
use super::values::{Booleans, Codes, Sets};

/// What is held, by where.
pub type Told = BTreeMap<String, String>;

impl Index {
    /// All that it holds.
    pub fn told(&self) -> Told {
        let mut telling = Telling { index: self, told: Told::new() };
        telling.tell("active days", &self.active_days);
        telling.members("everybody", self.ordinals.live());
        for (name, members) in self.standing.bitmaps() {
            telling.members(name, members);
        }
        for ordinal in self.ordinals.live() {
            let id = self.ordinals.id(ordinal);
            let record = String::from_utf8_lossy(self.texts.record(ordinal)).into_owned();
            telling.tell(&format!("{id} record"), &record);
            telling
                .tell(&format!("{id} standing"), &(self.standing.status(ordinal), self.standing.is_blocked(ordinal)));
        }
        for (place, column) in self.text_columns.iter().enumerate() {
            telling.text(&format!("text {place}"), column);
        }
        for (place, codes) in self.codes.iter().enumerate() {
            telling.codes(&format!("code {place}"), codes);
        }
        for (place, line) in self.instants.iter().enumerate() {
            telling.line(&format!("instant {place}"), line);
        }
        telling.sets("tags", &self.tags);
        telling.sets("channels", &self.channels);
        for (key, field) in self.custom.iter() {
            telling.custom(&format!("custom {key}"), field);
        }
        for (gram, members) in self.texts.every_gram() {
            telling.members(&format!("gram {gram:x?}"), &members);
        }
        telling.told
    }
}

struct Telling<'i> {
    index: &'i Index,
    told: Told,
}

impl Telling<'_> {
    fn tell(&mut self, place: &str, what: &impl Debug) {
        self.told.insert(place.to_owned(), format!("{what:?}"));
    }

    /// Ids, or a word for whoever is nobody.
    fn members(&mut self, place: &str, members: &RoaringBitmap) {
        let name = |ordinal| self.index.id_of(ordinal).map_or_else(|| "nobody".to_owned(), |id| id.to_string());
        let mut ids: Vec<String> = members.iter().map(name).collect();
        ids.sort();
        self.tell(place, &ids);
    }

    /// The values of those who are there, and whoever is said to have one.
    fn column<T: Cell, V: Debug>(&mut self, place: &str, column: &Column<T>, value: impl Fn(&T) -> V) {
        self.members(&format!("{place} present"), column.present());
        for ordinal in self.index.ordinals.live() {
            let (id, cell) = (self.index.ordinals.id(ordinal), column.get(ordinal));
            if *cell != T::ABSENT {
                self.tell(&format!("{place} of {id}"), &value(cell));
            }
        }
    }

    fn dictionary(&mut self, place: &str, dictionary: &Dictionary) {
        for entry in dictionary.beginning_with("") {
            let place = format!("{place} {:?}", (&entry.text, &entry.name, &entry.folded));
            self.members(&place, &entry.members);
        }
    }

    fn text(&mut self, place: &str, column: &TextColumn) {
        for (depth, keys) in (0..).map_while(|depth| Some((depth, column.keys_at(depth)?))) {
            self.column(&format!("{place} key {depth}"), keys, |key| *key);
        }
        self.members(place, column.present());
        for ordinal in column.present() {
            let text = column.get(&self.index.texts, ordinal).map(String::from_utf8_lossy);
            let id = self.index.id_of(ordinal);
            self.tell(&format!("{place} of {id:?}"), &text);
        }
    }

    fn codes(&mut self, place: &str, codes: &Codes) {
        let (column, dictionary) = codes.parts();
        self.column(place, column, |code| dictionary.entry(*code).text.clone());
        self.dictionary(place, dictionary);
    }

    fn sets(&mut self, place: &str, sets: &Sets) {
        let (column, dictionary) = sets.parts();
        self.column(place, column, |codes| {
            codes.iter().flatten().map(|code| dictionary.entry(*code).text.clone()).collect::<Vec<_>>()
        });
        self.dictionary(place, dictionary);
    }

    fn line(&mut self, place: &str, line: &Timeline) {
        self.column(place, line.column(), |key| *key);
        for (bucket, members) in line.buckets() {
            self.members(&format!("{place} bucket {bucket}"), members);
        }
    }

    fn booleans(&mut self, place: &str, booleans: &Booleans) {
        self.members(&format!("{place} yes"), booleans.yes());
        self.members(&format!("{place} present"), booleans.present());
    }

    fn custom(&mut self, place: &str, field: &CustomField) {
        match field {
            CustomField::Text(column) => self.text(&format!("{place} text"), column),
            CustomField::Code(codes) => self.codes(&format!("{place} code"), codes),
            CustomField::Boolean(yes) => self.booleans(&format!("{place} boolean"), yes),
            CustomField::Number(column) => self.column(&format!("{place} number"), column, |key| *key),
            CustomField::Time(column) => self.column(&format!("{place} time"), column, |key| *key),
            CustomField::Date(line) => self.line(&format!("{place} date"), line),
            CustomField::Instant(line) => self.line(&format!("{place} instant"), line),
            CustomField::Set(sets) => self.sets(&format!("{place} set"), sets),
        }
    }
}
