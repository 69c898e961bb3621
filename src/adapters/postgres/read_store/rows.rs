//! The rows of a projection, table by table, for comparing.

use dossier_domain::ids::ContactId;
use tokio_postgres::Row;

use super::tables::{self, OWN_STATES, Table};
use super::{PostgresReadStore, Trouble};
use crate::ports::read_store::Projection;

/// Its key: the place of its table, and its primary key as JSON; what stands in it; and whose sealed state that is.
pub(super) type Found = (Vec<u8>, Vec<u8>, Option<ContactId>);

pub(super) async fn page(
    store: &PostgresReadStore,
    projection: Projection,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Found>, Trouble> {
    let client = store.client().await?;
    let (first, mut after) = match after.and_then(<[u8]>::split_first) {
        Some((place, key)) => (*place, Some(String::from_utf8_lossy(key).into_owned())),
        None => (0, None),
    };
    let mut found: Vec<Found> = Vec::new();
    for (place, table) in (0_u8..).zip(tables::of(projection)).skip(first.into()) {
        if table.compared_by.is_empty() || found.len() == limit {
            continue;
        }
        let room = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
        let find = client.prepare_cached(&statement(table)).await?;
        let rows = client.query(&find, &[&after.take(), &room]).await?;
        found.extend(rows.iter().map(|row| read(row, place, table)));
    }
    Ok(found)
}

fn read(row: &Row, place: u8, table: &Table) -> Found {
    let key: &str = row.get(0);
    let state_of = (table.name == OWN_STATES).then(|| row.get("contact_id")).map(ContactId);
    ([&[place], key.as_bytes()].concat(), row.get(1), state_of)
}

/// Reads a table in the order of its primary key.
fn statement(Table { name, compared_by }: &Table) -> String {
    let columns = compared_by.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
    let after = compared_by.iter().enumerate();
    let after: Vec<String> = after.map(|(place, (_, of))| format!("($1::text::jsonb ->> {place})::{of}")).collect();
    let after = after.join(", ");
    let value = if *name == OWN_STATES { "state, contact_id" } else { "convert_to(to_jsonb(t)::text, 'UTF8')" };
    format!(
        "select jsonb_build_array({columns})::text, {value} from {name} as t
         where $1::text is null or ({columns}) > ({after}) order by {columns} limit $2"
    )
}
