//! The statement of a closed cycle (rule 31).

use aws_lc_rs::digest::{Context, SHA256};
use dossier_domain::billing::calendar::Cycle;
use dossier_domain::ids::ContactId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A contact on the bill, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Member {
    /// The root, live or erased, at the cycle's close.
    pub contact: ContactId,
    /// The place in the log of the earliest countable interaction of its tree.
    pub position: u64,
    /// In whose stream that stands: the contact itself, or one absorbed in it.
    pub recorded_by: ContactId,
}

/// What a closed cycle came to. Never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The cycle.
    pub cycle: Cycle,
    /// Ascending by contact.
    pub members: Vec<Member>,
}

impl Statement {
    /// How many contacts were active.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// Lower-case hex SHA-256 over the members' ids, each followed by a line feed.
    pub fn digest(&self) -> String {
        let mut context = Context::new(&SHA256);
        let mut id = Uuid::encode_buffer();
        for member in &self.members {
            context.update(member.contact.0.hyphenated().encode_lower(&mut id).as_bytes());
            context.update(b"\n");
        }
        hex::encode(context.finish())
    }
}
