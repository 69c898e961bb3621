//! What falls due by itself: the ends of snoozes. Entries may be out of date; whoever acts on one looks again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use parking_lot::Mutex;

type Due = BTreeSet<(DateTime<Utc>, ContactId)>;

/// Snoozed conversations, by workspace and time.
#[derive(Default)]
pub struct Agenda {
    snoozes: Mutex<HashMap<Arc<str>, Due>>,
}

impl Agenda {
    /// Remembers that a contact's conversation opens at a time.
    pub fn snoozed(&self, workspace: &Arc<str>, until: DateTime<Utc>, contact: ContactId) {
        self.snoozes.lock().entry(workspace.clone()).or_default().insert((until, contact));
    }

    /// Takes out the earliest that is due by `now`.
    pub fn take_due(&self, workspace: &str, now: DateTime<Utc>) -> Option<(DateTime<Utc>, ContactId)> {
        let mut snoozes = self.snoozes.lock();
        let due = snoozes.get_mut(workspace)?;
        let first = *due.first()?;
        (first.0 <= now && due.remove(&first)).then_some(first)
    }

    /// Forgets everything: another process looks after it.
    pub fn clear(&self) {
        self.snoozes.lock().clear();
    }

    /// When the earliest falls due.
    pub fn next_due(&self, workspace: &str) -> Option<DateTime<Utc>> {
        self.snoozes.lock().get(workspace)?.first().map(|(at, _)| *at)
    }
}
