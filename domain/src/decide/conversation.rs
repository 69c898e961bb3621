//! The conversation, its assignee, comments, and the block (rules 11, 15-17).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Decided, Situation, because};
use crate::event::{
    Assignment, BlockNote, ClosingNote, CommentAdded, CommentText, ContactAssigned, ContactBlocked, ContactUnblocked,
    ConversationClosed, ConversationOpened, ConversationSnoozed,
};
use crate::meta::Cause;
use crate::personal::Personal;
use crate::rejection::Rejection;
use crate::state::ConversationStatus;

/// Opens from any other status.
pub(super) fn open(situation: Situation<'_>) -> Result<Vec<Decided>, Rejection> {
    refuse_blocked(situation)?;
    if situation.root.conversation.status == ConversationStatus::Open {
        return Ok(Vec::new());
    }
    Ok(vec![ConversationOpened {}.into()])
}

/// Closes what is open or snoozed; else nothing changes.
pub(super) fn close(situation: Situation<'_>, note: &ClosingNote) -> Vec<Decided> {
    if !situation.root.conversation.is_running() {
        return Vec::new();
    }
    vec![ConversationClosed { personal: Personal::Open(note.clone()) }.into()]
}

/// Snoozes what is open or snoozed.
pub(super) fn snooze(situation: Situation<'_>, until: DateTime<Utc>) -> Result<Vec<Decided>, Rejection> {
    refuse_blocked(situation)?;
    let conversation = &situation.root.conversation;
    if !conversation.is_running() {
        return Err(Rejection::NotOpen { contact: situation.root.id });
    }
    if conversation.snoozed_until == Some(until) {
        return Ok(Vec::new());
    }
    Ok(vec![ConversationSnoozed { until }.into()])
}

/// Opens a conversation whose snooze has passed by now; anything else has changed since and stays.
pub(super) fn wake(situation: Situation<'_>) -> Vec<Decided> {
    match situation.root.conversation.snoozed_until {
        Some(until) if until <= situation.now => vec![because(Cause::Timer, ConversationOpened {})],
        _ => Vec::new(),
    }
}

/// Gives the conversation to somebody, or nobody.
pub(super) fn assign(situation: Situation<'_>, assignee: Option<&Arc<str>>) -> Vec<Decided> {
    if situation.root.assignee.as_ref() == assignee {
        return Vec::new();
    }
    let assignment = Assignment { assignee: assignee.cloned() };
    vec![ContactAssigned { personal: Personal::Open(assignment) }.into()]
}

/// Writes a comment.
pub(super) fn comment(text: &Arc<str>) -> Vec<Decided> {
    vec![CommentAdded { personal: Personal::Open(CommentText { text: text.clone() }) }.into()]
}

/// Closes the conversation, then blocks, in one append.
pub(super) fn block(situation: Situation<'_>, reason: Option<&Arc<str>>) -> Vec<Decided> {
    if situation.root.blocked.is_some() {
        return Vec::new();
    }
    let mut decided = Vec::new();
    if situation.root.conversation.is_running() {
        let closed = ConversationClosed { personal: Personal::Open(ClosingNote::default()) };
        decided.push(because(Cause::Block, closed));
    }
    decided.push(ContactBlocked { personal: Personal::Open(BlockNote { reason: reason.cloned() }) }.into());
    decided
}

/// Ends the block and restores nothing.
pub(super) fn unblock(situation: Situation<'_>, reason: Option<&Arc<str>>) -> Vec<Decided> {
    if situation.root.blocked.is_none() {
        return Vec::new();
    }
    vec![ContactUnblocked { personal: Personal::Open(BlockNote { reason: reason.cloned() }) }.into()]
}

pub(super) fn refuse_blocked(situation: Situation<'_>) -> Result<(), Rejection> {
    match situation.root.blocked {
        Some(_) => Err(Rejection::ContactBlocked { contact: situation.root.id }),
        None => Ok(()),
    }
}
