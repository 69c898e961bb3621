//! The words in which the tables tell what is one of a few things: those of the API.

use dossier_domain::compose::{ActivityLevel, Status};
use dossier_domain::state::ConversationStatus;

pub(super) fn conversation_status(status: ConversationStatus) -> &'static str {
    self::status(Status::of(status, false))
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Snoozed => "snoozed",
        Status::Closed => "closed",
        Status::None => "none",
        Status::Blocked => "blocked",
    }
}

pub(super) fn activity(level: ActivityLevel) -> &'static str {
    match level {
        ActivityLevel::Active => "active",
        ActivityLevel::Inactive => "inactive",
        ActivityLevel::Blocked => "blocked",
    }
}
