//! Deciding: state and command in, events or a rejection out. Pure; what it needs to know is given.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::command::Change;
use crate::compose::{Forest, Shown, shown};
use crate::event::Event;
use crate::meta::Cause;
use crate::rejection::Rejection;
use crate::state::Contact;

mod conversation;
mod interaction;
mod profile;
mod tags;

pub use profile::initial_values;

/// An event to append, and its cause where that is not the command's.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// What happened.
    pub event: Event,
    /// Why, if not for the command's own cause.
    pub cause: Option<Cause>,
}

impl<T: Into<Event>> From<T> for Decided {
    fn from(event: T) -> Self {
        Decided { event: event.into(), cause: None }
    }
}

/// An event with a cause of its own.
fn because(cause: Cause, event: impl Into<Event>) -> Decided {
    Decided { event: event.into(), cause: Some(cause) }
}

/// What a decision sees: the root's own state, and what it shows, composed only when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The root.
    pub root: &'a Arc<Contact>,
    /// All that is absorbed below it.
    pub forest: &'a Forest,
    /// The time of the command.
    pub now: DateTime<Utc>,
}

impl Situation<'_> {
    fn shown(&self) -> Shown {
        shown(self.forest, self.root)
    }
}

/// Decides a change of content on a live root. No event means that nothing changes (rule 10).
///
/// # Errors
/// The rule that refuses it.
pub fn decide(situation: Situation<'_>, change: &Change) -> Result<Vec<Decided>, Rejection> {
    match change {
        Change::EditProfile(values) => Ok(profile::edit(situation, values)),
        Change::AddTag { key, name } => tags::add(situation, key, name),
        Change::RemoveTag { key, name } => Ok(tags::remove(situation, key, name)),
        Change::AddComment { text } => Ok(conversation::comment(text)),
        Change::OpenConversation => conversation::open(situation),
        Change::CloseConversation(note) => Ok(conversation::close(situation, note)),
        Change::SnoozeConversation { until } => conversation::snooze(situation, *until),
        Change::WakeConversation => Ok(conversation::wake(situation)),
        Change::Assign { assignee } => Ok(conversation::assign(situation, assignee.as_ref())),
        Change::Block { reason } => Ok(conversation::block(situation, reason.as_ref())),
        Change::Unblock { reason } => Ok(conversation::unblock(situation, reason.as_ref())),
        Change::Receive(interaction, profile) => Ok(interaction::receive(situation, interaction, profile)),
        Change::Send(interaction, sender) => interaction::send(situation, interaction, *sender),
        Change::ReportStatus(report) => Ok(interaction::report(report)),
    }
}
