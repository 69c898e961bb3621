//! Opening read models: by many at once, of others, of other versions.

use std::sync::Arc;

use dossier::adapters::memory::MemoryKeyring;
use dossier::adapters::postgres::{Address, PostgresReadStore};
use dossier::ports::SecretKey;
use dossier::ports::read_store::{Changes, Projection, ReadError, ReadStore};
use dossier::ports::shared::Lease;
use dossier::sealing::{Codec, Marks};
use dossier_domain::sabotage::{Break, arm};
use futures::future::join_all;

use super::Place;
use super::postgres::Postgres;

/// Opens the read models of the installation whose marks are made with a key.
pub(crate) async fn open(address: &str, key: u8) -> Result<PostgresReadStore, ReadError> {
    let codec = Arc::new(Codec::new(Arc::new(MemoryKeyring::default())));
    PostgresReadStore::open(
        Address::parse(address, "dossier").unwrap(),
        codec,
        Arc::new(Marks::new(&SecretKey([key; 32]))),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_make_the_tables_at_once() {
    let postgres = Postgres::small();
    let address = postgres.address();
    for opened in join_all((0..6).map(|_| open(&address, 1))).await {
        assert_eq!(opened.unwrap().checkpoint(Projection::Mac).await.unwrap(), 0);
    }
}

/// Whether a process that has lost the lease can move a checkpoint that its successor has not moved yet.
async fn a_stale_holder_writes() -> bool {
    let postgres = Postgres::small();
    let (stale, next) = (open(&postgres.address(), 1).await.unwrap(), open(&postgres.address(), 1).await.unwrap());
    assert!(stale.take(false).await.unwrap() && next.take(true).await.unwrap());
    let written = stale.apply(Changes::Mac(Vec::new()), 0, 1).await;
    assert!(written.is_ok() || matches!(written, Err(ReadError::Fenced)), "{written:?}");
    assert_eq!(next.checkpoint(Projection::Mac).await.unwrap(), u64::from(written.is_ok()));
    written.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_lost_the_lease_is_kept_from_writing_by_its_token() {
    assert!(!a_stale_holder_writes().await);
    let _armed = arm(Break::StaleHoldersWrite);
    assert!(a_stale_holder_writes().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_log_needs_another_schema() {
    let postgres = Postgres::small();
    open(&postgres.address(), 1).await.unwrap();
    let refused = open(&postgres.address(), 2).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("the read models of another log") && refused.contains("?schema="), "{refused}");
    open(&format!("{}&schema=others", postgres.address()), 2).await.unwrap();
    open(&postgres.address(), 1).await.unwrap();
    assert_eq!(postgres.answer("select count(*) from pg_namespace where nspname in ('dossier', 'others')"), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_a_newer_version_are_refused() {
    let postgres = Postgres::small();
    open(&postgres.address(), 1).await.unwrap();
    let newer = "insert into dossier.refinery_schema_history (version, name, applied_on, checksum)
                 values (99, 'newer', '2026-01-01T00:00:00Z', '1')";
    postgres.answer(newer);
    let refused = open(&postgres.address(), 1).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("made by another version of Dossier"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_and_column_says_what_it_holds() {
    let place = Place::new();
    place.over_keys_there("ingest -");
    let silent = "select c.relname || coalesce('.' || a.attname, '') from pg_class c
        left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace in ('dossier'::regnamespace, 'dossier_keys'::regnamespace) and c.relkind in ('r', 'v')
            and c.relname <> 'refinery_schema_history'
            and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null)";
    assert_eq!(place.postgres.answer(silent), "");
}
