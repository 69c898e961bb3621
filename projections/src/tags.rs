//! Which tags there are, and how many live contacts show each: kept in memory, fed by the projector of documents.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use dossier_domain::ids::ContactId;

/// The tags that a live root shows: spelling by folded key. Empty for any other contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownTags {
    /// Which contact.
    pub contact: ContactId,
    /// Its workspace.
    pub workspace: Arc<str>,
    /// Spelling by folded key.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

/// A tag that somebody shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedTag {
    /// Folded.
    pub key: Arc<str>,
    /// As first used in the workspace.
    pub name: Arc<str>,
    /// Live contacts that show it.
    pub count: u64,
}

/// Tags in use, by workspace.
#[derive(Clone, Debug, Default)]
pub struct TagIndex {
    workspaces: HashMap<Arc<str>, Tags>,
}

#[derive(Clone, Debug, Default)]
struct Tags {
    /// By folded key; none is here that nobody shows.
    used: BTreeMap<Arc<str>, Used>,
    /// Keys by contact; contacts without tags take no room.
    of: HashMap<ContactId, Box<[Arc<str>]>>,
}

#[derive(Clone, Debug)]
struct Used {
    name: Arc<str>,
    count: u64,
}

impl TagIndex {
    /// What a contact shows from now on, in the place of what it showed.
    pub fn put(&mut self, shown: &ShownTags) {
        if let Some(tags) = self.workspaces.get_mut(&shown.workspace) {
            tags.put(shown);
        } else if !shown.tags.is_empty() {
            self.workspaces.entry(shown.workspace.clone()).or_default().put(shown);
        }
    }

    /// The tags whose folded key begins so: most used first, then by key.
    pub fn suggest(&self, workspace: &str, folded_prefix: &str) -> Vec<UsedTag> {
        let Some(tags) = self.workspaces.get(workspace) else { return Vec::new() };
        let from = (Bound::Included(folded_prefix), Bound::Unbounded);
        let found = tags.used.range::<str, _>(from).take_while(|(key, _)| key.starts_with(folded_prefix));
        let used =
            |(key, used): (&Arc<str>, &Used)| UsedTag { key: key.clone(), name: used.name.clone(), count: used.count };
        let mut found: Vec<_> = found.map(used).collect();
        found.sort_by(|one, other| (Reverse(one.count), &one.key).cmp(&(Reverse(other.count), &other.key)));
        found
    }
}

impl Tags {
    fn put(&mut self, shown: &ShownTags) {
        let before = self.of.remove(&shown.contact).unwrap_or_default();
        for key in before.iter().filter(|key| !shown.tags.contains_key(*key)) {
            self.less(key);
        }
        let mut now = Vec::with_capacity(shown.tags.len());
        for (key, name) in &shown.tags {
            if let Some(known) = before.iter().find(|known| *known == key) {
                now.push(known.clone());
            } else {
                now.push(self.more(key, name));
            }
        }
        if !now.is_empty() {
            self.of.insert(shown.contact, now.into());
        }
    }

    /// Counts one more use, and answers the key as it is kept.
    fn more(&mut self, key: &Arc<str>, name: &Arc<str>) -> Arc<str> {
        if let Some(used) = self.used.get_mut(key) {
            used.count += 1;
        } else {
            self.used.insert(key.clone(), Used { name: name.clone(), count: 1 });
        }
        self.used.get_key_value(key).map_or_else(|| key.clone(), |(kept, _)| kept.clone())
    }

    fn less(&mut self, key: &Arc<str>) {
        if let Some(used) = self.used.get_mut(key) {
            used.count -= 1;
            if used.count == 0 {
                self.used.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn shown(contact: u8, names: &[&str]) -> ShownTags {
        let tags = names.iter().map(|name| (Arc::from(name.to_lowercase()), Arc::from(*name))).collect();
        ShownTags { contact: ContactId(Uuid::from_u128(contact.into())), workspace: "w".into(), tags }
    }

    fn suggested(index: &TagIndex, prefix: &str) -> Vec<(String, u64)> {
        index.suggest("w", prefix).into_iter().map(|used| (used.name.to_string(), used.count)).collect()
    }

    #[test]
    fn the_most_used_come_first_as_spelled() {
        let mut index = TagIndex::default();
        index.put(&shown(1, &["Beta", "Alpha"]));
        index.put(&shown(2, &["Beta", "Alpine"]));
        assert_eq!(suggested(&index, ""), [("Beta".into(), 2), ("Alpha".into(), 1), ("Alpine".into(), 1)]);
        assert_eq!(suggested(&index, "al"), [("Alpha".into(), 1), ("Alpine".into(), 1)]);
        assert!(index.suggest("other", "").is_empty());
    }

    #[test]
    fn a_tag_that_nobody_shows_is_no_longer_suggested() {
        let mut index = TagIndex::default();
        index.put(&shown(1, &["vip"]));
        index.put(&shown(1, &[]));
        assert!(suggested(&index, "").is_empty());
        index.put(&shown(1, &["VIP"]));
        assert_eq!(suggested(&index, "v"), [("VIP".into(), 1)]);
    }

    proptest! {
        #[test]
        fn counts_are_those_of_what_is_shown_last(
            puts in prop::collection::vec((0_u8..4, prop::collection::btree_set("[a-c]", 0..3)), 0..30)
        ) {
            let mut index = TagIndex::default();
            let mut last = HashMap::new();
            for (contact, names) in &puts {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                index.put(&shown(*contact, &names));
                last.insert(*contact, names);
            }
            for tag in ["a", "b", "c"] {
                let count = last.values().filter(|names| names.contains(&tag)).count() as u64;
                let found = suggested(&index, tag).first().map_or(0, |(_, count)| *count);
                prop_assert_eq!(found, count);
            }
        }
    }
}
