//! How the house does: whether requests should be sent here, and whether a person must look.

use parking_lot::Mutex;

use super::House;
use crate::api::bodies::{Health, Readiness};

/// How far starting has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    /// Read models catch up, and what stood unfinished is finished.
    #[default]
    UnderWay,
    /// It runs.
    Done,
    /// It can't go on.
    Failed,
}

/// See [`Start`].
pub(super) type Started = Mutex<Start>;

impl House {
    /// Whether requests should be sent here: not before [`House::start`] is done. Reasons hold nothing that came from
    /// outside.
    pub fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        match *self.started.lock() {
            Start::UnderWay => {
                let reached = self.runner.state().reached;
                reasons.push(format!("it is starting: the read models are at position {reached}"));
                if !self.runner.leads() {
                    reasons.push("another process may write the read models, and this one waits for them".to_owned());
                }
            }
            Start::Failed => reasons.push(COULD_NOT_START.to_owned()),
            Start::Done => {}
        }
        reasons.extend(self.log.trouble().map(str::to_owned));
        if !self.runner.leads() && self.runner.state().failure.is_some() {
            reasons.push("the read models can't be reached".to_owned());
        }
        Readiness { ready: reasons.is_empty(), reasons }
    }

    /// Whether a person must look. What exactly failed is in the log lines.
    pub fn health(&self) -> Health {
        let damage = self.runner.damaged();
        let mut reasons = Vec::new();
        if *self.started.lock() == Start::Failed {
            reasons.push(COULD_NOT_START.to_owned());
        }
        reasons.extend(self.log.failure().map(str::to_owned));
        if self.runner.leads() && self.runner.state().failure.is_some() {
            reasons.push("the projections stand still".to_owned());
        }
        if damage > 0 {
            reasons.push(format!("{damage} stored events can't be opened, and nobody erased them: run dossier verify"));
        }
        Health { healthy: reasons.is_empty(), reasons, damage }
    }
}

const COULD_NOT_START: &str = "it could not start";
