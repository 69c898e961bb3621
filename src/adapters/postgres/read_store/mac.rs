//! The MAC fold: its state in small pieces, and the statements of closed cycles.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use deadpool_postgres::Transaction;
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::ids::{ContactId, Mark, MergeId};
use dossier_projections::mac::{Edge, Head, Interaction, MacChange, MacRow, Member};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{PostgresReadStore, Trouble};
use crate::ports::read_store::ClosedCycle;

mod daily;
mod writing;

/// Changes of the fold, by workspace.
pub(super) type WorkspaceChange = (Arc<str>, MacChange);

/// How a row of a table is read.
type Read = fn(&Row) -> Result<MacRow, Trouble>;

pub(super) async fn write(batch: &Transaction<'_>, changes: Vec<WorkspaceChange>) -> Result<(), Trouble> {
    writing::Outcome::of(changes).write(batch).await
}

pub(super) async fn rows(store: &PostgresReadStore) -> Result<Vec<(Arc<str>, MacRow)>, Trouble> {
    let client = store.client().await?;
    let of: [(&str, Read); 4] = [
        ("select * from mac_heads", head),
        ("select * from mac_interactions", |row| Ok(MacRow::Interaction(interaction(row)))),
        ("select * from mac_edges", |row| Ok(MacRow::Edge(edge(row)))),
        ("select * from mac_blocks", |row| Ok(MacRow::Block(ContactId(row.get("contact_id"))))),
    ];
    let mut found = Vec::new();
    for (find, read) in of {
        for row in client.query(&client.prepare_cached(find).await?, &[]).await? {
            found.push((row.get::<_, &str>("workspace").into(), read(&row)?));
        }
    }
    Ok(found)
}

fn head(row: &Row) -> Result<MacRow, Trouble> {
    let running = match row.get::<_, Option<&str>>("cycle") {
        None => None,
        Some(name) => Some(Cycle {
            name: name.into(),
            start: row.get("cycle_start"),
            end: row.get("cycle_end"),
            zone: zone(row.get("cycle_time_zone"))?,
        }),
    };
    let anchor_day = u8::try_from(row.get::<_, i16>("anchor_day")).unwrap_or(1);
    let settings = Settings { zone: zone(row.get("time_zone"))?, anchor_day };
    Ok(MacRow::Head(Head { settings, clock: row.get("clock"), running }))
}

fn zone(name: &str) -> Result<Tz, Trouble> {
    name.parse().map_err(|_| Trouble::Setup("a stored time zone is none that this version knows".to_owned()))
}

fn interaction(row: &Row) -> Interaction {
    let may_fail: Option<&[u8]> = row.get("may_fail");
    Interaction {
        contact: ContactId(row.get("contact_id")),
        position: row.get::<_, i64>("position").cast_unsigned(),
        may_fail: may_fail.and_then(|mark| mark.try_into().ok()).map(Mark),
    }
}

fn edge(row: &Row) -> Edge {
    let [primary, secondary] = ["primary_id", "secondary_id"].map(|column| ContactId(row.get(column)));
    Edge { merge: MergeId(row.get("merge_id")), primary, secondary }
}

pub(super) async fn closed_cycles(store: &PostgresReadStore, workspace: &str) -> Result<Vec<ClosedCycle>, Trouble> {
    let client = store.client().await?;
    let find = client.prepare_cached("select * from mac_statements where workspace = $1 order by cycle").await?;
    let text = |row: &Row, column: &str| row.get::<_, &str>(column).into();
    let read = |row: &Row| ClosedCycle {
        cycle: text(row, "cycle"),
        start: row.get::<_, DateTime<Utc>>("cycle_start"),
        end: row.get("cycle_end"),
        time_zone: text(row, "time_zone"),
        active: row.get::<_, i64>("active").cast_unsigned(),
        digest: text(row, "digest"),
    };
    Ok(client.query(&find, &[&workspace]).await?.iter().map(read).collect())
}

/// `after` is nil for the first: no contact has that id.
pub(super) async fn members(
    store: &PostgresReadStore,
    workspace: &str,
    cycle: &str,
    after: Uuid,
    limit: usize,
) -> Result<Vec<Member>, Trouble> {
    let client = store.client().await?;
    let find = "select contact_id, position, recorded_by from mac_members
                where workspace = $1 and cycle = $2 and contact_id > $3 order by contact_id limit $4";
    let find = client.prepare_cached(find).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = |row: &Row| Member {
        contact: ContactId(row.get(0)),
        position: row.get::<_, i64>(1).cast_unsigned(),
        recorded_by: ContactId(row.get(2)),
    };
    Ok(client.query(&find, &[&workspace, &cycle, &after, &limit]).await?.iter().map(read).collect())
}
