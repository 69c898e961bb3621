//! Conversation, block and merges of every contact: a few bits each.

use dossier_domain::compose::Status;
use dossier_domain::filter::{BooleanField, Choice, FilterField, Subject, Truth};
use dossier_domain::state::ConversationStatus;
use roaring::RoaringBitmap;

use super::changed::Changed;
use super::values::{Booleans, choice};
use crate::stored::stored;

/// How contacts stand.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// By ordinal, to be sorted by and compared with.
    of: Vec<u8>,
    /// In the order of [`STATUSES`].
    conversations: [RoaringBitmap; 4],
    blocked: Booleans,
    has_absorbed: Booleans,
}

stored!(Standing { of, conversations, blocked, has_absorbed });

const STATUSES: [ConversationStatus; 4] =
    [ConversationStatus::None, ConversationStatus::Open, ConversationStatus::Snoozed, ConversationStatus::Closed];

/// The bits of a contact: the conversation's place in [`STATUSES`], then these.
const BLOCKED: u8 = 4;
const HAS_ABSORBED: u8 = 8;
/// Of an ordinal that nobody has.
const NOBODY: u8 = u8::MAX;

impl Standing {
    pub(super) fn put(&mut self, ordinal: u32, subject: &Subject, changed: &mut Changed) {
        let conversation = STATUSES.iter().position(|status| *status == subject.conversation_status);
        let flag = |yes: bool, bit: u8| if yes { bit } else { 0 };
        let bits = conversation.unwrap_or_default() as u8
            | flag(subject.blocked, BLOCKED)
            | flag(subject.has_absorbed, HAS_ABSORBED);
        let before = self.replace(ordinal, bits);
        if before == bits {
            return;
        }
        if before & 3 != bits & 3 || before == NOBODY {
            changed.add(&FilterField::ConversationStatus);
            for (index, members) in self.conversations.iter_mut().enumerate() {
                if Some(index) == conversation {
                    members.insert(ordinal)
                } else {
                    members.remove(ordinal)
                };
            }
        }
        if self.blocked.set(ordinal, Some(subject.blocked)) {
            changed.add(&FilterField::Boolean(BooleanField::Blocked));
        }
        if self.has_absorbed.set(ordinal, Some(subject.has_absorbed)) {
            changed.add(&FilterField::Boolean(BooleanField::HasAbsorbed));
        }
    }

    #[cfg(feature = "sabotage")]
    pub(super) fn bitmaps(&self) -> [(&'static str, &RoaringBitmap); 8] {
        let [none, open, snoozed, closed] = &self.conversations;
        [
            ("none", none),
            ("open", open),
            ("snoozed", snoozed),
            ("closed", closed),
            ("blocked", self.blocked.yes()),
            ("blocked or not", self.blocked.present()),
            ("has absorbed", self.has_absorbed.yes()),
            ("has absorbed or not", self.has_absorbed.present()),
        ]
    }

    fn replace(&mut self, ordinal: u32, bits: u8) -> u8 {
        let index = ordinal as usize;
        if self.of.len() <= index {
            self.of.resize(index + 1, NOBODY);
        }
        std::mem::replace(&mut self.of[index], bits)
    }

    pub(super) fn remove(&mut self, ordinal: u32) {
        self.replace(ordinal, NOBODY);
        for members in &mut self.conversations {
            members.remove(ordinal);
        }
        self.blocked.set(ordinal, None);
        self.has_absorbed.set(ordinal, None);
    }

    fn bits(&self, ordinal: u32) -> u8 {
        self.of.get(ordinal as usize).copied().unwrap_or_default()
    }

    /// As [`Status`], without the block.
    pub(super) fn conversation_status(&self, ordinal: u32) -> Status {
        Status::of(STATUSES[usize::from(self.bits(ordinal) & 3)], false)
    }

    pub(super) fn status(&self, ordinal: u32) -> Status {
        if self.is_blocked(ordinal) { Status::Blocked } else { self.conversation_status(ordinal) }
    }

    pub(super) fn is_blocked(&self, ordinal: u32) -> bool {
        self.bits(ordinal) & BLOCKED != 0
    }

    pub(super) fn blocked(&self) -> &RoaringBitmap {
        self.blocked.yes()
    }

    pub(super) fn has_absorbed(&self) -> &Booleans {
        &self.has_absorbed
    }

    pub(super) fn with_conversation(&self, test: &Choice<ConversationStatus>, within: &RoaringBitmap) -> RoaringBitmap {
        choice(test, within, within, |status, within| self.members(*status) & within)
    }

    pub(super) fn with_status(&self, test: &Choice<Status>, within: &RoaringBitmap) -> RoaringBitmap {
        let unblocked = |status, within: &RoaringBitmap| (self.members(status) & within) - self.blocked();
        choice(test, within, within, |status, within| match status {
            Status::Blocked => self.blocked() & within,
            Status::Open => unblocked(ConversationStatus::Open, within),
            Status::Snoozed => unblocked(ConversationStatus::Snoozed, within),
            Status::Closed => unblocked(ConversationStatus::Closed, within),
            Status::None => unblocked(ConversationStatus::None, within),
        })
    }

    pub(super) fn with_block(&self, test: Truth, within: &RoaringBitmap) -> RoaringBitmap {
        self.blocked.matching(test, within)
    }

    fn members(&self, status: ConversationStatus) -> &RoaringBitmap {
        match status {
            ConversationStatus::None => &self.conversations[0],
            ConversationStatus::Open => &self.conversations[1],
            ConversationStatus::Snoozed => &self.conversations[2],
            ConversationStatus::Closed => &self.conversations[3],
        }
    }

    pub(super) fn memory(&self) -> usize {
        let conversations: usize = self.conversations.iter().map(RoaringBitmap::serialized_size).sum();
        self.of.capacity() + conversations + self.blocked.memory() + self.has_absorbed.memory()
    }
}
