//! The work list: short, and so written whole.

use deadpool_postgres::Transaction;
use dossier_domain::ids::{ContactId, IdentityId, MergeId};
use dossier_projections::unfinished::{OpenClaim, OpenMerge, Unfinished};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{PostgresReadStore, Trouble};

pub(super) async fn write(batch: &Transaction<'_>, list: &Unfinished) -> Result<(), Trouble> {
    for table in ["delete from unfinished_merges", "delete from unfinished_claims"] {
        batch.execute(&batch.prepare_cached(table).await?, &[]).await?;
    }
    if !list.merges.is_empty() {
        let column = |of: fn(&OpenMerge) -> ContactId| list.merges.values().map(|open| of(open).0).collect::<Vec<_>>();
        let merges: Vec<Uuid> = list.merges.keys().map(|merge| merge.0).collect();
        let since: Vec<i64> = list.merges.values().map(|open| open.since.cast_signed()).collect();
        let insert = "insert into unfinished_merges (merge_id, secondary_id, primary_id, since)
                      select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[])";
        let (secondaries, primaries) = (column(|open| open.secondary), column(|open| open.primary));
        batch.execute(&batch.prepare_cached(insert).await?, &[&merges, &secondaries, &primaries, &since]).await?;
    }
    if !list.claims.is_empty() {
        let column = |of: fn(&OpenClaim) -> u64| -> Vec<i64> {
            list.claims.values().map(|open| of(open).cast_signed()).collect()
        };
        let identities: Vec<Uuid> = list.claims.keys().map(|identity| identity.0).collect();
        let owners: Vec<Uuid> = list.claims.values().map(|open| open.owner.0).collect();
        let insert = "insert into unfinished_claims (identity_id, owner_id, epoch, since)
                      select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])";
        let (epochs, since) = (column(|open| open.epoch), column(|open| open.since));
        batch.execute(&batch.prepare_cached(insert).await?, &[&identities, &owners, &epochs, &since]).await?;
    }
    Ok(())
}

pub(super) async fn read(store: &PostgresReadStore) -> Result<Unfinished, Trouble> {
    let client = store.client().await?;
    let merges = "select merge_id, secondary_id, primary_id, since from unfinished_merges";
    let merges = client.query(&client.prepare_cached(merges).await?, &[]).await?;
    let claims = "select identity_id, owner_id, epoch, since from unfinished_claims";
    let claims = client.query(&client.prepare_cached(claims).await?, &[]).await?;
    let number = |row: &Row, place: usize| row.get::<_, i64>(place).cast_unsigned();
    let merge = |row: &Row| {
        let [secondary, primary] = [1, 2].map(|place| ContactId(row.get(place)));
        (MergeId(row.get(0)), OpenMerge { secondary, primary, since: number(row, 3) })
    };
    let claim = |row: &Row| {
        let open = OpenClaim { owner: ContactId(row.get(1)), epoch: number(row, 2), since: number(row, 3) };
        (IdentityId(row.get(0)), open)
    };
    Ok(Unfinished { merges: merges.iter().map(merge).collect(), claims: claims.iter().map(claim).collect() })
}
