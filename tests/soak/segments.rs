//! Segments that are changed, removed and defined again while everything else happens. In the end the members of each,
//! its count and its feed told from the beginning are those whom the reference evaluator puts in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dossier::api::bodies::CrossingBody;
use dossier::house::House;
use dossier_domain::compose::View;
use dossier_domain::filter::{Setting, Subject, matches};
use dossier_domain::workspace::{Segment, Workspace};
use serde_json::{Value, json};

use crate::{HOME, all_pages, generate, sampled};

/// Those that searches name: they change, and stay. The second refers to the first, the third flips by time.
const LASTING: [&str; 3] = ["seg-a", "seg-b", "seg-c"];
/// One that comes and goes.
pub(crate) const PASSING: &str = "seg-d";

/// The lines that define what is there from the beginning.
pub(crate) fn defined() -> [Value; 3] {
    let filters = [
        json!({"field": "tags", "op": "any_of", "value": ["vip"]}),
        json!({"any": [{"field": "country", "op": "eq", "value": "MY"}, {"field": "segment", "op": "any_of", "value": ["seg-a"]}]}),
        json!({"field": "last_interaction", "op": "within_last", "value": {"amount": 1, "unit": "day"}}),
    ];
    let define = |(name, filter): (&&str, Value)| json!({"command": "define_segment", "name": name, "filter": filter});
    let [a, b, c] = filters;
    [define((&LASTING[0], a)), define((&LASTING[1], b)), define((&LASTING[2], c))]
}

/// Filters that segments come to have: none that refers to a segment, which could refer back, and none that time alone
/// flips while this runs.
pub(crate) fn filters() -> Vec<Value> {
    let flips = ["\"segment\"", "within_", "older_than", "\"activity\""];
    let stays = |filter: &Value| !flips.iter().any(|word| filter.to_string().contains(word));
    sampled(&generate::filter(), 120).into_iter().filter(stays).collect()
}

/// What becomes of segments next: the first is changed, and the passing one comes and goes.
pub(crate) fn next(which: usize, filter: &Value) -> Value {
    match which {
        0 => json!({"command": "change_segment", "segment": LASTING[0], "filter": filter}),
        1 => json!({"command": "define_segment", "name": PASSING, "filter": filter}),
        _ => json!({"command": "remove_segment", "segment": PASSING}),
    }
}

/// The ids of the segments that a contact is in, by the evaluator: one that refers to another comes after it.
pub(crate) fn memberships(state: &Workspace, setting: Setting<'_>, views: &[View]) -> Vec<BTreeSet<Arc<str>>> {
    let now = chrono::Utc::now();
    let subjects: Vec<Subject> = views.iter().map(|view| Subject::new(view, setting, now)).collect();
    let mut memberships = vec![BTreeSet::new(); views.len()];
    for segment in state.segments_by_name() {
        for (subject, member_of) in subjects.iter().zip(&mut memberships) {
            if matches(&segment.filter, subject, now, member_of) {
                member_of.insert(Arc::from(segment.id.to_string()));
            }
        }
    }
    memberships
}

/// Every segment holds whom the evaluator puts in it, and its feed tells how that came.
pub(crate) async fn compare(house: &House, setting: Setting<'_>, views: &[View], state: &Workspace) {
    let memberships = memberships(state, setting, views);
    for segment in state.segments_by_name() {
        let id: Arc<str> = segment.id.to_string().into();
        let is_in = |(_, member_of): &(&View, &BTreeSet<Arc<str>>)| member_of.contains(&id);
        let expected: BTreeSet<String> =
            views.iter().zip(&memberships).filter(is_in).map(|(view, _)| view.id.to_string()).collect();
        let filter = json!({"field": "segment", "op": "any_of", "value": [segment.name]});
        let (found, count) = all_pages(house, json!({"filter": filter, "columns": [], "count": true})).await;
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{}", segment.name);
        let told = house.segment(HOME, &segment.name).await.unwrap().0.count;
        assert_eq!((count, told), (expected.len() as u64, expected.len() as u64), "{}", segment.name);
        assert_eq!(told_by_feed(house, segment).await, expected, "the feed of {}", segment.name);
    }
    assert!(state.segments_by_name().len() >= LASTING.len());
}

/// Who is in a segment by its feed: each enters before it leaves, and leaves before it enters again.
async fn told_by_feed(house: &House, segment: &Segment) -> BTreeSet<String> {
    let (mut cursor, mut inside) = (None, BTreeMap::new());
    loop {
        let page = house.segment_changes(HOME, &segment.name, cursor.as_deref(), 100, Duration::ZERO).await.unwrap();
        for change in &page.changes {
            let enters = matches!(change.change, CrossingBody::Entered);
            let before = inside.insert(change.contact_id.to_string(), enters).unwrap_or(false);
            assert_ne!(before, enters, "{} tells {} twice", segment.name, change.contact_id);
        }
        if page.changes.is_empty() {
            return inside.into_iter().filter_map(|(contact, is_in)| is_in.then_some(contact)).collect();
        }
        cursor = Some(page.next_cursor);
    }
}
