//! What of a segment the engine needs, and an order in which each comes after all that it refers to.

use std::collections::BTreeMap;
use std::sync::Arc;

use dossier_domain::filter::{Condition, Filter};
use dossier_domain::ids::SegmentId;

use super::Definition;
use crate::index::Asked;

/// One segment.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) id: SegmentId,
    /// The id, as filters write it.
    pub(super) name: Arc<str>,
    pub(super) filter: Arc<Filter>,
    pub(super) asked: Asked,
    /// The places of those that refer to it.
    pub(super) referred_by: Vec<usize>,
}

impl Plan {
    /// Whether it asks about a custom field.
    pub fn asks_about(&self, key: &str) -> bool {
        self.asked.has_custom(key)
    }

    pub(super) fn asks_about_activity(&self) -> bool {
        self.filter.conditions().iter().any(|condition| matches!(condition, Condition::Activity(_)))
    }
}

/// The plans of all segments. There are no cycles: what stood in one would be left where it is.
pub(super) fn in_order(definitions: &[Definition]) -> Vec<Plan> {
    let mut left: BTreeMap<Arc<str>, &Definition> = BTreeMap::new();
    left.extend(definitions.iter().map(|definition| (Arc::from(definition.0.to_string()), definition)));
    let refers: BTreeMap<Arc<str>, Vec<Arc<str>>> =
        left.iter().map(|(name, (_, filter))| (name.clone(), filter.segments().ids.into_iter().collect())).collect();
    let mut ordered: Vec<Arc<str>> = Vec::with_capacity(left.len());
    // A stack of its own: chains are as long as users make them.
    let mut stack: Vec<(Arc<str>, usize)> = Vec::new();
    let mut met = std::collections::BTreeSet::new();
    for name in left.keys() {
        stack.push((name.clone(), 0));
        while let Some((name, next)) = stack.pop() {
            if next == 0 && !met.insert(name.clone()) {
                continue;
            }
            match refers.get(&name).and_then(|refers| refers.get(next)) {
                Some(below) => {
                    stack.push((name, next + 1));
                    if left.contains_key(below) && !met.contains(below) {
                        stack.push((below.clone(), 0));
                    }
                }
                None => ordered.push(name),
            }
        }
    }
    let places: BTreeMap<Arc<str>, usize> =
        ordered.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
    let plan = |name: &Arc<str>| {
        let (id, filter) = left.get(name)?;
        let is_above = |(_, refers): &(&Arc<str>, &Vec<Arc<str>>)| refers.contains(name);
        let referred_by = refers.iter().filter(is_above).filter_map(|(above, _)| places.get(above).copied()).collect();
        let (filter, asked) = (filter.clone(), Asked::by(filter));
        Some(Plan { id: *id, name: name.clone(), filter, asked, referred_by })
    };
    ordered.iter().filter_map(plan).collect()
}
