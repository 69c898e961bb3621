//! Keeping the directory over restarts: it is written when the house stops, and, where filling it takes long, at a quiet
//! moment; and a start takes it up again. Whatever is wrong with it, it is filled anew.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::House;
use super::snapshots::SnapshotError;
use crate::app::AppError;
use crate::projecting::Unwritten;
use crate::sealing::chunks::SealedWriter;

/// With so many contacts, filling takes so long that a start after a crash is to be spared it as well.
const MANY: u64 = 50_000;
/// How often a quiet moment is looked for: nothing came since the last look.
const LOOKED_EVERY: Duration = Duration::from_secs(30);
/// For how long none is, once there is a snapshot.
const RESTS: Duration = Duration::from_secs(3_600);

/// Why the directory is not kept.
#[derive(Debug, thiserror::Error)]
enum Unkept {
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl From<io::Error> for Unkept {
    fn from(error: io::Error) -> Self {
        Unkept::Snapshot(error.into())
    }
}

impl From<AppError> for Unkept {
    fn from(error: AppError) -> Self {
        Unkept::Unwritten(error.into())
    }
}

impl House {
    /// Takes the directory from the snapshot that is there; answers whether that did. One that is of no use is destroyed.
    ///
    /// # Errors
    /// A store failed.
    pub(super) async fn restore(&self) -> Result<bool, AppError> {
        let Some(reason) = self.restored().await? else { return Ok(self.runner.is_filled()) };
        tracing::warn!(reason, "the snapshot of the index is of no use; the index is filled from all contacts");
        if let Some(snapshots) = &self.snapshots {
            snapshots.destroy_all()?;
        }
        Ok(false)
    }

    /// Why it could not, if there is one.
    async fn restored(&self) -> Result<Option<String>, AppError> {
        let Some(snapshots) = &self.snapshots else { return Ok(None) };
        let opened = match snapshots.whole() {
            Ok(None) => return Ok(None),
            Ok(Some(id)) => snapshots.open(id).await,
            Err(error) => Err(error.into()),
        };
        let reader = match opened {
            Ok(reader) => reader,
            Err(error) => return Ok(Some(error.to_string())),
        };
        match self.runner.restore(reader, |reader| reader.finish()).await? {
            Ok(position) => {
                *self.kept_at.lock() = Some(position);
                Ok(None)
            }
            Err(unfit) => Ok(Some(unfit.to_string())),
        }
    }

    /// Has everything that is in the log projected, and makes it findable; [`House::start`] does so by itself.
    ///
    /// # Errors
    /// A store failed.
    pub async fn fill(&self) -> Result<(), AppError> {
        // Before anything is projected: where there are segments, that would have the index filled from all contacts.
        if !self.runner.is_filled() {
            self.restore().await?;
        }
        self.catch_up().await?;
        match self.runner.is_filled() || self.sharing.is_shared {
            true => Ok(()),
            false => self.runner.fill().await,
        }
    }

    /// Writes the directory as it is, unless what was written last is little behind. It may show nobody whose erasure is
    /// in the log already: so it must have seen what the log held when the snapshot began, and whatever is erased later
    /// destroys it.
    async fn keep(&self, gives_way: bool) -> Result<(), Unkept> {
        let Some(snapshots) = self.snapshots.as_ref().filter(|_| self.runner.is_filled() && !self.is_kept()) else {
            return Ok(());
        };
        let draft = snapshots.begin()?;
        let head = self.store.head().await.map_err(AppError::from)?;
        if !gives_way {
            self.catch_up().await?;
        }
        let out = draft.writer()?;
        let (written, position) = self.runner.store_directory(|| out, gives_way).await?;
        if position < head {
            return Err(Unwritten::Wanted.into());
        }
        // A start believes no snapshot that is ahead of the stored contacts.
        self.read.settle().await.map_err(AppError::from)?;
        tokio::task::block_in_place(|| {
            drop(SealedWriter::finish(written)?);
            snapshots.place(draft)
        })?;
        *self.kept_at.lock() = Some(position);
        Ok(())
    }

    /// Position of the log that the snapshot of the index is of, where this process read it or wrote it.
    pub fn kept_at(&self) -> Option<u64> {
        let snapshots = self.snapshots.as_ref()?;
        (*self.kept_at.lock()).filter(|_| matches!(snapshots.whole(), Ok(Some(_))))
    }

    /// Whether the snapshot that is there does for the next start: it holds all, or all but little.
    fn is_kept(&self) -> bool {
        let at = self.runner.directory_at();
        let Some(kept_at) = self.kept_at() else { return false };
        at - kept_at <= self.findable_contacts() / 64
    }

    fn findable_contacts(&self) -> u64 {
        self.runner.directory().iter().map(|(_, known)| known.index().len()).sum()
    }

    /// Writes the directory for the next start, which can do without. `gives_way` has it stop as soon as somebody wants to
    /// change something. Answers whether a snapshot is there that does.
    pub async fn keep_index(&self, gives_way: bool) -> bool {
        match self.keep(gives_way).await {
            Ok(()) => return self.is_kept(),
            Err(Unkept::Unwritten(Unwritten::Wanted | Unwritten::Nothing)) => {}
            Err(error) => tracing::warn!(%error, "the index is not kept for the next start"),
        }
        self.clear_snapshots();
        false
    }

    /// Destroys what was never finished, by this process or by one that was killed while it wrote.
    pub(super) fn clear_snapshots(&self) {
        if let Some(snapshots) = &self.snapshots
            && let Err(error) = snapshots.destroy_unfinished()
        {
            tracing::warn!(%error, "an unfinished snapshot of the index stays behind");
        }
    }

    /// Where there are many contacts, a snapshot is also written at a quiet moment, so that a start after a crash finds
    /// one. Whoever wants to change something meanwhile goes first.
    pub(super) fn spawn_keeper(self: &Arc<Self>) {
        if !self.findable || self.snapshots.is_none() {
            return;
        }
        let house = Arc::downgrade(self);
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            let (mut rests, mut seen) = (LOOKED_EVERY, None);
            loop {
                tokio::select! {
                    () = tokio::time::sleep(rests) => {}
                    _ = stop.changed() => return,
                }
                let Some(house) = house.upgrade() else { return };
                let at = Some(house.runner.directory_at());
                let is_quiet = std::mem::replace(&mut seen, at) == at;
                let is_worth_it = is_quiet && house.findable_contacts() >= MANY;
                rests = if is_worth_it && house.keep_index(true).await { RESTS } else { LOOKED_EVERY };
            }
        });
    }
}
