//! Of several processes over one log, one read store and one keyring: what this one is for, and whether it projects.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::condition::Start;
use super::{House, HouseError, Options};
use crate::app::AppError;
use crate::ports::read_store::Projection;

/// How often it is looked whether the lease can be had.
const CONTENDED_EVERY: Duration = Duration::from_millis(500);
/// How long what only reads waits for whoever projects.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);
/// Snoozes that are taken up at once.
const DUE_AT_ONCE: usize = 1_000;

/// What a process is for, where several share everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It serves, and projects when no other process does.
    #[default]
    All,
    /// It serves, and never projects.
    Api,
    /// It projects when no other process does, and serves nothing but its condition.
    Projector,
}

/// How far other processes are reckoned with.
#[derive(Debug)]
pub(super) struct Sharing {
    role: Role,
    /// Whether others may use everything that this process uses.
    pub(super) is_shared: bool,
    /// Whether nobody else can: then whoever holds the lease is gone. The first time only, so that two who are mistaken
    /// do not take it from each other for ever.
    by_force: AtomicBool,
}

impl Sharing {
    /// # Errors
    /// A role is for processes that share everything, and this one does not.
    pub(super) fn of(options: &Options) -> Result<Self, HouseError> {
        let is_elsewhere = options.event_store.is_some() && options.read_store.is_some() && options.keyring.is_some();
        match options.role {
            Role::Api | Role::Projector if !is_elsewhere => Err(HouseError::NotShared),
            Role::Api | Role::Projector if options.alone => Err(HouseError::NotAlone),
            role => Ok(Sharing {
                role,
                is_shared: is_elsewhere && !options.alone,
                by_force: AtomicBool::new(!is_elsewhere),
            }),
        }
    }
}

impl House {
    /// What this process is for.
    pub fn role(&self) -> Role {
        self.sharing.role
    }

    /// Whether this process projects now, after trying to.
    pub(super) async fn contend(&self) -> Result<bool, AppError> {
        if self.runner.leads() {
            return Ok(true);
        }
        if self.role() == Role::Api {
            return Ok(false);
        }
        let by_force = self.sharing.by_force.swap(false, Ordering::Relaxed);
        let leads = self.runner.contend(by_force).await?;
        if leads {
            tokio::spawn(self.runner.clone().keep_lease(self.stop.subscribe()));
        }
        Ok(leads)
    }

    /// Refuses what only the process that projects can do, and says which one that is.
    ///
    /// # Errors
    /// [`AppError::OtherProcess`]; a store failed.
    pub async fn must_lead(&self) -> Result<(), AppError> {
        // One that serves comes to project in its own time.
        let serves = *self.started.lock() == Start::Done;
        if self.runner.leads() || (!serves && self.contend().await?) {
            return Ok(());
        }
        let holder = match self.read.lease() {
            Some(lease) => lease.holder().await?,
            None => None,
        };
        let whom = holder.map_or_else(
            || "no process does now: start one of role all or projector".to_owned(),
            |holder| format!("ask {holder}, or stop it"),
        );
        Err(AppError::OtherProcess(format!("only the process that projects does this: {whom}")))
    }

    /// Waits until the read models have everything that is in the log, by whichever process.
    pub(super) async fn be_caught_up(&self) -> Result<(), AppError> {
        let wanted = self.store.head().await?;
        let until = tokio::time::Instant::now() + CAUGHT_UP_WITHIN;
        loop {
            self.runner.look_at_stored().await?;
            let reached = self.runner.state().reached;
            if reached >= wanted || self.contend().await? {
                return Ok(());
            }
            if tokio::time::Instant::now() >= until {
                return Err(AppError::ProjectionBehind { wanted, reached });
            }
            tokio::time::sleep(CONTENDED_EVERY).await;
        }
    }

    /// Waits until this process projects: where it is the only one, another can only be one that has just ended.
    pub(super) async fn come_to_lead(&self) -> Result<(), AppError> {
        let mut stop = self.stop.subscribe();
        while !self.contend().await? {
            tokio::select! {
                () = tokio::time::sleep(CONTENDED_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return Err(AppError::Unavailable("it is stopping".to_owned())),
            }
        }
        Ok(())
    }

    /// Comes to project when nobody else does.
    pub(super) fn spawn_contender(self: &Arc<Self>) {
        if self.read.lease().is_none() || self.role() == Role::Api {
            return;
        }
        let house = Arc::downgrade(self);
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(CONTENDED_EVERY) => {}
                    _ = stop.changed() => return,
                }
                let Some(house) = house.upgrade() else { return };
                if !house.runner.leads()
                    && let Err(error) = house.take_over().await
                {
                    tracing::warn!(%error, "this process does not come to project");
                    house.runner.step_down().await;
                    // Whoever can shall.
                    let _ = house.runner.retire().await;
                }
            }
        });
    }

    async fn take_over(self: &Arc<Self>) -> Result<(), AppError> {
        match self.contend().await? {
            true => self.lead().await,
            false => Ok(()),
        }
    }

    /// Takes up what the process that projects looks after, and others did before.
    pub(super) async fn lead(self: &Arc<Self>) -> Result<(), AppError> {
        if self.sharing.is_shared && self.has_segments_to_know().await? {
            self.runner.fill().await?;
        }
        match self.findable {
            true => self.fill().await?,
            false => self.catch_up().await?,
        }
        self.take_up().await?;
        let unfinished = self.runner.projectors().await.unfinished().clone();
        self.app.recover(&unfinished).await
    }

    /// Whether who is in segments must be known before anything is projected: where there are some, or nobody knows yet.
    async fn has_segments_to_know(&self) -> Result<bool, AppError> {
        let is_new = self.read.checkpoint(Projection::Contacts).await? == 0;
        Ok(is_new || !self.read.feed_states().await?.is_empty())
    }

    /// Takes up what other processes have left to this one since: clocks, cycles, and the ends of snoozes.
    pub(super) async fn hear_of_others(&self) -> Result<(), AppError> {
        if !self.sharing.is_shared {
            return Ok(());
        }
        self.take_up_clocks().await?;
        if let Some(tables) = self.read.tables() {
            for due in tables.due_snoozes(self.wall.now(), DUE_AT_ONCE).await? {
                self.app.agenda().snoozed(&due.workspace, due.until, due.contact);
            }
        }
        Ok(())
    }
}
