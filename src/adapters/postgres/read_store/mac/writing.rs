//! What a list of changes comes to, row by row, so that a table is met once a batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deadpool_postgres::Transaction;
use dossier_domain::ids::ContactId;
use dossier_projections::mac::{Edge, Head, Interaction, MacChange, MacKey, MacRow, Statement};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::daily::Counts;
use super::{Trouble, WorkspaceChange};

type OfContact = (Arc<str>, ContactId);

/// The last thing that is done to each row.
#[derive(Default)]
pub(super) struct Outcome {
    heads: BTreeMap<Arc<str>, Head>,
    /// Workspaces whose interactions and blocks all went first.
    ended: BTreeSet<Arc<str>>,
    interactions: BTreeMap<(Arc<str>, ContactId, u64), Option<Interaction>>,
    blocks: BTreeMap<OfContact, Option<()>>,
    edges: BTreeMap<OfContact, Option<Edge>>,
    closed: Vec<(Arc<str>, Statement)>,
    counts: Counts,
}

impl Outcome {
    pub(super) fn of(changes: Vec<WorkspaceChange>) -> Self {
        let mut outcome = Outcome::default();
        for (workspace, change) in changes {
            match change {
                MacChange::Put(row) => outcome.put(workspace, row),
                MacChange::Remove(key) => outcome.remove(workspace, key),
                MacChange::CycleEnded => {
                    outcome.interactions.retain(|(other, ..), _| *other != workspace);
                    outcome.blocks.retain(|(other, _), _| *other != workspace);
                    outcome.ended.insert(workspace);
                }
                MacChange::Closed(statement) => outcome.closed.push((workspace, statement)),
                MacChange::Counted(alike, count) => outcome.counts.add(workspace, alike, count),
            }
        }
        outcome
    }

    fn put(&mut self, workspace: Arc<str>, row: MacRow) {
        match row {
            MacRow::Head(head) => _ = self.heads.insert(workspace, head),
            MacRow::Interaction(row) => {
                self.interactions.insert((workspace, row.contact, row.position), Some(row));
            }
            MacRow::Edge(edge) => _ = self.edges.insert((workspace, edge.secondary), Some(edge)),
            MacRow::Block(contact) => _ = self.blocks.insert((workspace, contact), Some(())),
        }
    }

    fn remove(&mut self, workspace: Arc<str>, key: MacKey) {
        match key {
            MacKey::Interaction { contact, position } => {
                self.interactions.insert((workspace, contact, position), None);
            }
            MacKey::Edge { secondary } => _ = self.edges.insert((workspace, secondary), None),
            MacKey::Block(contact) => _ = self.blocks.insert((workspace, contact), None),
        }
    }

    pub(super) async fn write(self, batch: &Transaction<'_>) -> Result<(), Trouble> {
        let ended: Vec<&str> = self.ended.iter().map(|workspace| &**workspace).collect();
        if !ended.is_empty() {
            run(batch, "delete from mac_interactions where workspace = any($1)", &[&ended]).await?;
            run(batch, "delete from mac_blocks where workspace = any($1)", &[&ended]).await?;
        }
        write_heads(batch, &self.heads).await?;
        write_interactions(batch, &self.interactions).await?;
        write_blocks(batch, &self.blocks).await?;
        write_edges(batch, &self.edges).await?;
        for (workspace, statement) in &self.closed {
            write_statement(batch, workspace, statement).await?;
        }
        self.counts.write(batch).await
    }
}

async fn run(batch: &Transaction<'_>, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<(), Trouble> {
    batch.execute(&batch.prepare_cached(sql).await?, values).await?;
    Ok(())
}

async fn write_heads(batch: &Transaction<'_>, heads: &BTreeMap<Arc<str>, Head>) -> Result<(), Trouble> {
    const PUT: &str = "
        insert into mac_heads
            (workspace, time_zone, anchor_day, clock, cycle, cycle_start, cycle_end, cycle_time_zone)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (workspace) do update set
            (time_zone, anchor_day, clock, cycle, cycle_start, cycle_end, cycle_time_zone) = (
                excluded.time_zone, excluded.anchor_day, excluded.clock, excluded.cycle, excluded.cycle_start,
                excluded.cycle_end, excluded.cycle_time_zone)";
    for (workspace, Head { settings, clock, running }) in heads {
        let cycle = running.as_ref().map(|cycle| &*cycle.name);
        let (start, end) = (running.as_ref().map(|cycle| cycle.start), running.as_ref().map(|cycle| cycle.end));
        let zone = running.as_ref().map(|cycle| cycle.zone.name());
        let (settled, day) = (settings.zone.name(), i16::from(settings.anchor_day));
        run(batch, PUT, &[&&**workspace, &settled, &day, clock, &cycle, &start, &end, &zone]).await?;
    }
    Ok(())
}

async fn write_interactions(
    batch: &Transaction<'_>,
    rows: &BTreeMap<(Arc<str>, ContactId, u64), Option<Interaction>>,
) -> Result<(), Trouble> {
    const REMOVE: &str = "
        delete from mac_interactions as row
        using unnest($1::text[], $2::uuid[], $3::bigint[]) as gone (workspace, contact_id, position)
        where row.workspace = gone.workspace and row.contact_id = gone.contact_id and row.position = gone.position";
    const PUT: &str = "
        insert into mac_interactions (workspace, contact_id, position, may_fail)
        select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[])
        on conflict (workspace, contact_id, position) do update set may_fail = excluded.may_fail";
    for (sql, stays) in [(REMOVE, false), (PUT, true)] {
        let (mut workspaces, mut contacts, mut positions, mut marks) = (vec![], vec![], vec![], vec![]);
        for ((workspace, contact, position), row) in rows.iter().filter(|(_, row)| row.is_some() == stays) {
            workspaces.push(&**workspace);
            contacts.push(contact.0);
            positions.push(position.cast_signed());
            marks.push(row.as_ref().and_then(|row| row.may_fail.as_ref()).map(|mark| mark.0.to_vec()));
        }
        match (contacts.is_empty(), stays) {
            (true, _) => {}
            (false, false) => run(batch, sql, &[&workspaces, &contacts, &positions]).await?,
            (false, true) => run(batch, sql, &[&workspaces, &contacts, &positions, &marks]).await?,
        }
    }
    Ok(())
}

/// Rows that go, and rows that stay: of each, its workspace and its contact.
fn parted<T>(rows: &BTreeMap<OfContact, Option<T>>) -> [(Vec<&str>, Vec<Uuid>); 2] {
    [false, true].map(|stays| {
        let of = rows.iter().filter(|(_, row)| row.is_some() == stays);
        of.map(|((workspace, contact), _)| (&**workspace, contact.0)).unzip()
    })
}

async fn write_blocks(batch: &Transaction<'_>, rows: &BTreeMap<OfContact, Option<()>>) -> Result<(), Trouble> {
    const REMOVE: &str = "
        delete from mac_blocks as row using unnest($1::text[], $2::uuid[]) as gone (workspace, contact_id)
        where row.workspace = gone.workspace and row.contact_id = gone.contact_id";
    const PUT: &str = "
        insert into mac_blocks (workspace, contact_id) select * from unnest($1::text[], $2::uuid[])
        on conflict do nothing";
    for (sql, (workspaces, contacts)) in [REMOVE, PUT].into_iter().zip(parted(rows)) {
        if !contacts.is_empty() {
            run(batch, sql, &[&workspaces, &contacts]).await?;
        }
    }
    Ok(())
}

async fn write_edges(batch: &Transaction<'_>, rows: &BTreeMap<OfContact, Option<Edge>>) -> Result<(), Trouble> {
    const REMOVE: &str = "
        delete from mac_edges as row using unnest($1::text[], $2::uuid[]) as gone (workspace, secondary_id)
        where row.workspace = gone.workspace and row.secondary_id = gone.secondary_id";
    const PUT: &str = "
        insert into mac_edges (workspace, secondary_id, primary_id, merge_id)
        select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[])
        on conflict (workspace, secondary_id)
        do update set (primary_id, merge_id) = (excluded.primary_id, excluded.merge_id)";
    let [(gone, gone_contacts), (workspaces, secondaries)] = parted(rows);
    if !gone.is_empty() {
        run(batch, REMOVE, &[&gone, &gone_contacts]).await?;
    }
    if !workspaces.is_empty() {
        let edges = rows.values().flatten();
        let (primaries, merges): (Vec<Uuid>, Vec<Uuid>) = edges.map(|edge| (edge.primary.0, edge.merge.0)).unzip();
        run(batch, PUT, &[&workspaces, &secondaries, &primaries, &merges]).await?;
    }
    Ok(())
}

async fn write_statement(batch: &Transaction<'_>, workspace: &str, statement: &Statement) -> Result<(), Trouble> {
    const STATEMENT: &str = "
        insert into mac_statements (workspace, cycle, cycle_start, cycle_end, time_zone, active, digest)
        values ($1, $2, $3, $4, $5, $6, $7)";
    const MEMBERS: &str = "
        insert into mac_members (workspace, cycle, contact_id, position, recorded_by)
        select $1, $2, * from unnest($3::uuid[], $4::bigint[], $5::uuid[])";
    let (cycle, zone) = (&statement.cycle, statement.cycle.zone.name());
    let (active, digest) = (i64::try_from(statement.count()).unwrap_or(i64::MAX), statement.digest());
    let values: [&(dyn ToSql + Sync); 7] =
        [&workspace, &&*cycle.name, &cycle.start, &cycle.end, &zone, &active, &digest];
    run(batch, STATEMENT, &values).await?;
    let contacts: Vec<Uuid> = statement.members.iter().map(|member| member.contact.0).collect();
    let positions: Vec<i64> = statement.members.iter().map(|member| member.position.cast_signed()).collect();
    let recorded_by: Vec<Uuid> = statement.members.iter().map(|member| member.recorded_by.0).collect();
    run(batch, MEMBERS, &[&workspace, &&*cycle.name, &contacts, &positions, &recorded_by]).await
}
