//! Tags: on, off, and how many (rule 8).

use std::sync::Arc;

use super::{Decided, Situation};
use crate::event::{TagAdded, TagNamed, TagRemoved};
use crate::personal::Personal;
use crate::rejection::Rejection;
use crate::values::tag::TAG_LIMIT;

/// Puts a tag on, unless it is shown and would be without merges.
pub(super) fn add(situation: Situation<'_>, key: &Arc<str>, name: &Arc<str>) -> Result<Vec<Decided>, Rejection> {
    if situation.root.tags.get(key).is_some_and(|own| own.present) {
        return Ok(Vec::new());
    }
    let shown = situation.shown();
    if !shown.tags.contains_key(key) && shown.tags.len() >= TAG_LIMIT {
        return Err(Rejection::TooManyTags);
    }
    let name = shown.tags.get(key).unwrap_or(name).clone();
    let named = TagNamed { key: key.clone(), name };
    Ok(vec![TagAdded { personal: Personal::Open(named) }.into()])
}

/// Takes a tag off, unless it is neither shown nor own.
pub(super) fn remove(situation: Situation<'_>, key: &Arc<str>, name: &Arc<str>) -> Vec<Decided> {
    let shown = situation.shown();
    let own = situation.root.tags.get(key).filter(|own| own.present);
    if own.is_none() && !shown.tags.contains_key(key) {
        return Vec::new();
    }
    let name = shown.tags.get(key).or(own.map(|own| &own.name)).unwrap_or(name).clone();
    vec![TagRemoved { personal: Personal::Open(TagNamed { key: key.clone(), name }) }.into()]
}
