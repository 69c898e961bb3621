//! Messages on their way through: which identity, which id, which time; the protocol does the rest.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::command::Interaction;
use dossier_domain::compose::{ShownIdentity, view};
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::reference::Reference;
use dossier_domain::values::time::settle_at;

use super::App;
use super::act::Act;
use super::ask::{Answer, Handle, Inbound, Outbound};
use super::contents::{changed, must_match};
use super::error::{AppError, FieldError};
use super::protocol::inbound::{Passage, Way};
use super::protocol::{Ended, repeat};

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
            message: self.message_mark(act, &inbound.handle, &inbound.message_id),
            message_id: inbound.message_id.clone(),
            kind: inbound.kind,
            content: inbound.content.clone(),
            at: time_of(act, inbound.at)?,
        };
        let passage = Passage { named, interaction, way: Way::In(inbound.profile.clone()) };
        let landed = self.engine.pass(act, &passage).await?;
        let status = if landed.created { 201 } else { 200 };
        Ok(Answer { created: landed.created, ..changed(&landed.root, status) })
    }

    /// An interaction goes out.
    pub(super) async fn send(&self, act: &Act, outbound: &Outbound, if_match: Option<u64>) -> Result<Answer, Ended> {
        let handle = self.handle_for(act, outbound, if_match).await?;
        let named = self.engine.named(act.workspace(), &handle);
        let message_id = outbound.message_id.clone().unwrap_or_else(|| act.id().to_string().into());
        let interaction = Interaction {
            identity: named.identity,
            channel: handle.channel.clone(),
            external_id: handle.external_id.clone(),
            holder: ContactId(uuid::Uuid::nil()),
            message: self.message_mark(act, &handle, &message_id),
            message_id: message_id.clone(),
            kind: outbound.kind,
            content: outbound.content.clone(),
            at: time_of(act, outbound.at)?,
        };
        let passage = Passage { named, interaction, way: Way::Out(outbound.sender) };
        let landed = self.engine.pass(act, &passage).await?;
        let status = if landed.created { 201 } else { 200 };
        Ok(Answer { created: landed.created, message_id: Some(message_id), ..changed(&landed.root, status) })
    }

    pub(super) fn message_mark(&self, act: &Act, handle: &Handle, message_id: &str) -> dossier_domain::ids::Mark {
        self.engine.marks.message(act.workspace(), &handle.channel, &handle.external_id, message_id)
    }

    /// To which handle a message goes. One that the contact does not hold yet is claimed for it first.
    async fn handle_for(&self, act: &Act, outbound: &Outbound, if_match: Option<u64>) -> Result<Handle, Ended> {
        let handle = |external_id: &Arc<str>| Handle {
            channel: outbound.channel.clone(),
            external_id: external_id.clone(),
        };
        let bearer = match self.bearer(act, &outbound.contact).await {
            Err(AppError::Rejected(Rejection::ContactNotFound)) => {
                return unheld_handle(outbound).ok_or_else(|| Rejection::ContactNotFound.into());
            }
            found => found?,
        };
        let shown = self.shown_identities(act, bearer, if_match).await?;
        let mut of_channel = shown.iter().filter(|shown| shown.channel == outbound.channel);
        match &outbound.external_id {
            None => {
                let external_id = of_channel.find_map(|shown| shown.external_id.as_ref());
                external_id.map(handle).ok_or_else(|| no_identity().into())
            }
            Some(external_id) => {
                let handle = handle(external_id);
                if of_channel.all(|shown| shown.external_id.as_ref() != Some(external_id)) {
                    self.engine.claim(act, bearer, &self.engine.named(act.workspace(), &handle)).await?;
                }
                Ok(handle)
            }
        }
    }

    /// The identities that a contact's root shows, by channel: the one last interacted with first, then by connection.
    async fn shown_identities(
        &self,
        act: &Act,
        contact: ContactId,
        if_match: Option<u64>,
    ) -> Result<Vec<ShownIdentity>, Ended> {
        repeat(|| async {
            let root = self.engine.resolve(act, contact).await?.root(contact)?;
            if *root.workspace != **act.workspace() {
                return Err(Rejection::ContactNotFound.into());
            }
            let forest = self.engine.forest_of(&root).await?;
            must_match(&root, &forest, if_match)?;
            let mut shown = view(&forest, &root, None).identities;
            shown.sort_by_key(|shown| std::cmp::Reverse(shown.last));
            Ok(shown)
        })
        .await
    }
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
