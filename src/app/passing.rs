//! Messages on their way through: which identity, which id, which time; the protocol does the rest.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::command::Interaction;
use dossier_domain::compose::{ShownIdentity, view};
use dossier_domain::ids::{ContactId, Mark};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Contact;
use dossier_domain::values::reference::Reference;
use dossier_domain::values::time::settle_at;

use super::App;
use super::act::Act;
use super::ask::{Answer, Handle, Inbound, Outbound};
use super::contents::changed;
use super::error::{AppError, FieldError};
use super::protocol::inbound::{Landed, Passage, Target, Way};
use super::protocol::resolve::Addressed;
use super::protocol::{Ended, Stop, repeat};

impl App {
    /// An interaction came in.
    pub(super) async fn receive(&self, act: &Act, inbound: &Inbound) -> Result<Answer, Ended> {
        let named = self.engine.named(act.workspace(), &inbound.handle);
        let interaction = Interaction {
            identity: named.identity,
            channel: inbound.handle.channel.clone(),
            external_id: inbound.handle.external_id.clone(),
            // Filled in where it lands.
            holder: ContactId(uuid::Uuid::nil()),
            message: self.engine.marks.message(named.identity, &inbound.message_id),
            message_id: inbound.message_id.clone(),
            kind: inbound.kind,
            content: inbound.content.clone(),
            at: time_of(act, inbound.at)?,
        };
        let way = Way::In(inbound.profile.clone());
        let passage = Passage { named, interaction, way, target: Target::AnyOne };
        loop {
            if let Some(landed) = self.engine.pass(act, &passage).await? {
                return Ok(answer_landed(&landed));
            }
        }
    }

    /// An interaction goes out. Where the identity was taken from the contact on the way, it is chosen anew.
    pub(super) async fn send(&self, act: &Act, outbound: &Outbound, if_match: Option<u64>) -> Result<Answer, Ended> {
        let message_id = outbound.message_id.clone().unwrap_or_else(|| act.id().to_string().into());
        loop {
            let (handle, target) = repeat(|| self.handle_for(act, outbound, &message_id, if_match)).await?;
            let named = self.engine.named(act.workspace(), &handle);
            let interaction = Interaction {
                identity: named.identity,
                channel: handle.channel.clone(),
                external_id: handle.external_id.clone(),
                holder: ContactId(uuid::Uuid::nil()),
                message: self.engine.marks.message(named.identity, &message_id),
                message_id: message_id.clone(),
                kind: outbound.kind,
                content: outbound.content.clone(),
                at: time_of(act, outbound.at)?,
            };
            let passage = Passage { named, interaction, way: Way::Out(outbound.sender), target };
            if let Some(landed) = self.engine.pass(act, &passage).await? {
                return Ok(Answer { message_id: Some(message_id), ..answer_landed(&landed) });
            }
        }
    }

    /// To which handle a message goes, and to whom. A handle that the contact does not hold yet is claimed for it first,
    /// unless the message went out before.
    async fn handle_for(
        &self,
        act: &Act,
        outbound: &Outbound,
        message_id: &str,
        if_match: Option<u64>,
    ) -> Result<(Handle, Target), Stop> {
        let bearer = match self.bearer(act, &outbound.contact).await {
            Err(AppError::Rejected(Rejection::ContactNotFound)) => {
                let handle = unheld_handle(outbound).ok_or(Rejection::ContactNotFound)?;
                return Ok((handle, Target::AnyOne));
            }
            found => found?,
        };
        let addressed = Addressed { contact: bearer, if_match };
        let root = self.engine.root_of(act, &addressed).await?;
        let shown = self.shown_identities(&root).await?;
        let mut of_channel = shown.iter().filter(|shown| shown.channel == outbound.channel);
        let handle =
            |external_id: &Arc<str>| Handle { channel: outbound.channel.clone(), external_id: external_id.clone() };
        let target = Target::Only { root: root.id, if_match };
        let Some(external_id) = &outbound.external_id else {
            let external_id = of_channel.find_map(|shown| shown.external_id.as_ref());
            return Ok((handle(external_id.ok_or_else(no_identity)?), target));
        };
        let handle = handle(external_id);
        if of_channel.any(|shown| shown.external_id.as_ref() == Some(external_id)) {
            return Ok((handle, target));
        }
        self.engine.not_seen(self.message_mark(act, &handle, message_id)).await?;
        if let Some(key) = act.key() {
            self.engine.not_seen(key.mark).await?;
        }
        if root.blocked.is_some() {
            return Err(Rejection::ContactBlocked { contact: root.id }.into());
        }
        let named = self.engine.named(act.workspace(), &handle);
        // The key belongs to the message.
        self.engine.claim(&act.without_key(), &addressed, &named).await?;
        // What was seen was seen when the claim was made; the claim itself has changed it.
        Ok((handle, Target::Only { root: root.id, if_match: None }))
    }

    pub(super) fn message_mark(&self, act: &Act, handle: &Handle, message_id: &str) -> Mark {
        self.engine.marks.message(self.engine.named(act.workspace(), handle).identity, message_id)
    }

    /// The identities that a root shows: the one last interacted with first, then by connection.
    async fn shown_identities(&self, root: &Arc<Contact>) -> Result<Vec<ShownIdentity>, Stop> {
        let forest = self.engine.forest_of(root).await?;
        let mut shown = view(&forest, root, None).identities;
        shown.sort_by_key(|shown| std::cmp::Reverse(shown.last));
        Ok(shown)
    }
}

fn answer_landed(landed: &Landed) -> Answer {
    let status = if landed.created { 201 } else { 200 };
    Answer { created: landed.created, ..changed(&landed.root, status) }
}

/// A `channel:` reference that nobody holds names the handle of a contact to be made.
fn unheld_handle(outbound: &Outbound) -> Option<Handle> {
    let Reference::Channel { channel, external_id } = &outbound.contact else { return None };
    let same_channel = *channel == outbound.channel;
    let same_id = outbound.external_id.as_ref().is_none_or(|given| given == external_id);
    (same_channel && same_id).then(|| Handle { channel: channel.clone(), external_id: external_id.clone() })
}

/// When something happened: given, or the command's time (rule 12).
pub(super) fn time_of(act: &Act, at: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, AppError> {
    settle_at(at.unwrap_or(act.now()), act.now()).map_err(|invalid| {
        AppError::Invalid(vec![FieldError {
            pointer: "/at".into(),
            code: invalid.code(),
            message: invalid.to_string(),
        }])
    })
}

fn no_identity() -> AppError {
    AppError::Invalid(vec![FieldError {
        pointer: "/channel".into(),
        code: "no_identity",
        message: "the contact holds no identity on this channel: give an external_id, or another channel".into(),
    }])
}
