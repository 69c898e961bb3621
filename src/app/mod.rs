//! The application: what the outside may ask for, done over the ports.

use std::sync::Arc;

use tokio::sync::watch;

use crate::ports::EventStore;

pub mod act;
pub mod agenda;
pub mod ask;
pub mod cache;
mod carry_out;
pub mod clock;
mod contents;
mod custom;
pub mod due;
pub mod error;
mod execute;
mod passing;
pub mod protocol;
pub mod query;
mod recover;
mod references;
pub mod streams;
pub mod tags;
pub mod workspaces;

pub use error::{AppError, FieldError};

use agenda::Agenda;
use clock::Wall;
use protocol::Engine;
use tags::TagNames;
use workspaces::Workspaces;

/// Finds contacts by email or phone in a read model (rule 2).
#[async_trait::async_trait]
pub trait Lookup: Send + Sync {
    /// Live roots that show the value, or hold it by what they absorbed, in a read model that has reached `position`.
    async fn by_value(
        &self,
        workspace: &str,
        value: &dossier_domain::values::reference::Reference,
        position: u64,
    ) -> Result<Vec<dossier_domain::ids::ContactId>, AppError>;

    /// How a tag is spelled by its folded key, as far as the read model knows; asked where other processes write.
    async fn spelling(&self, _workspace: &str, _key: &str) -> Result<Option<Arc<str>>, AppError> {
        Ok(None)
    }

    /// Whether the read models are projected by this very process.
    fn projects(&self) -> bool {
        true
    }
}

/// All that a request can reach.
pub struct App {
    engine: Engine,
    workspaces: Workspaces,
    tags: TagNames,
    agenda: Agenda,
    wall: Arc<dyn Wall>,
    lookup: Arc<dyn Lookup>,
    /// Highest position that a command of this process was given.
    newest: watch::Sender<u64>,
    /// Whether other processes write to the log: what is remembered may be old then.
    among_others: bool,
}

impl App {
    /// An application over its ports.
    pub fn new(engine: Engine, wall: Arc<dyn Wall>, lookup: Arc<dyn Lookup>) -> Self {
        App {
            engine,
            workspaces: Workspaces::default(),
            tags: TagNames::default(),
            agenda: Agenda::default(),
            wall,
            lookup,
            newest: watch::Sender::new(0),
            among_others: false,
        }
    }

    /// The same where other processes write to the log too.
    #[must_use]
    pub fn among_others(self) -> Self {
        App { among_others: true, ..self }
    }

    /// The protocols and streams below.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The spellings of tags; filled from a read model at start.
    pub fn tag_names(&self) -> &TagNames {
        &self.tags
    }

    /// What falls due; filled from a read model at start.
    pub fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// The settings and clocks of workspaces.
    pub fn workspaces(&self) -> &Workspaces {
        &self.workspaces
    }

    /// Highest position that a command of this process was given; a read model that has reached it knows them all.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    fn store(&self) -> &Arc<dyn EventStore> {
        self.engine.streams.store()
    }
}
