//! What is told of a contact in one word: its status (rule 11) and its activity (rule 12).

use chrono::{DateTime, TimeDelta, Utc};

use crate::state::ConversationStatus;

/// The status of a contact: blocked, else that of its conversation. In the order in which a table sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Its conversation is open.
    Open,
    /// Its conversation sleeps.
    Snoozed,
    /// Its conversation is over.
    Closed,
    /// It never had one.
    None,
    /// It is blocked.
    Blocked,
}

impl Status {
    /// The status of a contact with this conversation.
    pub fn of(conversation: ConversationStatus, is_blocked: bool) -> Self {
        match conversation {
            _ if is_blocked => Status::Blocked,
            ConversationStatus::Open => Status::Open,
            ConversationStatus::Snoozed => Status::Snoozed,
            ConversationStatus::Closed => Status::Closed,
            ConversationStatus::None => Status::None,
        }
    }
}

/// Whether a contact was heard of lately. In the order in which a table sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActivityLevel {
    /// Its last interaction lies within the workspace's days of activity.
    Active,
    /// It does not, or there was none.
    Inactive,
    /// It is blocked.
    Blocked,
}

impl ActivityLevel {
    /// The activity as of `now`. A day is 24 hours here, so that it does not depend on a zone.
    pub fn of(is_blocked: bool, last_interaction: Option<DateTime<Utc>>, active_days: u16, now: DateTime<Utc>) -> Self {
        let since = now - TimeDelta::days(active_days.into());
        match last_interaction {
            _ if is_blocked => ActivityLevel::Blocked,
            Some(last) if last > since => ActivityLevel::Active,
            _ => ActivityLevel::Inactive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::time::parse_time;

    #[test]
    fn a_blocked_contact_is_nothing_else() {
        let now = parse_time("2026-03-31T12:00:00Z").unwrap();
        assert_eq!(Status::of(ConversationStatus::Open, true), Status::Blocked);
        assert_eq!(Status::of(ConversationStatus::None, false), Status::None);
        assert_eq!(ActivityLevel::of(true, Some(now), 30, now), ActivityLevel::Blocked);
    }

    #[test]
    fn a_contact_is_active_until_the_days_are_over() {
        let at = |text| Some(parse_time(text).unwrap());
        let now = parse_time("2026-03-31T12:00:00Z").unwrap();
        let level = |last| ActivityLevel::of(false, last, 30, now);
        assert_eq!(level(at("2026-03-01T12:00:00.000001Z")), ActivityLevel::Active);
        assert_eq!(level(at("2026-03-01T12:00:00Z")), ActivityLevel::Inactive);
        assert_eq!(level(None), ActivityLevel::Inactive);
    }
}
