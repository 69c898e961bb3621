//! What every event says of its own making (rule 9).

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::Mark;
use crate::personal::Personal;

/// Who acted: `<kind>:<id>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Actor {
    /// What sort of actor.
    pub kind: ActorKind,
    /// Which one; comes from outside, so it is sealed with the event.
    pub id: Personal<Arc<str>>,
}

impl Actor {
    /// Forgets which one it was; the store itself stays the store itself.
    pub fn erase(&mut self) {
        if self.kind != ActorKind::System {
            self.id = Personal::Erased;
        }
    }

    /// The store itself: timers, recovery.
    pub fn system() -> Self {
        Actor { kind: ActorKind::System, id: Personal::Open("dossier".into()) }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.open() {
            Some(id) => write!(f, "{}:{id}", self.kind.name()),
            None => f.write_str(self.kind.name()),
        }
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $text:literal ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $( $(#[$vdoc])* $variant ),+ }

        impl $name {
            /// Every one of them.
            pub const ALL: &[$name] = &[$( $name::$variant ),+];

            /// The name, as stored and as spoken over HTTP.
            pub fn name(self) -> &'static str {
                match self { $( $name::$variant => $text ),+ }
            }

            /// The one of this name.
            pub fn from_name(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == text)
            }
        }
    };
}

named! {
    /// The kinds of actor.
    ActorKind {
        /// A person of the team.
        User = "user",
        /// A workflow.
        Workflow = "workflow",
        /// A program.
        Api = "api",
        /// An assistant.
        Ai = "ai",
        /// A channel, for what comes in by it.
        Channel = "channel",
        /// The store itself.
        System = "system",
    }
}

named! {
    /// Why an event came to be.
    Cause {
        /// A person did it by hand.
        Manual = "manual",
        /// A program asked for it.
        Api = "api",
        /// Something came in.
        Inbound = "inbound",
        /// Something went out.
        Outbound = "outbound",
        /// A file was imported.
        Import = "import",
        /// A workflow asked for it.
        Workflow = "workflow",
        /// A merge.
        Merge = "merge",
        /// An unmerge.
        Unmerge = "unmerge",
        /// A block.
        Block = "block",
        /// A time had come.
        Timer = "timer",
        /// A channel's profile.
        ChannelProfile = "channel_profile",
    }
}

/// Which idempotency key a command bore, what it asked, and how it was answered (decision 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// Keyed hash of workspace and key.
    pub mark: Mark,
    /// Keyed hash of what was asked, to tell a retry from a key used twice.
    pub body: Mark,
    /// Status of the first answer: 200 or 201.
    pub status: u16,
}

/// What every event says of its own making.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The workspace it belongs to.
    pub workspace: Arc<str>,
    /// Who acted.
    pub actor: Actor,
    /// Why.
    pub cause: Cause,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded, by the clock of whoever recorded it, or by the replay clock.
    pub recorded_at: DateTime<Utc>,
    /// What it belongs to, across systems.
    pub correlation_id: Uuid,
    /// The command that caused it.
    pub causation_id: Uuid,
    /// The import or bulk run it belongs to.
    pub batch_id: Option<Uuid>,
    /// Recorded on a replay clock (rule 32).
    pub replayed: bool,
    /// The key that the command bore.
    pub key: Option<KeyUse>,
    /// The marks by which this very event is found again, for ever.
    pub marks: Vec<Mark>,
}
