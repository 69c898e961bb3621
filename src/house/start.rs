//! Starting and stopping: read models catch up, what falls due is taken up, what stands unfinished is finished.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, Life};
use dossier_projections::unfinished::Unfinished;

use super::House;
use super::condition::Start;
use super::query::tags::TagIntake;
use super::query::tree::States;
use crate::app::AppError;
use crate::app::clock::{SystemClock, Wall};
use crate::ports::EventStore;
use crate::ports::Keyring;
use crate::ports::read_store::ReadStore;

/// Contacts read at once.
const PAGE: usize = 1_000;
/// How often the process manager looks for what is due.
const TICK: Duration = Duration::from_millis(500);
/// How long something may stand unfinished before the process manager takes it for abandoned.
const GRACE: Duration = Duration::from_secs(5);

impl House {
    /// Catches up, takes up, finishes, and then follows: the projections and the process manager run until
    /// [`House::stop`].
    ///
    /// # Errors
    /// A store failed.
    pub async fn start(self: &Arc<Self>) -> Result<(), AppError> {
        let started = self.begin().await;
        *self.started.lock() = if started.is_ok() { Start::Done } else { Start::Failed };
        started
    }

    async fn begin(self: &Arc<Self>) -> Result<(), AppError> {
        self.catch_up().await?;
        self.take_up().await?;
        let unfinished = self.runner.projectors().await.unfinished().clone();
        self.app.recover(&unfinished).await?;
        self.spawn_runner();
        self.spawn_process_manager();
        Ok(())
    }

    /// Projects everything that is in the log.
    ///
    /// # Errors
    /// A store failed.
    pub async fn catch_up(&self) -> Result<(), AppError> {
        while self.runner.step().await? {}
        Ok(())
    }

    /// The projections follow the log on their own task; whoever needs them waits for a position.
    fn spawn_runner(self: &Arc<Self>) {
        let (runner, stop) = (self.runner.clone(), self.stop.subscribe());
        tokio::spawn(runner.follow(stop));
    }

    fn spawn_process_manager(self: &Arc<Self>) {
        let house = Arc::downgrade(self);
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            let mut stale = (0, Unfinished::default());
            let mut looked = tokio::time::Instant::now();
            loop {
                tokio::select! {
                    () = tokio::time::sleep(TICK) => {}
                    _ = stop.changed() => return,
                }
                let Some(house) = house.upgrade() else { return };
                house.run_due(SystemClock.now()).await;
                if looked.elapsed() >= GRACE {
                    looked = tokio::time::Instant::now();
                    house.finish_stale(&mut stale).await;
                }
            }
        });
    }

    async fn run_due(&self, now: DateTime<Utc>) {
        for workspace in self.app.workspaces().by_the_wall() {
            if let Err(error) = self.app.run_due(&workspace, now, false).await {
                tracing::warn!(error = %error, "what is due waits");
            }
        }
    }

    /// Finishes what stood unfinished already when it was looked at last.
    async fn finish_stale(&self, stale: &mut (u64, Unfinished)) {
        let projectors = self.runner.projectors().await;
        let now = projectors.unfinished().clone();
        drop(projectors);
        let old = now.since(stale.0);
        if let Err(error) = self.app.recover(&old).await {
            tracing::warn!(error = %error, "what stands unfinished waits");
        }
        *stale = (self.runner.state().reached, now);
    }

    /// Takes up clocks, cycles, snoozes, spellings and use of tags and unfinished erasures where the log left them.
    async fn take_up(&self) -> Result<(), AppError> {
        let projectors = self.runner.projectors().await;
        let workspaces: Vec<_> =
            projectors.macs().map(|(name, mac)| (name.clone(), mac.clock(), mac.running().cloned())).collect();
        drop(projectors);
        for (name, clock, cycle) in workspaces {
            self.app.settings(&name).await?;
            self.app.workspaces().take_up(&name, clock, cycle);
        }
        let destroyed: BTreeSet<_> = self.keyring.destroyed().await?.into_iter().collect();
        let (mut after, mut tags) = (None, TagIntake::default());
        while let Some(page) = self.contacts_after(&mut after).await? {
            for contact in page {
                let was_erased = |id: ContactId| destroyed.contains(&id.0);
                match contact.life {
                    Life::Erased | Life::Abandoned if !was_erased(contact.id) => {
                        self.app.finish_erasure(&contact).await?;
                    }
                    Life::Live if was_erased(contact.id) => self.app.erase_again(contact.id, &was_erased).await?,
                    _ => {}
                }
                self.app.take_up(&contact);
                tags.take(self, &contact);
            }
        }
        tags.finish(self).await
    }

    /// The own states of the next contacts by id; `None` after the last.
    async fn contacts_after(&self, after: &mut Option<ContactId>) -> Result<Option<Vec<Arc<Contact>>>, AppError> {
        let page = self.read.contacts_after(*after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        *after = Some(*last);
        let mut contacts = Vec::with_capacity(page.len());
        for id in page {
            contacts.extend(self.own(id).await?);
        }
        Ok(Some(contacts))
    }

    /// Stops what runs, and closes the log: everything appended is durable then.
    ///
    /// # Errors
    /// The log could not be flushed.
    pub async fn stop(&self) -> Result<(), AppError> {
        self.stop.send_replace(true);
        let head = self.store.head().await?;
        self.store.durable(head).await?;
        self.store.close()?;
        Ok(())
    }
}
