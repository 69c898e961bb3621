//! The projection runner: catches up, follows live, and tells whoever waits how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use dossier_domain::ids::ContactId;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::state::Contact;
use dossier_projections::directory::Directory;
use tokio::sync::{Mutex, MutexGuard, Notify, watch};

use super::filling::look;
use super::projectors::{Bounds, Inputs, Projectors, Unwritten};
use super::rebuild::rebuild;
use crate::app::AppError;
use crate::app::clock::Wall;
use crate::ports::read_store::{Beside, Projection, StoredContact};

/// Events read and folded at once.
pub const PAGE: usize = 4_096;
/// How often what came is folded while nobody waits for it.
const LOOKED_EVERY: Duration = Duration::from_millis(20);
/// For how long it folds what it is behind before it stores that: stored page by page, many contacts are written again and
/// again.
const BEHIND_FOR: Duration = Duration::from_secs(1);
/// How long it stands still after a store failed.
pub(super) const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// How far the read models are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunnerState {
    /// Position that every projection has reached.
    pub reached: u64,
    /// Why it stands still, if it does.
    pub failure: Option<Arc<str>>,
}

/// Runs all projections of a read store. One runner a read store.
pub struct Runner {
    pub(super) inputs: Inputs,
    pub(super) wall: Arc<dyn Wall>,
    pub(super) bounds: Bounds,
    pub(super) projectors: Mutex<Projectors>,
    pub(super) state: watch::Sender<RunnerState>,
    /// Whether this process projects, and no other.
    pub(super) leads: watch::Sender<bool>,
    /// What contacts show, findable, as far as it was projected.
    pub(super) directory: parking_lot::RwLock<Directory>,
    /// Position of the log as of which the directory is.
    pub(super) directory_at: AtomicU64,
    /// How many want to change the directory: whoever reads it at length gives way.
    pub(super) wanted: AtomicUsize,
    /// Whether the directory is being written: what has no hurry waits for that.
    pub(super) storing: AtomicBool,
    /// Whether the directory was filled and is kept.
    pub(super) filled: AtomicBool,
    /// Whether the directory knows what could not be stored, and must be filled anew before anything goes on.
    pub(super) ahead: AtomicBool,
    /// Whether the projectors may have given out changes that were not stored: nothing goes on with them.
    pub(super) unsound: AtomicBool,
    /// Counts what was written in the feed of segments.
    pub(super) told: watch::Sender<u64>,
    damaged: AtomicU64,
    /// Contacts that were found erased since somebody last asked, where other processes erase.
    pub(super) erased: parking_lot::Mutex<Vec<ContactId>>,
    /// Who waits for a position, or for the projectors to be still.
    waiting: AtomicUsize,
    /// Tells that somebody began to.
    called: Notify,
    linger: Duration,
}

impl Runner {
    /// A runner that goes on where the read store stands, by a wall clock; what nobody waits for may `linger` before it is
    /// stored. Where the read store has a lease, nothing is projected before [`Runner::contend`].
    ///
    /// # Errors
    /// The read store failed, or it is ahead of the log: then the log was restored from an older copy, and the read
    /// models must be rebuilt.
    pub async fn resume(
        inputs: Inputs,
        wall: Arc<dyn Wall>,
        bounds: Bounds,
        linger: Duration,
    ) -> Result<Arc<Self>, AppError> {
        let leads = inputs.read.lease().is_none();
        let reached = not_ahead(&inputs).await?;
        let projectors = match leads {
            true => Projectors::resume(inputs.clone(), bounds).await?,
            false => Projectors::idle(inputs.clone(), bounds),
        };
        Ok(Arc::new(Runner {
            inputs,
            wall,
            bounds,
            projectors: Mutex::new(projectors),
            state: watch::Sender::new(RunnerState { reached, failure: None }),
            leads: watch::Sender::new(leads),
            directory: parking_lot::RwLock::default(),
            directory_at: AtomicU64::new(0),
            wanted: AtomicUsize::new(0),
            storing: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            ahead: AtomicBool::new(false),
            unsound: AtomicBool::new(false),
            told: watch::Sender::new(0),
            damaged: AtomicU64::new(0),
            erased: parking_lot::Mutex::default(),
            waiting: AtomicUsize::new(0),
            called: Notify::new(),
            linger,
        }))
    }

    /// Projects what the log holds beyond the checkpoints: one page, or as many as it is behind while nobody waits;
    /// answers whether there was something.
    ///
    /// # Errors
    /// A store failed.
    pub async fn step(&self) -> Result<bool, AppError> {
        let mut projectors = self.sound().await?;
        while self.fold(&mut projectors).await? == PAGE && !self.must_store(&projectors) {}
        self.store(&mut projectors).await
    }

    /// The projectors, to go on with: where they were left with something that could not be stored, the read store says
    /// where that is. Until they have stored what they take, whoever is cut off leaves them so.
    async fn sound(&self) -> Result<MutexGuard<'_, Projectors>, AppError> {
        let mut projectors = self.projectors.lock().await;
        self.must_lead()?;
        if self.unsound.load(Ordering::Relaxed) && !armed(Break::ProjectorsGoOnUnsound) {
            *projectors = Projectors::resume(self.inputs.clone(), self.bounds).await?.showing(self.is_filled());
        }
        self.unsound.store(true, Ordering::Relaxed);
        Ok(projectors)
    }

    /// Follows the log until `stop` says so; while another process does, follows what that stores. After a failure it resumes
    /// from the read store, a second later.
    pub async fn follow(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut leads = self.leads.subscribe();
        while !*stop.borrow() && stop.has_changed().is_ok() {
            if !*leads.borrow_and_update() {
                self.stand_by(&mut leads, &mut stop).await;
                continue;
            }
            if let Err(error) = self.round(&mut stop).await {
                if matches!(error, AppError::OtherProcess(_)) {
                    self.step_down().await;
                    continue;
                }
                self.fail(&error);
                tokio::time::sleep(AFTER_A_FAILURE).await;
                continue;
            }
            let reached = self.state.borrow().reached;
            tokio::select! {
                // A log that failed holds nothing new, now or later.
                past = self.inputs.store.wait_past(reached) => if past.is_err() {
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                },
                changed = stop.changed() => if changed.is_err() {
                    return;
                },
                _ = leads.changed() => {}
            }
        }
    }

    /// Folds what comes, and stores it when somebody waits for it, when it is much, or when it has lingered: a contact
    /// that changes again meanwhile is written once. Whoever wants the projectors finds them with everything stored.
    async fn round(&self, stop: &mut watch::Receiver<bool>) -> Result<(), AppError> {
        let mut projectors = self.sound().await?;
        let begun = tokio::time::Instant::now();
        let (until, while_behind) = (begun + self.linger, begun + self.linger.max(BEHIND_FOR));
        loop {
            // Read before the log is: what comes in the meantime is not left for another round.
            let now = tokio::time::Instant::now();
            let folded = self.fold(&mut projectors).await?;
            let is_behind = folded == PAGE;
            let has_lingered = now >= if is_behind { while_behind } else { until };
            if has_lingered || self.must_store(&projectors) {
                break;
            }
            if is_behind {
                continue;
            }
            tokio::select! {
                () = self.called.notified() => {}
                () = tokio::time::sleep_until(until.min(now + LOOKED_EVERY)) => {}
                _ = stop.changed() => break,
            }
        }
        self.store(&mut projectors).await.map(drop)
    }

    /// Folds one page; answers how many events that was.
    async fn fold(&self, projectors: &mut Projectors) -> Result<usize, AppError> {
        let (entries, damaged) = self.inputs.entries(projectors.folded(), PAGE).await?;
        self.damaged.fetch_add(damaged, Ordering::Relaxed);
        for projection in Projection::ALL {
            projectors.fold(projection, &entries)?;
        }
        Ok(entries.len())
    }

    fn must_store(&self, projectors: &Projectors) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 || projectors.is_full()
    }

    /// Stores what was folded, and tells whoever waits; answers whether there was something.
    async fn store(&self, projectors: &mut Projectors) -> Result<bool, AppError> {
        if projectors.folded() == projectors.lowest() {
            self.unsound.store(false, Ordering::Relaxed);
            return Ok(false);
        }
        self.store_all(projectors).await?;
        self.unsound.store(false, Ordering::Relaxed);
        self.state.send_replace(RunnerState { reached: projectors.lowest(), failure: None });
        Ok(true)
    }

    /// Stores contacts and, beside them, what is counted and what stands unfinished. Whatever fails, nothing is still being
    /// stored afterwards: the projectors may be resumed.
    async fn store_all(&self, projectors: &mut Projectors) -> Result<(), AppError> {
        let others = [Projection::Mac, Projection::Unfinished];
        let [mac, unfinished] = others.map(|projection| projectors.unwritten(projection));
        let (mac, unfinished) = (mac?, unfinished?);
        let written = async |unwritten: Option<Unwritten>| match unwritten {
            Some(unwritten) => unwritten.write(&*self.inputs.read).await.map(Some),
            None => Ok(None),
        };
        let (contacts, mac, unfinished) =
            tokio::join!(self.store_contacts(projectors), written(mac), written(unfinished));
        let mut failed = contacts;
        for (projection, written) in others.into_iter().zip([mac, unfinished]) {
            match written {
                Ok(to) => to.into_iter().for_each(|to| projectors.stored(projection, to)),
                Err(error) => failed = failed.and(Err(error.into())),
            }
        }
        failed
    }

    /// Tells why it stands still. Whatever was folded since the last stored batch is dropped when it goes on.
    fn fail(&self, error: &AppError) {
        tracing::error!(error = %error, "the projections stand still");
        self.failed(error);
    }

    pub(super) fn failed(&self, error: &AppError) {
        self.state.send_modify(|state| state.failure = Some(error.to_string().into()));
    }

    /// Brings a projection that was folded beside up to where the living one stands, and puts it in its place. Nothing is
    /// projected meanwhile.
    ///
    /// # Errors
    /// A store failed; the living one then goes on.
    pub async fn replace(&self, projection: Projection, fresh: Box<dyn Beside>) -> Result<(), AppError> {
        let _waiting = self.wait();
        let mut projectors = self.sound().await?;
        let living = self.inputs.read.checkpoint(projection).await?;
        drop(rebuild(&self.inputs, fresh.store(), &[projection], living, |_| {}).await?);
        fresh.swap().await?;
        *projectors = Projectors::resume(self.inputs.clone(), self.bounds).await?.showing(self.is_filled());
        self.unsound.store(false, Ordering::Relaxed);
        match projection {
            Projection::Contacts if self.is_filled() => self.fill_anew(&mut projectors).await,
            _ => Ok(()),
        }
    }

    /// Waits until every projection has reached a position.
    pub async fn reached(&self, position: u64) {
        let _waiting = self.wait();
        let mut state = self.state.subscribe();
        // The sender lives as long as the runner.
        let _ = state.wait_for(|state| state.reached >= position).await;
    }

    /// How far it is.
    pub fn state(&self) -> RunnerState {
        self.state.borrow().clone()
    }

    /// Events that could not be opened although nobody erased them, since the start.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The projectors, held still: nothing is projected while the guard lives.
    pub async fn projectors(&self) -> MutexGuard<'_, Projectors> {
        let _waiting = self.wait();
        self.projectors.lock().await
    }

    /// Fills the directory from what is stored, and keeps it from then on.
    ///
    /// # Errors
    /// A store failed.
    pub async fn fill(&self) -> Result<(), AppError> {
        let mut projectors = self.projectors().await;
        self.fill_anew(&mut projectors).await
    }

    /// Shows every own state that is stored to `each`, while projecting goes on; the directory stays as it is.
    ///
    /// # Errors
    /// A store failed.
    pub async fn look(&self, each: impl FnMut(&Arc<Contact>)) -> Result<(), AppError> {
        look(&self.inputs, each).await
    }

    /// The own state of a contact as it is stored; that of a contact without history is absent.
    ///
    /// # Errors
    /// A store failed.
    pub async fn stored(&self, contact: ContactId) -> Result<Arc<Contact>, AppError> {
        let stored = self.inputs.read.contact(contact).await?;
        // Only the log wants it; and every read of a contact goes through here.
        let up_to = match stored {
            StoredContact::Unreadable => self.inputs.read.checkpoint(Projection::Contacts).await?,
            StoredContact::Found(_) | StoredContact::Absent => 0,
        };
        let state = self.inputs.state_of(contact, stored, up_to).await?;
        Ok(Arc::new(state.unwrap_or_else(|| Contact::absent(contact))))
    }

    /// Whether the directory can be asked.
    pub fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    /// What contacts show, findable; nothing is projected into it while the guard lives.
    pub fn directory(&self) -> parking_lot::RwLockReadGuard<'_, Directory> {
        self.directory.read()
    }

    /// The directory, to be changed by whoever holds the projectors.
    pub(super) fn directory_mut(&self) -> parking_lot::RwLockWriteGuard<'_, Directory> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        let directory = self.directory.write();
        self.wanted.fetch_sub(1, Ordering::Relaxed);
        directory
    }

    /// Position of the log as of which the directory is.
    pub fn directory_at(&self) -> u64 {
        self.directory_at.load(Ordering::Relaxed)
    }

    fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.called.notify_one();
        Waiting(&self.waiting)
    }

    /// What the runner reads from.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}

/// The position that every projection has reached, of which none may be ahead of the log.
async fn not_ahead(inputs: &Inputs) -> Result<u64, AppError> {
    let mut stored = Vec::with_capacity(Projection::ALL.len());
    for projection in Projection::ALL {
        stored.push((inputs.read.checkpoint(projection).await?, projection));
    }
    let head = inputs.store.head().await?;
    if let Some((at, projection)) = stored.iter().find(|(at, _)| *at > head) {
        return Err(AppError::Unavailable(format!(
            "the read model {name} is at position {at}, ahead of the log at {head}: the log was restored from an older copy; \
             {advice} and start again to rebuild it",
            name = projection.name(),
            advice = inputs.read.advice(*projection)
        )));
    }
    Ok(stored.iter().map(|(at, _)| *at).min().unwrap_or_default())
}

/// Somebody waits for the runner, as long as this lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
