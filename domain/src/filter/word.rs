//! Fields whose values are a few words, and those words.

use crate::compose::{ActivityLevel, Status};
use crate::state::ConversationStatus;

/// A value that is one of a few words.
pub trait Word: Copy + PartialEq + 'static {
    /// All words, with what they mean.
    const WORDS: &'static [(&'static str, Self)];

    /// The word for it.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, own)| *own == self).map_or("", |(word, _)| word)
    }

    /// What a word means.
    fn meant_by(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(own, _)| *own == word).map(|(_, meant)| *meant)
    }
}

impl Word for ConversationStatus {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", ConversationStatus::None),
        ("open", ConversationStatus::Open),
        ("snoozed", ConversationStatus::Snoozed),
        ("closed", ConversationStatus::Closed),
    ];
}

impl Word for Status {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Status::None),
        ("open", Status::Open),
        ("snoozed", Status::Snoozed),
        ("closed", Status::Closed),
        ("blocked", Status::Blocked),
    ];
}

impl Word for ActivityLevel {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("active", ActivityLevel::Active),
        ("inactive", ActivityLevel::Inactive),
        ("blocked", ActivityLevel::Blocked),
    ];
}
