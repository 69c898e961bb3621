//! Contacts as they were: their streams folded up to a position, or up to what was recorded by a time (rule 12).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Life};

use super::tree::{States, Tree};
use crate::app::AppError;
use crate::app::query::AsOf;
use crate::house::House;

/// A past moment. A time cuts each stream before its first event that was recorded later.
struct Past<'a> {
    house: &'a House,
    as_of: AsOf,
    /// Nothing is shown that is not durable.
    head: u64,
}

#[async_trait]
impl States for Past<'_> {
    async fn own(&self, id: ContactId) -> Result<Option<Arc<Contact>>, AppError> {
        let (as_of, head) = (self.as_of, self.head);
        let wanted = move |position: u64, recorded_at: DateTime<Utc>| {
            let then = match as_of {
                AsOf::Time(time) => recorded_at <= time,
                AsOf::Position(last) => position <= last,
            };
            then && position <= head
        };
        let contact = self.house.fold_while(id, wanted).await?;
        Ok(contact.revision().is_some().then_some(contact))
    }
}

impl House {
    /// The tree around a contact at a past moment, with the merges active then; and when that was.
    ///
    /// What is erased by now is gone from the past too.
    pub(super) async fn past_tree(
        &self,
        workspace: &str,
        id: ContactId,
        as_of: AsOf,
    ) -> Result<(Tree, DateTime<Utc>), AppError> {
        let head = self.store.head().await?;
        let tree = Tree::find(&Past { house: self, as_of, head }, id).await?;
        let tree = tree.filter(|tree| *tree.asked().workspace == *workspace);
        let tree = tree.ok_or(Rejection::ContactNotFound)?;
        for then in tree.chain() {
            let erased = match self.own(then.id).await? {
                Some(now) => now.life == Life::Erased,
                None => false,
            };
            if erased || then.life == Life::Erased {
                return Err(Rejection::ContactErased { contact: then.id }.into());
            }
        }
        Ok((tree, self.moment(as_of, head).await?))
    }

    /// When a past moment was: a position is as old as its event.
    async fn moment(&self, as_of: AsOf, head: u64) -> Result<DateTime<Utc>, AppError> {
        let now = self.wall.now();
        match as_of {
            AsOf::Time(time) => Ok(time.min(now)),
            AsOf::Position(position) if position < head => {
                let event = self.store.read_all(position.saturating_sub(1), 1).await?.pop();
                let Some(recorded) = event else { return Ok(now) };
                Ok(self.codec.open(&recorded).await?.meta.recorded_at)
            }
            AsOf::Position(_) => Ok(now),
        }
    }
}
