use serde_json::json;

use super::*;
use crate::event::WorkspaceConfigured;
use crate::workspace::{WorkspaceCommand, decide};

fn id(number: u128) -> SegmentId {
    SegmentId(uuid::Uuid::from_u128(number))
}

fn done(workspace: &mut Workspace, command: &WorkspaceCommand) -> usize {
    let events = decide(workspace, command).unwrap();
    for event in &events {
        let (public, personal) = (event.public_json().unwrap(), event.personal_json().unwrap());
        let read = Event::read(event.name(), &public, personal.as_deref()).unwrap();
        assert_eq!(&read, event, "it is stored and read as the very same");
        let next = workspace.next_revision;
        workspace.evolve(&read, next, workspace.position + 3);
    }
    events.len()
}

fn define(number: u128, name: &str, filter: serde_json::Value) -> WorkspaceCommand {
    WorkspaceCommand::DefineSegment(NewSegment { id: id(number), name: name.into(), filter })
}

fn refilter(named: &str, filter: serde_json::Value) -> WorkspaceCommand {
    WorkspaceCommand::ChangeSegment(SegmentChange { segment: named.into(), name: None, filter: Some(filter) })
}

fn rename(named: &str, name: &str) -> WorkspaceCommand {
    WorkspaceCommand::ChangeSegment(SegmentChange { segment: named.into(), name: Some(name.into()), filter: None })
}

fn remove(named: &str) -> WorkspaceCommand {
    WorkspaceCommand::RemoveSegment(named.into())
}

fn member_of(name: &str) -> serde_json::Value {
    json!({"not": {"field": "segment", "op": "any_of", "value": [name]}})
}

fn rejected(workspace: &Workspace, command: &WorkspaceCommand) -> Rejection {
    match decide(workspace, command) {
        Err(Refusal::Rejected(rejection)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

fn invalid(workspace: &Workspace, command: &WorkspaceCommand) -> Vec<(String, &'static str)> {
    match decide(workspace, command) {
        Err(Refusal::Invalid(found)) => found.into_iter().map(|problem| (problem.pointer, problem.code)).collect(),
        other => panic!("not invalid: {other:?}"),
    }
}

fn chain() -> Workspace {
    let mut workspace = Workspace::default();
    for command in [
        define(1, "Alle", json!({"all": []})),
        define(2, "B", member_of("alle")),
        define(3, "C", member_of("b")),
        define(4, "D", member_of(&id(3).to_string())),
    ] {
        assert_eq!(done(&mut workspace, &command), 1);
    }
    workspace
}

#[test]
fn a_segment_is_named_by_its_id_or_its_folded_name_which_is_unique() {
    let mut workspace = chain();
    assert_eq!(workspace.segment("ALLE").map(|segment| segment.id), Some(id(1)));
    assert_eq!(workspace.segment(&id(2).to_string()).map(|segment| &*segment.name), Some("B"));
    let taken = Rejection::SegmentExists { segment: id(1) };
    assert_eq!(rejected(&workspace, &define(9, "aLLe", json!({"all": []}))), taken);
    assert_eq!(rejected(&workspace, &rename("b", "ALLE")), taken);
    assert_eq!(done(&mut workspace, &rename("alle", "ALLE")), 1, "it may change its own spelling");
    assert_eq!(done(&mut workspace, &rename("alle", "ALLE")), 0);
    assert_eq!(rejected(&workspace, &rename("nobody", "x")), Rejection::SegmentNotFound);
}

#[test]
fn segments_refer_to_each_other_without_cycles_at_any_depth() {
    let mut workspace = chain();
    let cycle = vec![("/filter".to_owned(), "segment_cycle")];
    for named in ["d", "c", "b", "alle"] {
        assert_eq!(invalid(&workspace, &refilter("alle", member_of(named))), cycle, "{named}");
    }
    for op in ["is_set", "is_unset"] {
        assert_eq!(invalid(&workspace, &define(9, "x", json!({"field": "segment", "op": op}))), cycle);
    }
    assert_eq!(done(&mut workspace, &refilter("d", member_of("alle"))), 1, "a shorter way is no cycle");
    let unknown = invalid(&workspace, &define(9, "x", member_of("nobody")));
    assert_eq!(unknown, [("/filter/not/value/0".to_owned(), "unknown_segment")]);
}

#[test]
fn one_that_is_referred_to_is_not_removed() {
    let mut workspace = chain();
    assert_eq!(rejected(&workspace, &remove("b")), Rejection::SegmentInUse { by: vec![id(3)] });
    for named in ["D", "C", "B"] {
        assert_eq!(done(&mut workspace, &remove(named)), 1);
    }
    assert_eq!(rejected(&workspace, &remove("b")), Rejection::SegmentNotFound);
    assert_eq!(done(&mut workspace, &define(9, "b", json!({"all": []}))), 1, "its name is free again");
}

#[test]
fn a_filter_is_stored_with_its_zone_and_goes_on_to_mean_the_same() {
    let mut workspace = Workspace::default();
    let settings = WorkspaceConfigured { time_zone: "Asia/Tokyo".into(), ..(*workspace.settings).clone() };
    done(&mut workspace, &WorkspaceCommand::Configure(settings.clone()));
    let silent = json!({"field": "last_in", "op": "older_than", "value": {"amount": 3, "unit": "day"}});
    done(&mut workspace, &define(1, "Silent", silent.clone()));
    let before = workspace.segments[&id(1)].filter.clone();
    assert_eq!(before.to_json()["zone"], "Asia/Tokyo");
    done(&mut workspace, &WorkspaceCommand::Configure(WorkspaceConfigured { time_zone: "UTC".into(), ..settings }));
    assert_eq!(workspace.segments[&id(1)].filter, before);
    assert_eq!(done(&mut workspace, &refilter("silent", before.to_json())), 0);
    assert_eq!(done(&mut workspace, &refilter("silent", silent)), 1, "given anew, it means the zone of today");
}

#[test]
fn a_thousand_segments_and_no_more() {
    let mut workspace = Workspace::default();
    for number in 0..SEGMENTS_MAX {
        done(&mut workspace, &define(number as u128, &format!("s{number}"), json!({"all": []})));
    }
    assert_eq!(rejected(&workspace, &define(5_000, "one more", json!({"all": []}))), Rejection::TooManySegments);
}
