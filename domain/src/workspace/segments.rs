//! Segments of a workspace: named filters (rule 40).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Refusal, Workspace};
use crate::event::{Event, SegmentChanged, SegmentDefined, SegmentEdit, SegmentRemoved, SegmentTerms};
use crate::fields::Definitions;
use crate::filter::{Filter, Source, Vocabulary, read};
use crate::ids::SegmentId;
use crate::personal::Personal;
use crate::problem::{Place, Problems};
use crate::rejection::Rejection;
use crate::values::text::fold;
use crate::values::workspace::parse_time_zone;

#[cfg(test)]
mod tests;

/// The most segments of a workspace.
pub const SEGMENTS_MAX: usize = 1_000;

/// A named filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Which, for ever.
    pub id: SegmentId,
    /// By which people name it; unique, folded.
    pub name: Arc<str>,
    /// Who is in it.
    pub filter: Arc<Filter>,
    /// Revision of the last event about it.
    pub revision: u64,
    /// Place of that event in the whole log: its ETag is made of this.
    pub position: u64,
}

/// A segment to define. Its filter is read when it is decided: it may name fields and segments that the lines before it
/// define.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSegment {
    /// The id that it gets.
    pub id: SegmentId,
    /// By which people name it.
    pub name: Arc<str>,
    /// A filter, as it was given.
    pub filter: Json,
}

/// What is new of a segment; what is absent stays.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentChange {
    /// Its id or its name.
    pub segment: Arc<str>,
    /// Its new name.
    pub name: Option<Arc<str>>,
    /// Its new filter, as it was given.
    pub filter: Option<Json>,
}

impl Workspace {
    /// The segment that a text names, by its id or else by its name.
    pub fn segment(&self, named: &str) -> Option<&Segment> {
        let by_id = named.parse().ok().and_then(|id| self.segments.get(&id));
        by_id.or_else(|| {
            let folded = fold(named);
            self.segments.values().find(|segment| fold(&segment.name) == folded)
        })
    }

    /// The segments by their folded names.
    pub fn segments_by_name(&self) -> Vec<&Segment> {
        let mut segments: Vec<&Segment> = self.segments.values().collect();
        segments.sort_by_cached_key(|segment| fold(&segment.name));
        segments
    }

    pub(super) fn evolve_segments(&mut self, event: &Event, revision: u64, position: u64) {
        match event {
            Event::SegmentDefined(event) => {
                if let Some(terms) = event.personal.open()
                    && let Some(filter) = stored(&self.definitions(), &terms.filter)
                {
                    let (id, name) = (event.segment, terms.name.clone());
                    self.segments.insert(id, Segment { id, name, filter, revision, position });
                }
            }
            Event::SegmentChanged(event) => {
                let Some(edit) = event.personal.open() else { return };
                let filter = edit.filter.as_ref().and_then(|json| stored(&self.definitions(), json));
                if let Some(segment) = self.segments.get_mut(&event.segment) {
                    (segment.revision, segment.position) = (revision, position);
                    segment.name = edit.name.clone().unwrap_or_else(|| segment.name.clone());
                    segment.filter = filter.unwrap_or_else(|| segment.filter.clone());
                }
            }
            Event::SegmentRemoved(event) => {
                self.segments.remove(&event.segment);
            }
            _ => {}
        }
    }

    /// Whether a segment depends on another, at any depth, when the filter is taken for that of the first.
    fn leads_to(&self, filter: &Filter, target: SegmentId) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), referred(filter));
        while let Some(id) = next.pop() {
            if id == target {
                return true;
            }
            if seen.insert(id) {
                next.extend(self.segments.get(&id).iter().flat_map(|segment| referred(&segment.filter)));
            }
        }
        false
    }

    /// Reads a filter that is given for a segment; `own` is the segment that it is for, if it is there already.
    fn read_filter(&self, json: &Json, own: Option<SegmentId>) -> Result<Filter, Refusal> {
        let (definitions, settings) = (self.definitions(), &self.settings);
        let vocabulary = Vocabulary {
            fields: &definitions,
            region: settings.default_region.as_deref(),
            zone: parse_time_zone(&settings.time_zone).unwrap_or_default(),
            segment: &|named| self.segment(named).map(|segment| segment.id.to_string().into()),
            source: Source::Given,
        };
        let (mut problems, place) = (Problems::default(), Place::WHOLE.member("filter"));
        let filter = match read(json, vocabulary) {
            Ok(filter) => Some(filter),
            Err(found) => {
                problems.below(&place, found);
                None
            }
        };
        if filter.as_ref().is_some_and(|filter| filter.segments().every) {
            // Who is in no segment, or in no other, would depend on who is in this one.
            let message = "name segments with any_of, all_of or none_of; a segment can't ask about all segments";
            problems.add(&place, "segment_cycle", message);
        } else if let (Some(filter), Some(own)) = (&filter, own)
            && self.leads_to(filter, own)
        {
            problems.add(&place, "segment_cycle", "leave out the segments that refer to this one, at any depth");
        }
        problems.or(filter).map_err(Refusal::Invalid)
    }

    fn must_be_free(&self, name: &str, own: Option<SegmentId>) -> Result<(), Rejection> {
        let folded = fold(name);
        let taken = self.segments.values().find(|other| Some(other.id) != own && fold(&other.name) == folded);
        taken.map_or(Ok(()), |other| Err(Rejection::SegmentExists { segment: other.id }))
    }
}

/// A filter that was read before.
fn stored(fields: &Definitions, json: &Json) -> Option<Arc<Filter>> {
    let vocabulary = Vocabulary {
        fields,
        region: None,
        zone: chrono_tz::Tz::UTC,
        segment: &|id| Some(id.into()),
        source: Source::Stored,
    };
    read(json, vocabulary).ok().map(Arc::new)
}

fn referred(filter: &Filter) -> Vec<SegmentId> {
    filter.segments().ids.iter().filter_map(|id| id.parse().ok()).collect()
}

pub(super) fn define(workspace: &Workspace, new: &NewSegment) -> Result<Vec<Event>, Refusal> {
    workspace.must_be_free(&new.name, None)?;
    if workspace.segments.len() >= SEGMENTS_MAX {
        return Err(Rejection::TooManySegments.into());
    }
    let filter = workspace.read_filter(&new.filter, None)?.to_json();
    let terms = SegmentTerms { name: new.name.clone(), filter };
    Ok(vec![SegmentDefined { segment: new.id, personal: Personal::Open(terms) }.into()])
}

/// Only what is new is recorded.
pub(super) fn change(workspace: &Workspace, change: &SegmentChange) -> Result<Vec<Event>, Refusal> {
    let segment = workspace.segment(&change.segment).ok_or(Rejection::SegmentNotFound)?;
    let name = change.name.clone().filter(|name| *name != segment.name);
    if let Some(name) = &name {
        workspace.must_be_free(name, Some(segment.id))?;
    }
    let filter = match &change.filter {
        Some(json) => Some(workspace.read_filter(json, Some(segment.id))?),
        None => None,
    };
    let filter = filter.filter(|filter| *filter != *segment.filter).map(|filter| filter.to_json());
    if name.is_none() && filter.is_none() {
        return Ok(Vec::new());
    }
    let personal = Personal::Open(SegmentEdit { name, filter });
    Ok(vec![SegmentChanged { segment: segment.id, personal }.into()])
}

pub(super) fn remove(workspace: &Workspace, named: &str) -> Result<Vec<Event>, Refusal> {
    let segment = workspace.segment(named).ok_or(Rejection::SegmentNotFound)?;
    let refers = |other: &&super::Segment| referred(&other.filter).contains(&segment.id);
    let by: Vec<SegmentId> = workspace.segments.values().filter(refers).map(|other| other.id).collect();
    if !by.is_empty() {
        return Err(Rejection::SegmentInUse { by }.into());
    }
    Ok(vec![SegmentRemoved { segment: segment.id }.into()])
}
