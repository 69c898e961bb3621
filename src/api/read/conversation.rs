//! Commands on the conversation, its assignee, comments and the block.

use dossier_domain::event::ClosingNote;
use dossier_domain::values::text::TextRule;

use super::members::Members;
use super::{Reader, text};
use crate::app::ask::{Ask, Edit};

/// `add_comment`
pub(super) fn comment(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let words = members.required(reader, "text", text::needed(TextRule::COMMENT));
    Some(Ask::Edit(contact?, Edit::Comment(words?)))
}

/// `open_conversation`
pub(super) fn open(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    Some(Ask::Edit(members.required(reader, "contact", text::reference)?, Edit::Open))
}

/// `close_conversation`
pub(super) fn close(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let note = ClosingNote {
        category: members.optional(reader, "category", text::free(TextRule::CATEGORY)),
        summary: members.optional(reader, "summary", text::free(TextRule::SUMMARY)),
    };
    Some(Ask::Edit(contact?, Edit::Close(note)))
}

/// `snooze_conversation`; that `until` lies in the future is found when it is executed.
pub(super) fn snooze(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let until = members.required(reader, "until", text::time);
    Some(Ask::Edit(contact?, Edit::Snooze(until?)))
}

/// `assign`: to nobody must be said, so that a forgotten member takes no one's work away.
pub(super) fn assign(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let assignee = match members.is_null("assignee") {
        true => {
            members.take("assignee");
            None
        }
        false => members.required(reader, "assignee", text::free(TextRule::ASSIGNEE)),
    };
    Some(Ask::Edit(contact?, Edit::Assign(assignee)))
}

/// `block_contact`
pub(super) fn block(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let reason = members.optional(reader, "reason", text::free(TextRule::REASON));
    Some(Ask::Edit(contact?, Edit::Block(reason)))
}

/// `unblock_contact`
pub(super) fn unblock(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let contact = members.required(reader, "contact", text::reference);
    let reason = members.optional(reader, "reason", text::free(TextRule::REASON));
    Some(Ask::Edit(contact?, Edit::Unblock(reason)))
}
