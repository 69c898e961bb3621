//! One command being carried out: who acts, when, and under which key; it writes the metadata of every event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use dossier_domain::event::Event;
use dossier_domain::ids::Mark;
use dossier_domain::meta::{Actor, Cause, KeyUse, Meta};
use dossier_domain::sabotage::{Break, armed};
use uuid::Uuid;

use super::streams::Draft;

/// The keyed hashes of an idempotency key and of what it was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyMarks {
    /// Of workspace and key.
    pub mark: Mark,
    /// Of the command's name and body.
    pub body: Mark,
}

/// A command being carried out; a clone is the same command.
#[derive(Clone, Debug)]
pub struct Act {
    meta: Meta,
    key: Option<KeyMarks>,
    reach: Reach,
}

/// The last place in the log that a command has appended to, whichever stream it was.
#[derive(Clone, Debug, Default)]
pub struct Reach(Arc<AtomicU64>);

impl Reach {
    /// Something was appended there.
    pub fn raise(&self, position: u64) {
        self.0.fetch_max(position, Ordering::Relaxed);
    }

    /// 0 before anything was appended.
    pub fn position(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Act {
    /// A command of `meta`'s author; `meta.causation_id` names it. `meta` bears neither key nor marks.
    pub fn new(meta: Meta, key: Option<KeyMarks>) -> Self {
        Act { meta, key, reach: Reach::default() }
    }

    /// Something that the store does by itself at a time: a timer, a recovery.
    pub fn system(workspace: Arc<str>, now: DateTime<Utc>, replayed: bool, cause: Cause) -> Self {
        let id = Uuid::new_v4();
        let meta = Meta {
            workspace,
            actor: Actor::system(),
            cause,
            occurred_at: now,
            recorded_at: now,
            correlation_id: id,
            causation_id: id,
            batch_id: None,
            replayed,
            key: None,
            marks: Vec::new(),
        };
        Act::new(meta, None)
    }

    /// The workspace it acts in.
    pub fn workspace(&self) -> &Arc<str> {
        &self.meta.workspace
    }

    /// Its time.
    pub fn now(&self) -> DateTime<Utc> {
        self.meta.occurred_at
    }

    /// Its key, if it bears one.
    pub fn key(&self) -> Option<KeyMarks> {
        self.key
    }

    /// How far in the log it has come.
    pub fn reach(&self) -> u64 {
        self.reach.position()
    }

    /// The command's id.
    pub fn id(&self) -> Uuid {
        self.meta.causation_id
    }

    /// An event of this command, for the command's own cause unless another is given.
    pub fn draft(&self, cause: Option<Cause>, event: impl Into<Event>) -> Draft {
        let mut meta = self.meta.clone();
        meta.cause = cause.unwrap_or(meta.cause);
        Draft { event: event.into(), meta, reach: self.reach.clone() }
    }

    /// An event that finishes what somebody else began: theirs in everything but the time of recording.
    pub fn draft_for(&self, theirs: &Meta, event: impl Into<Event>) -> Draft {
        let mut meta = theirs.clone();
        meta.recorded_at = self.meta.recorded_at;
        meta.replayed = self.meta.replayed;
        Draft { event: event.into(), meta, reach: self.reach.clone() }
    }

    /// A step of the command that must not use up its key.
    pub fn without_key(&self) -> Act {
        Act { key: None, ..self.clone() }
    }

    /// Puts the command's key on an event: by it, this answer is given again for ever.
    pub fn put_key(&self, draft: &mut Draft, status: u16) {
        if let Some(key) = self.key_use(status) {
            draft.meta.marks.extend((!armed(Break::KeyLeavesNoMark)).then_some(key.mark));
            draft.meta.key = Some(key);
        }
    }

    /// How the command's key is used, if it bears one.
    pub fn key_use(&self, status: u16) -> Option<KeyUse> {
        self.key.map(|key| KeyUse { mark: key.mark, body: key.body, status })
    }
}
