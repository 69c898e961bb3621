//! Tag suggestions: which tags live contacts show, most used first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, Life};
use dossier_domain::values::text::fold;
use dossier_projections::tags::{ShownTags, UsedTag};

use super::cursor::{Pages, descending};
use crate::api::bodies::{TagBody, TagPage};
use crate::app::AppError;
use crate::house::House;

impl House {
    /// Tags that begin so, folded, at most `limit` after the cursor; most used first. Each with the number of live
    /// contacts that show it.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn tags(
        &self,
        workspace: &str,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<TagPage, AppError> {
        self.settings(workspace).await?;
        let prefix = fold(prefix.trim_start());
        let found = self.runner.tags().suggest(workspace, &prefix);
        let pages = Pages::of(&self.marks, &["tags", workspace, &prefix]);
        let place_of = |used: &UsedTag| [&descending(&used.count.to_be_bytes()), used.key.as_bytes()].concat();
        let (found, next_cursor) = pages.page(found, place_of, cursor, limit)?;
        let tags = found.into_iter().map(|used| TagBody { tag: used.name.to_string(), count: used.count }).collect();
        Ok(TagPage { tags, next_cursor })
    }
}

/// Fills the index of tags at start: contacts come by one after another, merged ones are composed at the end.
#[derive(Default)]
pub(in crate::house) struct TagIntake {
    merged: Vec<ContactId>,
    absorbed: HashMap<ContactId, Arc<str>>,
}

impl TagIntake {
    /// Takes a contact as it is stored.
    pub(in crate::house) fn take(&mut self, house: &House, contact: &Contact) {
        self.absorbed.extend(contact.live_edges().map(|edge| (edge.secondary, contact.workspace.clone())));
        if contact.life != Life::Live {
            return;
        }
        if contact.live_edges().next().is_some() {
            self.merged.push(contact.id);
        } else {
            let present = contact.tags.iter().filter(|(_, own)| own.present);
            let tags = present.map(|(key, own)| (key.clone(), own.name.clone())).collect();
            house.runner.tags().put(&ShownTags { contact: contact.id, workspace: contact.workspace.clone(), tags });
        }
    }

    /// Composes what was merged: absorbed contacts show nothing themselves.
    ///
    /// # Errors
    /// A store failed.
    pub(in crate::house) async fn finish(self, house: &House) -> Result<(), AppError> {
        for id in self.merged.iter().filter(|id| !self.absorbed.contains_key(id)) {
            let Some(tree) = house.tree(*id).await? else { continue };
            let workspace = tree.root().workspace.clone();
            house.runner.tags().put(&ShownTags { contact: *id, workspace, tags: tree.view().shown.tags });
        }
        for (contact, workspace) in self.absorbed {
            house.runner.tags().put(&ShownTags { contact, workspace, tags: BTreeMap::new() });
        }
        Ok(())
    }
}
