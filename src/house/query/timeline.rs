//! The timeline: what happened with a contact, for people (rules 12, 16, 22).

use std::sync::Arc;

use dossier_domain::event::Event;
use dossier_domain::state::Contact;
use dossier_domain::values::reference::Reference;

use super::entry_pages::{Candidate, held_handle, is_wanted, told_by};
use crate::api::bodies::EntryPage;
use crate::app::AppError;
use crate::app::query::TimelineQuery;
use crate::house::House;

impl House {
    /// Messages, comments and events of the contact's tree, newest first. After an unmerge everything recorded stays
    /// with who recorded it.
    ///
    /// # Errors
    /// Not found, erased (by its id alone), ambiguous; [`AppError::BadCursor`]; there is no such workspace; a store
    /// failed.
    pub async fn timeline(
        &self,
        workspace: &str,
        reference: &Reference,
        query: &TimelineQuery,
    ) -> Result<EntryPage, AppError> {
        let tree = self.live_tree_of(workspace, reference).await?;
        let mut candidates = Vec::new();
        for contact in told_by(&tree, query.own) {
            self.tell(&contact, query, &mut candidates).await?;
        }
        let pages = self.entry_pages("timeline", workspace, reference, query);
        self.entry_page(&pages, query, candidates).await
    }

    /// What one stream has to tell.
    async fn tell(
        &self,
        contact: &Arc<Contact>,
        query: &TimelineQuery,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), AppError> {
        for recorded in self.events_of(contact).await? {
            let seen = self.codec.glance(&recorded)?;
            if !is_shown(&seen.event) {
                continue;
            }
            let handle = held_handle(contact, &seen.event);
            if is_wanted(query, &seen, handle.as_ref()) {
                candidates.push(Candidate::new(recorded, &seen).about(handle));
            }
        }
        Ok(())
    }
}

/// What is suppressed is in no timeline (rule 16), nor is what only the protocols need.
fn is_shown(event: &Event) -> bool {
    !matches!(
        event,
        Event::MessageSuppressed(_)
            | Event::MergePrepared(_)
            | Event::MergeRefused(_)
            | Event::MergeEnded(_)
            | Event::TreeChanged(_)
            | Event::ContactAbandoned(_)
    )
}
