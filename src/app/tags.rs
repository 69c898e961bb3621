//! The spelling of tags: as first used in the workspace (rule 8).

use std::collections::HashMap;
use std::sync::Arc;

use dossier_domain::event::TagNamed;
use dossier_domain::values::tag::Tag;
use parking_lot::RwLock;

use super::App;
use super::error::AppError;

type ByKey = HashMap<Arc<str>, Arc<str>>;

/// Spellings by workspace and folded key.
#[derive(Default)]
pub struct TagNames {
    names: RwLock<HashMap<Arc<str>, ByKey>>,
}

impl TagNames {
    fn knows(&self, workspace: &str, key: &str) -> bool {
        self.names.read().get(workspace).is_some_and(|names| names.contains_key(key))
    }

    /// The spelling in use, which becomes `name` if there is none.
    pub fn spelling(&self, workspace: &Arc<str>, key: &Arc<str>, name: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.names.read().get(workspace).and_then(|names| names.get(key)) {
            return known.clone();
        }
        let mut names = self.names.write();
        names.entry(workspace.clone()).or_default().entry(key.clone()).or_insert_with(|| name.clone()).clone()
    }
}

impl App {
    /// A tag as it is spelled in the workspace. One that two processes use first at once may be spelled either way.
    pub(super) async fn named_tag(&self, workspace: &Arc<str>, tag: &Tag) -> Result<TagNamed, AppError> {
        if self.among_others
            && !self.tags.knows(workspace, &tag.key)
            && let Some(name) = self.lookup.spelling(workspace, &tag.key).await?
        {
            self.tags.spelling(workspace, &tag.key, &name);
        }
        Ok(TagNamed { key: tag.key.clone(), name: self.tags.spelling(workspace, &tag.key, &tag.name) })
    }
}
