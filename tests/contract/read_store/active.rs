//! The count of monthly active contacts.

use std::collections::HashSet;
use std::sync::Arc;

use chrono_tz::Tz;
use dossier::ports::read_store::{Changes, ClosedCycle, ReadStore};
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::ids::{Mark, MergeId};
use dossier_projections::mac::{Edge, Head, Interaction, MacChange, MacKey, MacRow, Member, Statement};
use uuid::Uuid;

use super::place::{HOME, Place, id, minute};

const AWAY: &str = "away";

fn interaction(contact: u128, position: u64, may_fail: Option<u8>) -> MacRow {
    let may_fail = may_fail.map(|byte| Mark([byte; 16]));
    MacRow::Interaction(Interaction { contact: id(contact), position, may_fail })
}

fn edge(merge: u128, primary: u128, secondary: u128) -> MacRow {
    MacRow::Edge(Edge { merge: MergeId(Uuid::from_u128(merge)), primary: id(primary), secondary: id(secondary) })
}

pub(crate) fn head(zone: Tz, anchor_day: u8, runs: bool) -> MacRow {
    let settings = Settings { zone, anchor_day };
    let running = runs.then(|| Cycle::holding(settings, minute(0)));
    MacRow::Head(Head { settings, clock: runs.then(|| minute(7)), running })
}

/// Cycles of two months, each with members.
pub(crate) fn closed(name: &str, members: &[u128]) -> MacChange {
    let start = format!("{name}T00:00:00Z").parse().unwrap();
    let cycle = Cycle { name: name.into(), start, end: start + chrono::TimeDelta::days(30), zone: Tz::Europe__Berlin };
    let member = |number: &u128| Member { contact: id(*number), position: 7, recorded_by: id(number + 100) };
    MacChange::Closed(Statement { cycle, members: members.iter().map(member).collect() })
}

async fn count(place: &Place, at: u64, changes: Vec<(&str, MacChange)>) {
    let changes = changes.into_iter().map(|(workspace, change)| (workspace.into(), change)).collect();
    place.apply(Changes::Mac(changes), at, at + 1).await;
}

/// The rows there are, in whatever order, must be these.
async fn must_be(store: &dyn ReadStore, expected: &[(&str, MacRow)]) {
    let rows = store.mac_rows().await.unwrap();
    assert_eq!(rows.len(), expected.len(), "{rows:#?}");
    let text = |workspace: &str, row: &MacRow| format!("{workspace} {row:?}");
    let found: HashSet<String> = rows.iter().map(|(workspace, row)| text(workspace, row)).collect();
    for (workspace, row) in expected {
        assert!(found.contains(&text(workspace, row)), "{workspace} {row:?} is not among {found:#?}");
    }
}

pub(crate) async fn the_rows_of_the_count_are_put_and_removed_in_order(place: &mut Place) {
    use MacChange::{Put, Remove};

    let rows = [
        head(Tz::UTC, 1, false),
        interaction(1, 7, None),
        interaction(1, 9, Some(3)),
        interaction(2, 7, Some(0)),
        edge(1, 1, 2),
        MacRow::Block(id(3)),
    ];
    let mut changes: Vec<_> = rows.iter().map(|row| (HOME, Put(row.clone()))).collect();
    changes.push((AWAY, Put(interaction(1, 7, None))));
    count(place, 0, changes).await;
    let mut expected: Vec<_> = rows.iter().map(|row| (HOME, row.clone())).collect();
    expected.push((AWAY, interaction(1, 7, None)));
    must_be(&*place.store, &expected).await;
    let gone = |contact, position| Remove(MacKey::Interaction { contact: id(contact), position });
    let changes = vec![
        (HOME, Put(head(Tz::Europe__Berlin, 31, true))),
        (HOME, gone(1, 7)),
        (HOME, gone(2, 7)),
        (HOME, Put(interaction(2, 7, None))),
        (HOME, Put(interaction(5, 8, None))),
        (HOME, gone(5, 8)),
        (HOME, Remove(MacKey::Edge { secondary: id(2) })),
        (HOME, Put(edge(2, 4, 2))),
        (HOME, Remove(MacKey::Block(id(3)))),
        (HOME, Remove(MacKey::Block(id(9)))),
    ];
    count(place, 1, changes).await;
    let rows = [
        (HOME, head(Tz::Europe__Berlin, 31, true)),
        (HOME, interaction(1, 9, Some(3))),
        (HOME, interaction(2, 7, None)),
        (HOME, edge(2, 4, 2)),
        (AWAY, interaction(1, 7, None)),
    ];
    must_be(&*place.store, &rows).await;
}

pub(crate) async fn what_ends_with_a_cycle_goes_from_its_workspace_alone(place: &mut Place) {
    use MacChange::{CycleEnded, Put};

    let both = [HOME, AWAY];
    let put = |row: fn() -> MacRow| both.map(|workspace| (workspace, Put(row())));
    let mut changes = Vec::new();
    for rows in [put(|| interaction(1, 7, None)), put(|| MacRow::Block(id(1))), put(|| edge(1, 1, 2))] {
        changes.extend(rows);
    }
    count(place, 0, changes).await;
    let changes = vec![
        (HOME, Put(interaction(2, 8, None))),
        (HOME, CycleEnded),
        (HOME, Put(interaction(3, 9, None))),
        (AWAY, Put(MacRow::Block(id(4)))),
    ];
    count(place, 1, changes).await;
    let rows = [
        (HOME, interaction(3, 9, None)),
        (HOME, edge(1, 1, 2)),
        (AWAY, interaction(1, 7, None)),
        (AWAY, MacRow::Block(id(1))),
        (AWAY, MacRow::Block(id(4))),
        (AWAY, edge(1, 1, 2)),
    ];
    must_be(&*place.store, &rows).await;
}

pub(crate) async fn a_closed_cycle_is_told_with_its_members_in_parts(place: &mut Place) {
    count(place, 0, vec![(HOME, closed("2024-02-01", &[])), (HOME, closed("2024-01-01", &[1, 2, 0x80 << 120]))]).await;
    count(place, 1, vec![(AWAY, closed("2024-01-01", &[5]))]).await;
    let MacChange::Closed(first) = closed("2024-01-01", &[1, 2, 0x80 << 120]) else { unreachable!() };
    let expected = ClosedCycle {
        cycle: "2024-01-01".into(),
        start: first.cycle.start,
        end: first.cycle.end,
        time_zone: "Europe/Berlin".into(),
        active: 3,
        digest: first.digest().into(),
    };
    let cycles = place.store.closed_cycles(HOME).await.unwrap();
    assert_eq!(cycles.len(), 2);
    assert_eq!((&cycles[0], &*cycles[1].cycle, cycles[1].active), (&expected, "2024-02-01", 0));
    let members = async |workspace: &str, cycle: &str, after: Option<u128>, limit| {
        place.store.members(workspace, cycle, after.map(id), limit).await.unwrap()
    };
    assert_eq!(members(HOME, "2024-01-01", None, 10).await, first.members);
    assert_eq!(members(HOME, "2024-01-01", None, 2).await, first.members[..2]);
    assert_eq!(members(HOME, "2024-01-01", Some(2), 2).await, first.members[2..]);
    assert_eq!(members(HOME, "2024-02-01", None, 10).await, []);
    assert_eq!(members(AWAY, "2024-01-01", None, 10).await.len(), 1);
    let names: Vec<Arc<str>> =
        place.store.closed_cycles(AWAY).await.unwrap().into_iter().map(|cycle| cycle.cycle).collect();
    assert_eq!(names, ["2024-01-01".into()]);
}
