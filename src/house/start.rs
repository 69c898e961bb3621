//! Starting and stopping: read models catch up, what falls due is taken up, what stands unfinished is finished.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, Life};
use uuid::Uuid;

use super::House;
use super::condition::Start;
use crate::app::AppError;
use crate::ports::KeyState;

/// How often a start over a database is tried,
const BEGUN: usize = 5;
/// and after how long again.
const BEGUN_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often the process manager looks for what is due.
const TICK: Duration = Duration::from_millis(500);
/// How long something may stand unfinished before the process manager takes it for abandoned.
const GRACE: Duration = Duration::from_secs(5);
/// How often old entries of the feed of segments are forgotten.
const TRIMMED_EVERY: Duration = Duration::from_secs(3_600);

impl House {
    /// Catches up, takes up, finishes, and then follows: the projections and the process manager run until
    /// [`House::stop`]. Where another process projects, only follows, until this one comes to.
    ///
    /// # Errors
    /// A store failed.
    pub async fn start(self: &Arc<Self>) -> Result<(), AppError> {
        let mut started = self.begin().await;
        // A database may be away for a moment; what lies in the data folder is there or is not.
        for _ in 1..BEGUN {
            let Err(error) = &started else { break };
            if self.read.lease().is_none() || *self.stop.borrow() {
                break;
            }
            tracing::warn!(%error, "the store did not start; it is tried again");
            tokio::time::sleep(BEGUN_AGAIN_AFTER).await;
            started = self.begin().await;
        }
        *self.started.lock() = if started.is_ok() { Start::Done } else { Start::Failed };
        started
    }

    async fn begin(self: &Arc<Self>) -> Result<(), AppError> {
        if !self.sharing.is_shared {
            self.come_to_lead().await?;
        }
        match self.contend().await? {
            true => self.lead().await?,
            false => self.runner.look_at_stored().await?,
        }
        self.spawn_runner();
        self.spawn_contender();
        self.spawn_process_manager();
        self.spawn_segments();
        self.spawn_keeper();
        Ok(())
    }

    /// Has everything that is in the log projected: by this process, or by the one that does.
    ///
    /// # Errors
    /// A store failed.
    pub async fn catch_up(&self) -> Result<(), AppError> {
        if !self.contend().await? {
            self.be_caught_up().await?;
        }
        while self.runner.leads() && self.runner.step().await? {}
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
        // Looking has everything that was folded stored first: where that may linger, so does what stands unfinished.
        let grace = GRACE.max(self.linger);
        tokio::spawn(async move {
            let mut stale = Stale::default();
            let mut looked = tokio::time::Instant::now();
            loop {
                tokio::select! {
                    () = tokio::time::sleep(TICK) => {}
                    _ = stop.changed() => return,
                }
                let Some(house) = house.upgrade() else { return };
                if !house.runner.leads() {
                    house.app.agenda().clear();
                    continue;
                }
                if let Err(error) = house.hear_of_others().await {
                    tracing::warn!(%error, "what others left to this process waits");
                }
                house.run_due(house.wall.now()).await;
                if looked.elapsed() >= grace {
                    looked = tokio::time::Instant::now();
                    house.finish_stale(&mut stale).await;
                }
            }
        });
    }

    /// Segments follow time on a task of their own: it waits its turn behind the projections, and what is due does not.
    fn spawn_segments(self: &Arc<Self>) {
        let house = Arc::downgrade(self);
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            let mut trimmed = None;
            loop {
                tokio::select! {
                    () = tokio::time::sleep(TICK) => {}
                    _ = stop.changed() => return,
                }
                let Some(house) = house.upgrade() else { return };
                if let Err(error) = house.runner.tick(None).await {
                    tracing::warn!(error = %error, "segments wait");
                }
                if trimmed.is_none_or(|at: tokio::time::Instant| at.elapsed() >= TRIMMED_EVERY) {
                    trimmed = Some(tokio::time::Instant::now());
                    if let Err(error) = house.runner.trim_feed().await {
                        tracing::warn!(error = %error, "the feed of segments is not trimmed");
                    }
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
    async fn finish_stale(&self, stale: &mut Stale) {
        let projectors = self.runner.projectors().await;
        let now = projectors.unfinished().clone();
        drop(projectors);
        let old = now.since(stale.reached);
        if let Err(error) = self.app.recover(&old).await {
            tracing::warn!(error = %error, "what stands unfinished waits");
        }
        let erased = std::mem::replace(&mut stale.erased, self.runner.take_erased());
        if let Err(error) = self.finish_erased(&erased).await {
            tracing::warn!(error = %error, "an erasure waits");
            stale.erased.extend(erased);
        }
        stale.reached = self.runner.state().reached;
    }

    /// Finishes the erasures of those who still have a key.
    async fn finish_erased(&self, erased: &[ContactId]) -> Result<(), AppError> {
        for id in erased {
            if self.keyring.find(id.0).await? != KeyState::Destroyed {
                let contact = self.runner.stored(*id).await?;
                self.app.finish_erasure(&contact).await?;
            }
        }
        Ok(())
    }

    /// Takes up clocks, cycles, snoozes, spellings and use of tags and unfinished erasures where the log left them.
    pub(super) async fn take_up(self: &Arc<Self>) -> Result<(), AppError> {
        self.take_up_clocks().await?;
        if !self.sharing.is_shared {
            return self.finish_erasures().await;
        }
        // All contacts are read for it, and nobody shall wait for that: whoever is erased is shown by nobody.
        let house = self.clone();
        tokio::spawn(async move {
            if let Err(error) = house.finish_erasures().await {
                tracing::warn!(%error, "unfinished erasures wait for the next start");
            }
        });
        Ok(())
    }

    /// Takes up clocks and cycles where the log left them.
    pub(super) async fn take_up_clocks(&self) -> Result<(), AppError> {
        let projectors = self.runner.projectors().await;
        let workspaces: Vec<_> =
            projectors.macs().map(|(name, mac)| (name.clone(), mac.clock(), mac.running().cloned())).collect();
        drop(projectors);
        for (name, clock, cycle) in workspaces {
            self.app.settings(&name).await?;
            self.app.workspaces().take_up(&name, clock, cycle);
        }
        Ok(())
    }

    /// Finishes erasures that were cut off.
    async fn finish_erasures(&self) -> Result<(), AppError> {
        let destroyed: BTreeSet<Uuid> = self.keyring.destroyed().await?.into_iter().collect();
        // An erasure appends, and what it is to append is decided when everybody is known.
        let unfinished = match self.findable {
            true => self.take_up_found(&destroyed).await?,
            false => self.take_up_all(&destroyed).await?,
        };
        let was_erased = |id: ContactId| destroyed.contains(&id.0);
        for contact in unfinished {
            match contact.life {
                Life::Live => self.app.erase_again(contact.id, &was_erased).await?,
                _ => self.app.finish_erasure(&contact).await?,
            }
        }
        Ok(())
    }

    /// Takes up from the directory; answers whose erasure is unfinished.
    async fn take_up_found(&self, destroyed: &BTreeSet<Uuid>) -> Result<Vec<Arc<Contact>>, AppError> {
        let mut gone = BTreeSet::new();
        for (name, known) in self.runner.directory().iter() {
            known.spellings().for_each(|(key, spelling)| self.app.spelled(name, key, spelling));
            known.noted().snoozes().for_each(|(contact, until)| self.app.agenda().snoozed(name, until, contact));
            gone.extend(known.noted().gone().iter().map(|contact| contact.0));
        }
        // Whoever is not erased by the log and has no key any more, besides those who hold a key and are no contacts.
        let mut unfinished = Vec::new();
        for id in gone.symmetric_difference(destroyed) {
            let contact = self.runner.stored(ContactId(*id)).await?;
            unfinished.extend(Some(contact).filter(|contact| is_unfinished(contact, destroyed)));
        }
        Ok(unfinished)
    }

    /// Takes up from all contacts; answers whose erasure is unfinished.
    async fn take_up_all(&self, destroyed: &BTreeSet<Uuid>) -> Result<Vec<Arc<Contact>>, AppError> {
        let mut unfinished = Vec::new();
        let each = |contact: &Arc<Contact>| {
            unfinished.extend(is_unfinished(contact, destroyed).then(|| contact.clone()));
            self.app.take_up(contact);
        };
        self.runner.look(each).await?;
        Ok(unfinished)
    }

    /// Stops what runs, and closes the log: everything appended is durable then.
    ///
    /// # Errors
    /// The log could not be flushed.
    pub async fn stop(&self) -> Result<(), AppError> {
        self.stop.send_replace(true);
        let flushed = self.log.flush().await;
        if flushed.is_ok() && self.findable {
            self.keep_index(false).await;
        }
        if let Err(error) = self.read.settle().await {
            tracing::warn!(%error, "the next start folds again what the read models do not hold");
        }
        if let Err(error) = self.runner.retire().await {
            tracing::warn!(%error, "the lease is not given back: it runs out");
        }
        let closed = self.log.close().await;
        if let Some(ahead) = &self.keys_ahead {
            ahead.stop();
        }
        flushed.and(closed)
    }
}

/// What was there already when it was looked last.
#[derive(Default)]
struct Stale {
    /// How far the read models were.
    reached: u64,
    /// Who was found erased.
    erased: Vec<ContactId>,
}

/// Whether the log and the keys say different things of an erasure.
fn is_unfinished(contact: &Contact, destroyed: &BTreeSet<Uuid>) -> bool {
    match contact.life {
        Life::Erased | Life::Abandoned => !destroyed.contains(&contact.id.0),
        Life::Live => destroyed.contains(&contact.id.0),
        Life::Absent => false,
    }
}
