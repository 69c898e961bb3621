//! Conversation, block and merges of every contact: a few bits each.

use dossier_domain::compose::Status;
use dossier_domain::filter::{BooleanField, Choice, FilterField, Subject, Truth};
use dossier_domain::state::ConversationStatus;
use roaring::RoaringBitmap;

use super::changed::Changed;
use super::values::{Booleans, choice};

/// How contacts stand.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// In the order of [`STATUSES`].
    conversations: [RoaringBitmap; 4],
    blocked: Booleans,
    has_absorbed: Booleans,
}

const STATUSES: [ConversationStatus; 4] =
    [ConversationStatus::None, ConversationStatus::Open, ConversationStatus::Snoozed, ConversationStatus::Closed];

impl Standing {
    pub(super) fn put(&mut self, ordinal: u32, subject: &Subject, changed: &mut Changed) {
        if self.conversation(ordinal) != Some(subject.conversation_status) {
            changed.add(&FilterField::ConversationStatus);
            for (status, members) in STATUSES.into_iter().zip(&mut self.conversations) {
                if status == subject.conversation_status {
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

    pub(super) fn remove(&mut self, ordinal: u32) {
        for members in &mut self.conversations {
            members.remove(ordinal);
        }
        self.blocked.set(ordinal, None);
        self.has_absorbed.set(ordinal, None);
    }

    fn conversation(&self, ordinal: u32) -> Option<ConversationStatus> {
        let mut all = STATUSES.into_iter().zip(&self.conversations);
        all.find(|(_, members)| members.contains(ordinal)).map(|(status, _)| status)
    }

    /// As [`Status`], without the block.
    pub(super) fn conversation_status(&self, ordinal: u32) -> Status {
        Status::of(self.conversation(ordinal).unwrap_or(ConversationStatus::None), false)
    }

    pub(super) fn status(&self, ordinal: u32) -> Status {
        if self.is_blocked(ordinal) { Status::Blocked } else { self.conversation_status(ordinal) }
    }

    pub(super) fn is_blocked(&self, ordinal: u32) -> bool {
        self.blocked.yes().contains(ordinal)
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
        conversations + self.blocked.memory() + self.has_absorbed.memory()
    }
}
