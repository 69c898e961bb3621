//! Contacts numbered densely, as bitmaps need them. The number of a removed contact is given to a later one.

use std::io::{self, Read, Write};

use dossier_domain::ids::ContactId;
use hashbrown::HashTable;
use roaring::RoaringBitmap;
use uuid::Uuid;

use crate::stored::{Stored, misread};

/// Who has which ordinal.
#[derive(Debug, Default)]
pub(super) struct Ordinals {
    ids: Vec<Uuid>,
    /// Ordinals alone: the id that each is found by stands in `ids`.
    by_id: HashTable<u32>,
    free: Vec<u32>,
    live: RoaringBitmap,
}

impl Stored for Ordinals {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.ids.store(out)?;
        self.free.store(out)?;
        self.live.store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let ids: Vec<Uuid> = Stored::load(from)?;
        let (free, live): (Vec<u32>, RoaringBitmap) = Stored::load(from)?;
        if live.max().is_some_and(|last| last as usize >= ids.len()) {
            return Err(misread("somebody has an ordinal and no id"));
        }
        let mut by_id = HashTable::with_capacity(live.len() as usize);
        for ordinal in &live {
            let id = |ordinal: &u32| hash(&ids[*ordinal as usize]);
            by_id.insert_unique(id(&ordinal), ordinal, id);
        }
        Ok(Ordinals { ids, by_id, free, live })
    }
}

impl Ordinals {
    pub(super) fn of(&self, contact: ContactId) -> Option<u32> {
        self.by_id.find(hash(&contact.0), |ordinal| self.ids[*ordinal as usize] == contact.0).copied()
    }

    /// An ordinal for a contact that has none.
    pub(super) fn give(&mut self, contact: ContactId) -> u32 {
        let ordinal = self.free.pop().unwrap_or_else(|| {
            self.ids.push(Uuid::nil());
            (self.ids.len() - 1) as u32
        });
        self.ids[ordinal as usize] = contact.0;
        self.by_id.insert_unique(hash(&contact.0), ordinal, |ordinal| hash(&self.ids[*ordinal as usize]));
        self.live.insert(ordinal);
        ordinal
    }

    pub(super) fn take(&mut self, contact: ContactId) -> Option<u32> {
        let found = self.by_id.find_entry(hash(&contact.0), |ordinal| self.ids[*ordinal as usize] == contact.0);
        let (ordinal, _) = found.ok()?.remove();
        self.live.remove(ordinal);
        self.free.push(ordinal);
        Some(ordinal)
    }

    pub(super) fn id(&self, ordinal: u32) -> ContactId {
        ContactId(self.ids[ordinal as usize])
    }

    pub(super) fn live(&self) -> &RoaringBitmap {
        &self.live
    }

    pub(super) fn memory(&self) -> usize {
        self.ids.capacity() * size_of::<Uuid>()
            + self.by_id.allocation_size()
            + self.free.capacity() * size_of::<u32>()
            + self.live.serialized_size()
    }
}

/// Ids are random in most of their bits, or times in the first half; one multiplication spreads both.
fn hash(id: &Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    let mixed = u128::from(high ^ low.rotate_left(32)) * 0x9e37_79b9_7f4a_7c15;
    (mixed >> 64) as u64 ^ mixed as u64
}
