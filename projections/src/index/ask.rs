//! What an index is asked, and what it answers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::filter::{Filter, Search};
use dossier_domain::ids::ContactId;
use roaring::RoaringBitmap;

use super::changed::Changed;
use super::place::Place;

/// Which contacts are asked for.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Those that match it,
    pub filter: &'a Filter,
    /// and are found by it,
    pub search: Option<&'a Search>,
    /// as of this time.
    pub now: DateTime<Utc>,
    /// The segments that the filter may ask about.
    pub segments: &'a dyn Segments,
}

/// The segments of a workspace, and who is in them.
pub trait Segments {
    /// The members of a segment, by its id; `None` where there is no such segment.
    fn members(&self, segment: &str) -> Option<&RoaringBitmap>;

    /// Every segment there is: its id and its members.
    fn every(&self) -> Vec<(&str, &RoaringBitmap)>;
}

/// No segments at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSegments;

impl Segments for NoSegments {
    fn members(&self, _: &str) -> Option<&RoaringBitmap> {
        None
    }

    fn every(&self) -> Vec<(&str, &RoaringBitmap)> {
        Vec::new()
    }
}

/// What became of a contact that was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its number in bitmaps, until it is removed.
    pub ordinal: u32,
    /// In which fields filters and sorts see another value than before; in all, where the contact is new.
    pub changed: Changed,
}

/// Some contacts, in the order that was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Them.
    pub contacts: Vec<ContactId>,
    /// Where the next page begins; `None` where nobody is left.
    pub next: Option<Place>,
    /// How many there are on all pages, if that was wanted.
    pub count: Option<u64>,
}

/// A tag that somebody shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedTag {
    /// Folded.
    pub key: Arc<str>,
    /// As first used in the workspace.
    pub name: Arc<str>,
    /// Live contacts that show it.
    pub count: u64,
}

/// Roughly how many bytes an index takes, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Ids and ordinals.
    pub ids: usize,
    /// Codes, words, sets and flags, with a bitmap for each value.
    pub values: usize,
    /// Standard instants.
    pub columns: usize,
    /// Custom fields.
    pub custom: usize,
    /// The folded text of every contact.
    pub texts: usize,
    /// Which contacts have which three bytes of text.
    pub grams: usize,
}

impl Memory {
    /// All of it.
    pub fn total(&self) -> usize {
        self.ids + self.values + self.columns + self.custom + self.texts + self.grams
    }
}
