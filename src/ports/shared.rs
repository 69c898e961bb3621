//! What a read store offers besides where several processes share it: a lease, under which one of them writes, and answers
//! in the place of an index that no other process could keep.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_projections::index::UsedTag;
use tokio::sync::watch;

use super::read_store::ReadError;

/// The lease of a read store. It runs out unless it is renewed, by the clock of the store. Each time that it is taken it is
/// another one, and whatever is written under an earlier one is refused with [`ReadError::Fenced`]: so a holder that lost it
/// unawares changes nothing.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Takes it if nobody holds it, or whoever does where `by_force`; answers whether it was taken. What was being written
    /// under the one before is stored by then, or will never be.
    async fn take(&self, by_force: bool) -> Result<bool, ReadError>;

    /// Holds it for as long again; answers whether it was still held.
    async fn renew(&self) -> Result<bool, ReadError>;

    /// Gives it back, if it is held: another process may take it at once.
    async fn release(&self) -> Result<(), ReadError>;

    /// Who holds it, in words for people; `None` where nobody does.
    async fn holder(&self) -> Result<Option<String>, ReadError>;

    /// Counts what is heard of being written, by whichever process. Something may go unheard: whoever waits looks by himself
    /// now and then.
    fn news(&self) -> watch::Receiver<u64>;

    /// Nothing is projected while the answer lives, by whichever process; the answer is not to be kept for more than a moment.
    async fn still(&self) -> Result<Box<dyn Send + Sync>, ReadError>;
}

/// A conversation whose snooze is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueSnooze {
    /// In which workspace.
    pub workspace: Arc<str>,
    /// Whose.
    pub contact: ContactId,
    /// Since when.
    pub until: DateTime<Utc>,
}

/// What is looked up in what contacts show, as it is stored.
#[async_trait]
pub trait Tables: Send + Sync {
    /// The tags whose folded key begins so: most used first, then by key.
    async fn tags(&self, workspace: &str, folded_prefix: &str) -> Result<Vec<UsedTag>, ReadError>;

    /// How a tag is spelled, by its folded key, if anybody shows it.
    async fn spelling(&self, workspace: &str, key: &str) -> Result<Option<Arc<str>>, ReadError>;

    /// How many are in each segment that somebody is in, as of the time up to which its feed tells.
    async fn segment_counts(&self, workspace: &str) -> Result<Vec<(SegmentId, u64)>, ReadError>;

    /// At most `limit` snoozes that are over by a time, the earliest first.
    async fn due_snoozes(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<DueSnooze>, ReadError>;
}
