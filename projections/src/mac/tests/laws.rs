//! What holds for all histories.

use std::collections::HashMap;

use dossier_domain::event::{ContactMerged, ContactUnmerged};
use dossier_domain::ids::{MergeId, Stream};
use dossier_domain::personal::Personal;
use proptest::prelude::*;
use uuid::Uuid;

use super::history::{Line, any_log, contact};
use super::naive;
use crate::mac::{Mac, MacChange, MacKey, MacRow, Statement};

/// A table of rows, as an adapter would keep it.
#[derive(Default)]
struct Table {
    rows: HashMap<Vec<u8>, MacRow>,
    statements: Vec<Statement>,
}

impl Table {
    fn key(row: &MacRow) -> Vec<u8> {
        match row {
            MacRow::Head(_) => b"head".to_vec(),
            MacRow::Interaction(row) => {
                Self::removed(&MacKey::Interaction { contact: row.contact, position: row.position })
            }
            MacRow::Edge(row) => Self::removed(&MacKey::Edge { secondary: row.secondary }),
            MacRow::Block(contact) => Self::removed(&MacKey::Block(*contact)),
        }
    }

    fn removed(key: &MacKey) -> Vec<u8> {
        serde_json::to_vec(key).unwrap()
    }

    fn change(&mut self, change: MacChange) {
        match change {
            MacChange::Put(row) => _ = self.rows.insert(Self::key(&row), row),
            MacChange::Remove(key) => assert!(self.rows.remove(&Self::removed(&key)).is_some(), "a row that is there"),
            MacChange::CycleEnded => {
                self.rows.retain(|_, row| matches!(row, MacRow::Head(_) | MacRow::Edge(_)));
            }
            MacChange::Closed(statement) => self.statements.push(statement),
            // Sums of days are not what a fold goes on from.
            MacChange::Counted(..) => {}
        }
    }

    fn take(&mut self, mac: &mut Mac) {
        mac.take_changes().into_iter().for_each(|change| self.change(change));
    }

    /// The state from stored bytes, as after a new start.
    fn restored(&self) -> Mac {
        let stored: Vec<_> = self.rows.values().map(|row| serde_json::to_vec(row).unwrap()).collect();
        Mac::restore(stored.iter().map(|row| serde_json::from_slice(row).unwrap()))
    }
}

fn run(log: &[Line]) -> (Mac, Table) {
    let (mut mac, mut table) = (Mac::new(), Table::default());
    log.iter().for_each(|line| mac.apply(&line.fact()));
    table.take(&mut mac);
    (mac, table)
}

/// The log with one more event, recorded when the last was.
fn with(log: &[Line], stream: u8, event: impl Into<dossier_domain::event::Event>) -> Vec<Line> {
    let (mut log, last) = (log.to_vec(), log.last().unwrap());
    let line = Line {
        stream: Stream::Contact(contact(stream)),
        position: last.position + 1,
        recorded_at: last.recorded_at,
        event: event.into(),
    };
    log.push(line);
    log
}

/// The fold counts what a reading of the whole log counts.
pub(super) fn counts_what_the_log_says(log: &[Line]) -> Result<(), TestCaseError> {
    let (mac, table) = run(log);
    prop_assert_eq!(mac.clock(), naive::clock(log), "the clock");
    prop_assert_eq!(table.statements, naive::statements(log), "statements");
    let cycles = naive::cycles(log);
    prop_assert_eq!(mac.running(), cycles.last().map(|(cycle, _)| cycle), "the open cycle");
    let open = naive::open_members(log);
    prop_assert_eq!(mac.active_now(), open.len(), "how many members");
    prop_assert_eq!(mac.members_now(), open, "members");
    Ok(())
}

proptest! {
    #[test]
    fn the_fold_counts_what_a_reading_of_the_whole_log_counts(log in any_log()) {
        counts_what_the_log_says(&log)?;
    }

    #[test]
    fn the_count_is_right_after_every_event(log in any_log()) {
        let mut mac = Mac::new();
        for (index, line) in log.iter().enumerate() {
            mac.apply(&line.fact());
            prop_assert_eq!(mac.active_now(), naive::open_members(&log[..=index]).len());
        }
    }

    #[test]
    fn restored_at_any_point_it_goes_on_as_if_never_put_away(
        log in any_log(),
        stops in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let (straight, whole) = run(&log);
        let stops: Vec<_> = stops.iter().map(|stop| stop.index(log.len() + 1)).collect();
        let (mut mac, mut table) = (Mac::new(), Table::default());
        for (index, line) in log.iter().enumerate() {
            if stops.contains(&index) {
                table.take(&mut mac);
                let restored = table.restored();
                prop_assert_eq!(&restored, &mac);
                mac = restored;
            }
            mac.apply(&line.fact());
        }
        table.take(&mut mac);
        prop_assert_eq!(&table.restored(), &straight);
        prop_assert_eq!(mac, straight);
        prop_assert_eq!(table.statements, whole.statements);
    }

    #[test]
    fn a_preview_says_what_the_merge_then_does(log in any_log(), primary in 0u8..6, secondary in 0u8..6) {
        prop_assume!(!log.is_empty());
        let (mac, _) = run(&log);
        let before = mac.active_now();
        let foreseen = mac.active_if_merged(contact(primary), contact(secondary));
        prop_assert!(foreseen == before || foreseen + 1 == before, "at most one less");
        let (merge, personal) = (MergeId(Uuid::max()), Personal::Erased);
        let merged = ContactMerged { merge, secondary: contact(secondary), policy: 1, personal };
        let (after, _) = run(&with(&log, primary, merged));
        if mac.running() == after.running() {
            prop_assert_eq!(after.active_now(), foreseen);
        }
    }

    #[test]
    fn a_preview_says_what_the_unmerge_then_does(log in any_log(), secondary in 0u8..6) {
        let (mac, _) = run(&log);
        let edge = mac.forest.edge_above(contact(secondary));
        let foreseen = mac.active_if_unmerged(contact(secondary));
        prop_assert!(foreseen == mac.active_now() || foreseen == mac.active_now() + 1, "at most one more");
        let Some(merge) = edge else { return Ok(()) };
        for primary in 0..6 {
            let (after, _) = run(&with(&log, primary, ContactUnmerged { merge, secondary: contact(secondary) }));
            if after.forest.edge_above(contact(secondary)).is_none() {
                prop_assert_eq!(after.active_now(), foreseen);
                return Ok(());
            }
        }
        prop_assert!(false, "one of them is the primary");
    }

    #[test]
    fn closed_cycles_follow_each_other_and_never_change(log in any_log(), cut in any::<prop::sample::Index>()) {
        let (mac, whole) = run(&log);
        let (_, part) = run(&log[..cut.index(log.len() + 1)]);
        prop_assert!(whole.statements.starts_with(&part.statements));
        for pair in whole.statements.windows(2) {
            prop_assert_eq!(pair[0].cycle.end, pair[1].cycle.start);
        }
        if let (Some(last), Some(running)) = (whole.statements.last(), mac.running()) {
            prop_assert_eq!(last.cycle.end, running.start);
        }
    }
}
