//! The rows of the MAC fold: its state in small pieces, and the statements of closed cycles.

use std::sync::Arc;

use dossier_domain::ids::ContactId;
use dossier_projections::mac::{MacChange, MacKey, MacRow, Member, Statement};
use serde::{Deserialize, Serialize};

use super::file::Write;
use super::rows::Rows;
use super::{ReadError, WorkspaceChange, keys, shape};
use crate::ports::read_store::ClosedCycle;

const HEAD: u8 = b'h';
const INTERACTION: u8 = b'i';
const EDGE: u8 = b'e';
const BLOCK: u8 = b'b';
const STATEMENT: u8 = b's';
const MEMBER: u8 = b'm';

/// A closed cycle as stored; its members are rows of their own.
#[derive(Serialize, Deserialize)]
struct StoredStatement {
    cycle: dossier_domain::billing::calendar::Cycle,
    active: u64,
    digest: Arc<str>,
}

pub(super) fn writes(changes: Vec<WorkspaceChange>) -> Result<Vec<Write>, ReadError> {
    let mut writes = Vec::with_capacity(changes.len());
    for (workspace, change) in changes {
        match change {
            MacChange::Put(row) => {
                let value = serde_json::to_vec(&row).map_err(shape)?;
                writes.push(Write::Put(key_of_row(&workspace, &row), value));
            }
            MacChange::Remove(key) => writes.push(Write::Remove(key_of(&workspace, key))),
            MacChange::CycleEnded => {
                writes.push(Write::RemovePrefix(keys::of_workspace(INTERACTION, &workspace, &[])));
                writes.push(Write::RemovePrefix(keys::of_workspace(BLOCK, &workspace, &[])));
            }
            MacChange::Closed(statement) => close(&workspace, &statement, &mut writes)?,
            // Nobody reads sums here.
            MacChange::Counted(..) => {}
        }
    }
    // In the order of the file; what goes with a cycle goes when it went.
    for between in writes.split_mut(|write| matches!(write, Write::RemovePrefix(_))) {
        between.sort_by(|one, other| one.key().cmp(other.key()));
    }
    Ok(writes)
}

fn close(workspace: &str, statement: &Statement, writes: &mut Vec<Write>) -> Result<(), ReadError> {
    let name = statement.cycle.name.clone();
    for member in &statement.members {
        let value = serde_json::to_vec(member).map_err(shape)?;
        writes.push(Write::Put(member_key(workspace, &name, Some(member.contact)), value));
    }
    let stored = StoredStatement {
        cycle: statement.cycle.clone(),
        active: statement.count() as u64,
        digest: statement.digest().into(),
    };
    let value = serde_json::to_vec(&stored).map_err(shape)?;
    writes.push(Write::Put(keys::of_workspace(STATEMENT, workspace, name.as_bytes()), value));
    Ok(())
}

fn key_of_row(workspace: &str, row: &MacRow) -> Vec<u8> {
    match row {
        MacRow::Head(_) => keys::of_workspace(HEAD, workspace, &[]),
        MacRow::Interaction(row) => {
            key_of(workspace, MacKey::Interaction { contact: row.contact, position: row.position })
        }
        MacRow::Edge(row) => key_of(workspace, MacKey::Edge { secondary: row.secondary }),
        MacRow::Block(contact) => key_of(workspace, MacKey::Block(*contact)),
    }
}

fn key_of(workspace: &str, key: MacKey) -> Vec<u8> {
    match key {
        MacKey::Interaction { contact, position } => {
            let rest = [&contact.0.as_bytes()[..], &position.to_be_bytes()].concat();
            keys::of_workspace(INTERACTION, workspace, &rest)
        }
        MacKey::Edge { secondary } => keys::of_workspace(EDGE, workspace, secondary.0.as_bytes()),
        MacKey::Block(contact) => keys::of_workspace(BLOCK, workspace, contact.0.as_bytes()),
    }
}

fn member_key(workspace: &str, cycle: &str, contact: Option<ContactId>) -> Vec<u8> {
    let id = contact.as_ref().map_or(&[][..], |contact| contact.0.as_bytes());
    keys::of_workspace(MEMBER, workspace, &[cycle.as_bytes(), &[0], id].concat())
}

pub(super) fn rows(file: &Rows) -> Result<Vec<(Arc<str>, MacRow)>, ReadError> {
    let mut found = Vec::new();
    for kind in [HEAD, INTERACTION, EDGE, BLOCK] {
        for (key, value) in file.range(&[kind], None, usize::MAX)? {
            if let Some((workspace, _)) = keys::workspace_of(&key) {
                found.push((workspace.into(), serde_json::from_slice(&value).map_err(shape)?));
            }
        }
    }
    Ok(found)
}

pub(super) fn closed_cycles(file: &Rows, workspace: &str) -> Result<Vec<ClosedCycle>, ReadError> {
    let rows = file.range(&keys::of_workspace(STATEMENT, workspace, &[]), None, usize::MAX)?;
    let read = |(_, value): &(Vec<u8>, Vec<u8>)| {
        let stored: StoredStatement = serde_json::from_slice(value).map_err(shape)?;
        Ok(ClosedCycle {
            cycle: stored.cycle.name.clone(),
            start: stored.cycle.start,
            end: stored.cycle.end,
            time_zone: stored.cycle.zone.name().into(),
            active: stored.active,
            digest: stored.digest,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) fn members(
    file: &Rows,
    workspace: &str,
    cycle: &str,
    after: Option<ContactId>,
    limit: usize,
) -> Result<Vec<Member>, ReadError> {
    let prefix = member_key(workspace, cycle, None);
    let after = after.map(|contact| member_key(workspace, cycle, Some(contact)));
    let rows = file.range(&prefix, after.as_deref(), limit)?;
    rows.iter().map(|(_, value)| serde_json::from_slice(value).map_err(shape)).collect()
}
