//! A history in memory.

use chrono::{DateTime, Utc};
use dossier::app::AppError;
use dossier::app::ask::{Answer, Ask};
use dossier::app::clock::Wall;
use dossier::ports::Recorded;
use dossier::sealing::Opened;
use futures::executor::block_on;

use crate::deeds::Deed;
use crate::history::{History, Stage};
use crate::world::World;

pub struct Memory(pub World);

impl Stage for Memory {
    fn now(&self) -> DateTime<Utc> {
        self.0.parts.clock.now()
    }

    fn ask(&mut self, key: &str, ask: &Ask) -> Result<Answer, AppError> {
        self.0.ask_as(key, ask.clone())
    }

    fn recorded_after(&self, position: u64) -> Vec<(Recorded, Opened)> {
        let events = block_on(self.0.parts.store.read_all(position, usize::MAX)).expect("the log is read");
        let open = |recorded: Recorded| {
            let opened = block_on(self.0.codec.open(&recorded)).expect("the event is read");
            (recorded, opened)
        };
        events.into_iter().map(open).collect()
    }
}

/// The history of these deeds.
pub fn played(deeds: &[Deed]) -> History<Memory> {
    let mut history = History::new(Memory(World::of("")));
    history.play(deeds);
    history
}
