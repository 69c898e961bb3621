//! The small pieces in which the count is kept: rows, and what is done to them.

use chrono::{DateTime, Utc};
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::ids::{ContactId, Mark, MergeId};
use serde::{Deserialize, Serialize};

use super::statement::Statement;
use crate::daily::Alike;

/// The one row of which there is only one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// In force for the cycle after the running one.
    pub settings: Settings,
    /// The latest recording time so far (rule 27).
    pub clock: Option<DateTime<Utc>>,
    /// The open cycle.
    pub running: Option<Cycle>,
}

/// A countable interaction of the open cycle that may be needed to say whether, and why, a contact counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interaction {
    /// In whose stream it stands.
    pub contact: ContactId,
    /// Where in the log.
    pub position: u64,
    /// Of a message out: the mark by which it may be reported failed.
    pub may_fail: Option<Mark>,
}

/// A live merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edge {
    /// Which merge.
    pub merge: MergeId,
    /// Who absorbs.
    pub primary: ContactId,
    /// Who is absorbed; in one live edge at most.
    pub secondary: ContactId,
}

/// A row of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MacRow {
    /// Settings, clock and open cycle.
    Head(Head),
    /// A countable interaction of the open cycle; keyed by contact and position.
    Interaction(Interaction),
    /// A live merge; keyed by the secondary.
    Edge(Edge),
    /// A contact whose block began in the open cycle.
    Block(ContactId),
}

/// The key of a row that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MacKey {
    /// Of a [`MacRow::Interaction`].
    Interaction {
        /// In whose stream it stands.
        contact: ContactId,
        /// Where in the log.
        position: u64,
    },
    /// Of a [`MacRow::Edge`].
    Edge {
        /// Who was absorbed.
        secondary: ContactId,
    },
    /// Of a [`MacRow::Block`].
    Block(ContactId),
}

/// What is to be done to the rows, in the order given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MacChange {
    /// Write a row, over the one of the same key if there is one.
    Put(MacRow),
    /// Delete a row.
    Remove(MacKey),
    /// Delete every interaction and every block: the cycle they were of is closed.
    CycleEnded,
    /// Add a statement; it never changes again.
    Closed(Statement),
    /// Add so many to the interactions that are alike; told where a read store shows things for others to read.
    Counted(Alike, u64),
}
