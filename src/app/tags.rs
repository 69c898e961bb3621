//! The spelling of tags: as first used in the workspace (rule 8).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

type ByKey = HashMap<Arc<str>, Arc<str>>;

/// Spellings by workspace and folded key.
#[derive(Default)]
pub struct TagNames {
    names: RwLock<HashMap<Arc<str>, ByKey>>,
}

impl TagNames {
    /// The spelling in use, which becomes `name` if there is none.
    pub fn spelling(&self, workspace: &Arc<str>, key: &Arc<str>, name: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.names.read().get(workspace).and_then(|names| names.get(key)) {
            return known.clone();
        }
        let mut names = self.names.write();
        names.entry(workspace.clone()).or_default().entry(key.clone()).or_insert_with(|| name.clone()).clone()
    }
}
