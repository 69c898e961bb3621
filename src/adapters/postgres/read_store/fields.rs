//! Custom fields, for analysts and for filters: a column in the view of their workspace and an index each. The server makes
//! both, by functions of the schema, since keys come from outside and it knows how to quote them.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use dossier_domain::fields::FieldType;

use super::Trouble;

/// A workspace, the key of a field, and its type; no type where it was retired.
pub(super) type FieldChange = (Arc<str>, Arc<str>, Option<FieldType>);

pub(super) async fn write(batch: &Transaction<'_>, fields: &[FieldChange]) -> Result<(), Trouble> {
    for (workspace, key, defined) in fields {
        match defined {
            Some(kind) => {
                let define = batch.prepare_cached("select define_field($1, $2, $3)").await?;
                batch.query_one(&define, &[&&**workspace, &&**key, &kind.name()]).await?;
            }
            None => {
                let retire = batch.prepare_cached("select retire_field($1, $2)").await?;
                batch.query_one(&retire, &[&&**workspace, &&**key]).await?;
            }
        }
    }
    Ok(())
}
