//! One page of contacts, with how many there are on all pages, in one statement: all of it as of one moment, though
//! tables may be swapped meanwhile.

use dossier_domain::ids::ContactId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Compiler;
use super::place::{Of, Place, Value};
use super::sort::{Key, NAMES, indexed_order_by, order_by};
use super::sql::{Sql, Values, sql};
use crate::adapters::postgres::connect::Trouble;
use crate::ports::read_store::{Ask, Found};

/// A statement with its values, and how its answer is read.
pub(in crate::adapters::postgres) struct Statement {
    pub(in crate::adapters::postgres) text: String,
    pub(in crate::adapters::postgres) values: Values,
    keys: Vec<Of>,
    limit: usize,
}

/// The statement for a page, or for the count alone where none is wanted; `None` if what it should begin after is no place
/// in this order.
pub(in crate::adapters::postgres) fn page(ask: &Ask<'_>) -> Option<Statement> {
    let mut compiler = Compiler::new(ask.workspace, ask.setting, ask.now);
    let of_workspace = sql!["from contacts as c where c.workspace = ", &compiler.workspace, " and "];
    let found = ask.search.map(|search| sql![" and ", compiler.search(search)]);
    let matching = sql![of_workspace, compiler.node(ask.filter.root()), found.unwrap_or_else(|| "".into())];
    let keys = compiler.keys(ask.sort);
    let place = match ask.after {
        Some(bytes) => Some(Place::read(bytes, keys.iter().map(|key| key.of))?),
        None => None,
    };
    let behind = place.map(|place| sql![" and ", compiler.after(&keys, &place)]);
    let counted = if ask.count { sql!["(select count(*) ", &matching, ")"] } else { "null::bigint".into() };
    let position = "(select position from checkpoints where projection = 'contacts') as position";
    let told = sql!["select ", position, ", ", counted, " as count"];
    let from = sql![matching, behind.unwrap_or_else(|| "".into())];
    let text = if ask.limit == 0 { told } else { with_page(told, from, &keys, ask.limit, &mut compiler.values) };
    let keys = keys.iter().map(|key| key.of).collect();
    Some(Statement { text: text.into_text(), values: compiler.values, keys, limit: ask.limit })
}

/// The page beside what is told of all of them.
fn with_page(told: Sql, from: Sql, keys: &[Key], limit: usize, values: &mut Values) -> Sql {
    // One more than wanted tells whether there is another page.
    let limit = values.bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX), Type::INT8);
    let shown = Sql::joined([Sql::from("c.contact_id")].into_iter().chain(keys.iter().zip(NAMES).map(named)), ", ");
    let lines = sql!["select ", shown, " ", from, " order by ", indexed_order_by(keys), " limit ", limit];
    let both = sql!["(", told, ") as told left join lateral (", lines, ") as page on true"];
    sql!["select told.*, page.* from ", both, " order by ", order_by(keys, "page.")]
}

fn named((key, name): (&Key, &'static str)) -> Sql {
    sql![&key.column, " as ", name]
}

/// What the statement answered: one row at least, which tells the count even of nobody.
pub(in crate::adapters::postgres) fn read(statement: &Statement, rows: &[Row]) -> Result<Found, Trouble> {
    let mut found = Found::default();
    if let Some(first) = rows.first() {
        found.position = first.try_get::<_, i64>("position")?.cast_unsigned();
        found.count = first.try_get::<_, Option<i64>>("count")?.map(i64::cast_unsigned);
    }
    for row in rows.iter().take(statement.limit) {
        found.contacts.extend(row.try_get::<_, Option<Uuid>>("contact_id")?.map(ContactId));
    }
    if let (true, Some(last), Some(contact)) =
        (rows.len() > statement.limit, rows.get(statement.limit.wrapping_sub(1)), found.contacts.last())
    {
        let values = statement.keys.iter().zip(NAMES).map(|(of, name)| Value::read(last, name, *of));
        let place = Place::new(values.collect::<Result<_, _>>()?, *contact);
        found.next = Some(place.to_bytes().map_err(|error| Trouble::Setup(error.to_string()))?);
    }
    Ok(found)
}
