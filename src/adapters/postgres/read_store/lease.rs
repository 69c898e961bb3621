//! The lease: one row, which its holder renews, and which whoever finds it run out takes, with the next token.
//!
//! Whoever writes locks the row by the token, in the transaction of what is written. The token is a key of the row: to take
//! the lease changes it, and so waits for all who write under the one before; to renew it does not, and waits for nobody.
//! Beside the row, which does not tell by whom it is locked, they lock a number made of the token: whoever takes a lease that
//! has run out cuts them off, since a holder that does not renew may be paused for ever.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool, Transaction};
use dossier_domain::sabotage::{Break, armed};
use tokio::sync::watch;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{PostgresReadStore, Trouble, failed, news};
use crate::ports::read_store::ReadError;
use crate::ports::shared::Lease;

/// For how long it is taken, and renewed.
const HELD_FOR: Duration = Duration::from_secs(5);
/// The first half of the advisory locks of those who write; the second is the schema's and the token's.
const WRITING: i32 = i32::from_be_bytes(*b"DsWr");

const CAN_BE_HAD: &str = "select token from lease where until <= clock_timestamp() or $1";
const WAIT: &str = "select from lease where until <= clock_timestamp() or $1 for update";
const TAKE: &str = "
    update lease set token = token + 1, holder = $1, name = $2, until = clock_timestamp() + make_interval(secs => $3)
    returning token";
const RENEW: &str = "update lease set until = clock_timestamp() + make_interval(secs => $2) where token = $1";
const RELEASE: &str = "update lease set until = clock_timestamp() where token = $1";
const LOCK: &str = "
    select pg_advisory_xact_lock_shared($2, hashtext(format('%s %s', current_schema, token)))
    from lease where token = $1 for key share";
const CUT_OFF: &str = "
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and classid = $2::int4::oid
    and objid = hashtext(format('%s %s', current_schema, $1::int8))::oid
    and database = (select oid from pg_database where datname = current_database())";
const STILL: &str = "begin; select from checkpoints for share";

/// The lease as one process has it.
pub(super) struct Tenure {
    holder: Uuid,
    name: String,
    /// 0 while it is not held: no token is.
    token: AtomicI64,
    /// Connections of its own: others may be waited for by many. `None` where no lease is wanted, of a store out of everybody
    /// else's sight.
    pool: Option<Pool>,
}

impl Tenure {
    /// One that is not held yet.
    pub(super) fn wanted(pool: Pool) -> Self {
        Tenure { pool: Some(pool), ..Tenure::free() }
    }

    /// One without which everything may be written.
    pub(super) fn free() -> Self {
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let machine = if machine.trim().is_empty() { "this machine" } else { machine.trim() };
        let name = format!("process {} on {machine}", std::process::id());
        Tenure { holder: Uuid::new_v4(), name, token: AtomicI64::new(0), pool: None }
    }

    pub(super) fn is_free(&self) -> bool {
        self.pool.is_none()
    }

    async fn client(&self) -> Result<Object, Trouble> {
        let pool = self.pool.as_ref().ok_or_else(|| Trouble::Setup("there is no lease here".to_owned()))?;
        Ok(pool.get().await?)
    }

    /// Keeps the lease from being taken until a transaction ends.
    pub(super) async fn lock(&self, batch: &Transaction<'_>) -> Result<(), Trouble> {
        if self.is_free() {
            return Ok(());
        }
        let lock = batch.prepare_cached(LOCK).await?;
        let token = self.token.load(Ordering::SeqCst);
        self.must_have(token, batch.query_opt(&lock, &[&token, &WRITING]).await?.is_some())
    }

    /// The same, in the transaction that a connection is in.
    pub(super) async fn lock_on(&self, client: &Client) -> Result<(), Trouble> {
        let token = self.token.load(Ordering::SeqCst);
        self.must_have(token, client.query_opt(LOCK, &[&token, &WRITING]).await?.is_some())
    }

    fn must_have(&self, token: i64, held: bool) -> Result<(), Trouble> {
        if held || armed(Break::StaleHoldersWrite) {
            return Ok(());
        }
        self.lost(token);
        Err(Trouble::Fenced)
    }

    /// It is held no more, unless it was taken anew meanwhile.
    fn lost(&self, token: i64) {
        let _ = self.token.compare_exchange(token, 0, Ordering::SeqCst, Ordering::SeqCst);
    }
}

impl PostgresReadStore {
    async fn take_lease(&self, by_force: bool) -> Result<bool, Trouble> {
        let (mut client, tenure) = (self.tenure.client().await?, &self.tenure);
        // Asked twice a second by every process that waits: the rest comes once it can be had.
        let can_be_had = client.prepare_cached(CAN_BE_HAD).await?;
        let Some(before) = client.query_opt(&can_be_had, &[&by_force]).await? else { return Ok(false) };
        client.query(CUT_OFF, &[&before.get::<_, i64>(0), &WRITING]).await?;
        let taking = client.transaction().await?;
        if taking.query_opt(WAIT, &[&by_force]).await?.is_none() {
            return Ok(false);
        }
        // A statement of its own: its clock is read after the waiting.
        let held_for = HELD_FOR.as_secs_f64();
        let token = taking.query_one(TAKE, &[&tenure.holder, &tenure.name, &held_for]).await?.get(0);
        taking.commit().await?;
        tenure.token.store(token, Ordering::SeqCst);
        Ok(true)
    }

    async fn renew_lease(&self) -> Result<bool, Trouble> {
        let token = self.tenure.token.load(Ordering::SeqCst);
        let client = self.tenure.client().await?;
        let renew = client.prepare_cached(RENEW).await?;
        let held = token > 0 && client.execute(&renew, &[&token, &HELD_FOR.as_secs_f64()]).await? == 1;
        if !held {
            self.tenure.lost(token);
        }
        Ok(held)
    }

    async fn release_lease(&self) -> Result<(), Trouble> {
        // First: nothing is to be written under it from now on.
        let token = self.tenure.token.swap(0, Ordering::SeqCst);
        if token > 0 {
            self.tenure.client().await?.execute(RELEASE, &[&token]).await?;
        }
        Ok(())
    }

    async fn lease_holder(&self) -> Result<Option<String>, Trouble> {
        let find = "select name from lease where until > clock_timestamp()";
        Ok(self.tenure.client().await?.query_opt(find, &[]).await?.and_then(|row| row.get(0)))
    }

    /// The connection ends with the answer, and its transaction with it.
    async fn stand_still(&self) -> Result<Box<dyn Send + Sync>, Trouble> {
        let client = Object::take(self.client().await?);
        client.batch_execute(STILL).await?;
        Ok(Box::new(client))
    }
}

#[async_trait]
impl Lease for PostgresReadStore {
    async fn take(&self, by_force: bool) -> Result<bool, ReadError> {
        self.take_lease(by_force).await.map_err(failed("taking the lease"))
    }

    async fn renew(&self) -> Result<bool, ReadError> {
        self.renew_lease().await.map_err(failed("renewing the lease"))
    }

    async fn release(&self) -> Result<(), ReadError> {
        self.release_lease().await.map_err(failed("giving the lease back"))
    }

    async fn holder(&self) -> Result<Option<String>, ReadError> {
        self.lease_holder().await.map_err(failed("reading the lease"))
    }

    fn news(&self) -> watch::Receiver<u64> {
        news::hear(&self.address)
    }

    async fn still(&self) -> Result<Box<dyn Send + Sync>, ReadError> {
        self.stand_still().await.map_err(failed("holding the read models still"))
    }
}
