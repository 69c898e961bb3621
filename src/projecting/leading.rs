//! Who projects, of several processes: the one that holds the lease of the read store. The others follow what it stores.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dossier_domain::ids::ContactId;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::Life;
use dossier_projections::directory::Directory;
use dossier_projections::documents::DocumentChange;
use tokio::sync::watch;

use super::projectors::Projectors;
use super::runner::{AFTER_A_FAILURE, Runner, RunnerState};
use crate::app::AppError;
use crate::ports::read_store::Projection;

/// How often the lease is renewed: it lasts for several times as long.
const RENEWED_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for what was stored, should nobody tell.
const LOOKED_EVERY: Duration = Duration::from_millis(250);

impl Runner {
    /// Whether this process projects.
    pub fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    pub(super) fn must_lead(&self) -> Result<(), AppError> {
        let another =
            || AppError::OtherProcess("another process projects, or nobody does: this one does not".to_owned());
        self.leads().then_some(()).ok_or_else(another)
    }

    /// Takes the lease if it can be had, `by_force` if need be, and goes on where the read store stands. Answers whether this
    /// process projects from now on; then [`Runner::keep_lease`] is to be run.
    ///
    /// # Errors
    /// The read store failed.
    pub async fn contend(&self, by_force: bool) -> Result<bool, AppError> {
        let Some(lease) = self.inputs.read.lease() else { return Ok(true) };
        if !lease.take(by_force).await? {
            return Ok(false);
        }
        let mut projectors = self.projectors.lock().await;
        match Projectors::resume(self.inputs.clone(), self.bounds).await {
            Ok(resumed) => *projectors = resumed,
            Err(error) => {
                lease.release().await?;
                return Err(error);
            }
        }
        self.unsound.store(false, Ordering::Relaxed);
        self.state.send_modify(|state| state.failure = None);
        self.leads.send_replace(true);
        tracing::info!("this process projects");
        Ok(true)
    }

    /// Renews the lease while this process projects, and steps down once another has taken it.
    pub async fn keep_lease(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let Some(lease) = self.inputs.read.lease() else { return };
        while self.leads() {
            tokio::select! {
                () = tokio::time::sleep(RENEWED_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            match lease.renew().await {
                Ok(true) => {}
                Ok(false) => self.step_down().await,
                // Whatever is written meanwhile is refused if another takes it.
                Err(error) => tracing::warn!(%error, "the lease is not renewed"),
            }
        }
    }

    /// Projects no more, once what is under way has ended: another process does. What is known of contacts goes.
    pub async fn step_down(&self) {
        let mut projectors = self.projectors.lock().await;
        if self.leads() {
            tracing::warn!("another process projects: this one does no more");
        }
        self.rest(&mut projectors);
    }

    fn rest(&self, projectors: &mut Projectors) {
        self.leads.send_replace(false);
        *projectors = Projectors::idle(self.inputs.clone(), self.bounds);
        self.filled.store(false, Ordering::Relaxed);
        *self.directory_mut() = Directory::default();
        self.ahead.store(false, Ordering::Relaxed);
    }

    /// Projects no more, once what is under way has ended, and gives the lease back.
    ///
    /// # Errors
    /// The read store failed; the lease then runs out.
    pub async fn retire(&self) -> Result<(), AppError> {
        let Some(lease) = self.inputs.read.lease() else { return Ok(()) };
        let mut projectors = self.projectors.lock().await;
        self.rest(&mut projectors);
        Ok(lease.release().await?)
    }

    /// Follows what another process stores, until this one projects.
    pub(super) async fn stand_by(&self, leads: &mut watch::Receiver<bool>, stop: &mut watch::Receiver<bool>) {
        let Some(lease) = self.inputs.read.lease() else { return };
        let mut news = lease.news();
        loop {
            let looks_again = match self.look_at_stored().await {
                Ok(()) => LOOKED_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "what another process stores can't be followed");
                    self.failed(&error);
                    AFTER_A_FAILURE
                }
            };
            tokio::select! {
                () = heard(&mut news) => {}
                () = tokio::time::sleep(looks_again) => {}
                _ = leads.changed() => return,
                _ = stop.changed() => return,
            }
        }
    }

    /// Notes who is erased by what is about to be stored: the process that did it may have been cut off before it destroyed a key.
    pub(super) fn note_erased(&self, rows: &[DocumentChange]) {
        if self.inputs.read.lease().is_some() {
            let erased = rows.iter().filter_map(|row| match row {
                DocumentChange::State(state) if state.life == Life::Erased => Some(state.id),
                _ => None,
            });
            self.erased.lock().extend(erased);
        }
    }

    /// Who was found erased since the last call.
    pub fn take_erased(&self) -> Vec<ContactId> {
        std::mem::take(&mut self.erased.lock())
    }

    /// Learns how far the read models are, and wakes whoever waits for that.
    ///
    /// # Errors
    /// The read store failed.
    pub async fn look_at_stored(&self) -> Result<(), AppError> {
        if armed(Break::NewsGoUnheard) {
            return Ok(());
        }
        let mut reached = u64::MAX;
        for projection in Projection::ALL {
            reached = self.inputs.read.checkpoint(projection).await?.min(reached);
        }
        self.state.send_if_modified(|state| {
            let now = RunnerState { reached: reached.max(state.reached), failure: None };
            let is_news = now != *state;
            *state = now;
            is_news
        });
        self.told.send_modify(|count| *count += 1);
        Ok(())
    }
}

/// Waits for news; for ever where none will come.
async fn heard(news: &mut watch::Receiver<u64>) {
    if news.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
