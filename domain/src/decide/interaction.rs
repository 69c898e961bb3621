//! Messages, reactions and calls, in and out (rules 11-13, 16).

use super::{Decided, Situation, because, conversation, profile};
use crate::command::{Interaction, ProfileValues, StatusReport};
use crate::event::{
    ConversationOpened, InteractionKind, MessageReceived, MessageSent, MessageStatusChanged, MessageSuppressed,
    MessageText, Sender, StatusNote,
};
use crate::meta::Cause;
use crate::personal::Personal;
use crate::rejection::Rejection;
use crate::state::ConversationStatus;

/// Something came in. On a blocked contact it is suppressed: known and counted, but nothing of it is kept or shown.
pub(super) fn receive(situation: Situation<'_>, seen: &Interaction, values: &ProfileValues) -> Vec<Decided> {
    if situation.root.blocked.is_some() {
        let suppressed =
            MessageSuppressed { identity: seen.identity, channel: seen.channel.clone(), at: seen.at, kind: seen.kind };
        return vec![because(Cause::Inbound, suppressed)];
    }
    let holder = (seen.holder != situation.root.id).then_some(seen.holder);
    let received = MessageReceived {
        identity: seen.identity,
        channel: seen.channel.clone(),
        at: seen.at,
        kind: seen.kind,
        holder,
        personal: Personal::Open(text_of(seen)),
    };
    let opens =
        seen.kind != InteractionKind::Reaction && situation.root.conversation.status != ConversationStatus::Open;
    let mut decided: Vec<Decided> = profile::fill(situation, values, seen.holder).into_iter().collect();
    decided.push(because(Cause::Inbound, received));
    if opens {
        decided.push(because(Cause::Inbound, ConversationOpened {}));
    }
    decided
}

/// Something goes out. A broadcast opens nothing; a snoozed conversation stays snoozed.
pub(super) fn send(situation: Situation<'_>, seen: &Interaction, sender: Sender) -> Result<Vec<Decided>, Rejection> {
    conversation::refuse_blocked(situation)?;
    let sent = MessageSent {
        identity: seen.identity,
        channel: seen.channel.clone(),
        at: seen.at,
        kind: seen.kind,
        sender,
        message: seen.message,
        holder: (seen.holder != situation.root.id).then_some(seen.holder),
        personal: Personal::Open(text_of(seen)),
    };
    let opens = sender != Sender::Broadcast
        && seen.kind != InteractionKind::Reaction
        && !situation.root.conversation.is_running();
    let mut decided = vec![because(Cause::Outbound, sent)];
    if opens {
        decided.push(because(Cause::Outbound, ConversationOpened {}));
    }
    Ok(decided)
}

/// The channel reports on a message that went out.
pub(super) fn report(report: &StatusReport) -> Vec<Decided> {
    let note = StatusNote { message_id: report.message_id.clone(), error: report.error.clone() };
    let changed = MessageStatusChanged {
        message: report.message,
        recorded_by: report.recorded_by,
        status: report.status,
        at: report.at,
        personal: Personal::Open(note),
    };
    vec![changed.into()]
}

fn text_of(seen: &Interaction) -> MessageText {
    MessageText {
        external_id: seen.external_id.clone(),
        message_id: seen.message_id.clone(),
        content: seen.content.clone(),
    }
}
