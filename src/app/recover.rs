//! Recovery: the process manager finishes what others left, by the functions with which everyone does (merging.md).

use std::sync::Arc;

use dossier_domain::event::{Event, IdentityNamed};
use dossier_domain::ids::{ContactId, IdentityId, Stream};
use dossier_domain::meta::Cause;
use dossier_domain::state::{Contact, ConversationStatus, Life};
use dossier_projections::unfinished::{OpenClaim, Unfinished};

use super::App;
use super::act::Act;
use super::ask::Handle;
use super::error::AppError;
use super::protocol::claim::Named;
use super::protocol::resolve::{Addressed, Resolution};
use super::protocol::{Stop, repeat};
use super::references::unmarked;

impl App {
    /// Finishes everything on the list. Safe beside anything: all appends are at exact revisions.
    ///
    /// # Errors
    /// A store failed.
    pub async fn recover(&self, unfinished: &Unfinished) -> Result<(), AppError> {
        for open in unfinished.merges.values() {
            let act = self.recovery(open.secondary).await?;
            repeat(|| async { self.engine.resolve(&act, open.secondary).await }).await.map_err(unmarked)?;
        }
        for (identity, open) in &unfinished.claims {
            let act = self.recovery(open.owner).await?;
            repeat(|| self.settle_claim(&act, *identity, *open)).await.map_err(unmarked)?;
        }
        Ok(())
    }

    /// Goes on with an erasure, or an abandonment, that was cut off after the contact's own event.
    ///
    /// # Errors
    /// A store failed.
    pub async fn finish_erasure(&self, erased: &Contact) -> Result<(), AppError> {
        let act = self.recovery(erased.id).await?;
        self.engine.finish_erasure(&act, erased.id).await.map(drop)
    }

    /// Erases a live contact of which the keys say that it was erased: the log was restored from before that (rule 19).
    /// Merges between it and whoever was not erased must have been undone by then, and are undone again.
    ///
    /// # Errors
    /// A store failed.
    pub async fn erase_again(
        &self,
        id: ContactId,
        was_erased: &(dyn Fn(ContactId) -> bool + Sync),
    ) -> Result<(), AppError> {
        let act = self.recovery(id).await?;
        let contact = self.engine.streams.contact(id).await?;
        if contact.life != Life::Live {
            return Ok(());
        }
        let parted = contact.live_edges().filter(|edge| !was_erased(edge.secondary));
        let mut undone: Vec<_> = parted.map(|edge| (edge.merge, id)).collect();
        if let Some(above) = repeat(|| self.engine.absorbed_by(&contact)).await.map_err(unmarked)? {
            if was_erased(above.id) {
                // It is erased with that one.
                return Ok(());
            }
            undone.extend(contact.lock.as_ref().map(|lock| (lock.merge, above.id)));
        }
        for (merge, primary) in undone {
            self.engine.unmerge(&act, merge, primary, Default::default()).await.map_err(unmarked)?;
        }
        let addressed = Addressed { contact: id, if_match: None };
        self.engine.erase(&act, &addressed).await.map_err(unmarked).map(|_| ())
    }

    /// Remembers what of a contact falls due, and how its tags are spelled.
    pub fn take_up(&self, contact: &Contact) {
        if contact.life != Life::Live {
            return;
        }
        contact.tags.iter().for_each(|(key, tag)| self.spelled(&contact.workspace, key, &tag.name));
        if contact.conversation.status == ConversationStatus::Snoozed
            && let Some(until) = contact.conversation.snoozed_until
        {
            self.agenda.snoozed(&contact.workspace, until, contact.id);
        }
    }

    /// Remembers how a tag is spelled.
    pub fn spelled(&self, workspace: &Arc<str>, key: &Arc<str>, name: &Arc<str>) {
        self.tags.spelling(workspace, key, name);
    }

    /// An act of the store itself: by the wall, or where a replay stands.
    async fn recovery(&self, contact: ContactId) -> Result<Act, AppError> {
        let workspace = self.engine.streams.contact(contact).await?.workspace.clone();
        let workspace = if workspace.is_empty() { Arc::from(super::workspaces::DEFAULT_WORKSPACE) } else { workspace };
        let replay = self.workspaces.get(&workspace).filter(|known| known.replayed);
        let now = replay.as_ref().and_then(|known| known.clock).unwrap_or(self.wall.now());
        Ok(Act::system(workspace, now, replay.is_some(), Cause::Timer))
    }

    /// A claim is confirmed by its owner, or released where the owner never came to exist or let go.
    async fn settle_claim(&self, act: &Act, identity: IdentityId, open: OpenClaim) -> Result<(), Stop> {
        let now = self.engine.streams.identity(identity).await?;
        let Some(claim) = now.claim.filter(|claim| claim.owner == open.owner && claim.epoch == open.epoch) else {
            return Ok(());
        };
        match self.engine.resolve(act, claim.owner).await? {
            Resolution::Absent => {
                self.engine.abandon(act, claim.owner).await?;
                Err(Stop::Again)
            }
            Resolution::Abandoned | Resolution::Erased => {
                self.engine.release_claim(act, &now, claim).await?;
                Err(Stop::Again)
            }
            // An owner that let go is found out, and the identity released, by looking.
            Resolution::Root(_) => match self.engine.shown_by(act, &now).await? {
                Some((_, claim)) => match self.handle_of(identity).await? {
                    Some(named) => self.engine.confirm(act, &named, claim).await.map(|_| ()),
                    None => Ok(()),
                },
                None => Ok(()),
            },
        }
    }

    /// The handle of an identity, as its claim has it.
    async fn handle_of(&self, identity: IdentityId) -> Result<Option<Named>, AppError> {
        let Some(recorded) = self.engine.streams.last(&Stream::Identity(identity)).await? else { return Ok(None) };
        let Event::IdentityClaimed(claimed) = self.engine.streams.codec().open(&recorded).await?.event else {
            return Ok(None);
        };
        let handle =
            |named: &IdentityNamed| Handle { channel: claimed.channel.clone(), external_id: named.external_id.clone() };
        Ok(claimed.personal.open().map(|named| Named { identity, handle: handle(named) }))
    }
}
