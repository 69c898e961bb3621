//! What falls due by itself: snoozes end, billing cycles close (rules 11, 27, 32).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::billing::calendar::Cycle;
use dossier_domain::command::Change;
use dossier_domain::event::CycleClosed;
use dossier_domain::ids::ContactId;
use dossier_domain::meta::Cause;
use dossier_domain::rejection::Rejection;

use super::App;
use super::act::Act;
use super::error::AppError;
use super::protocol::resolve::Addressed;
use super::references::unmarked;

/// Something whose time has come.
enum Due {
    Snooze(DateTime<Utc>, ContactId),
    Cycle(Cycle),
}

impl App {
    /// Does everything that falls due in a workspace by `now`, each at its own time, in order.
    ///
    /// # Errors
    /// A store failed.
    pub async fn run_due(&self, workspace: &Arc<str>, now: DateTime<Utc>, replayed: bool) -> Result<(), AppError> {
        while let Some(due) = self.next_due(workspace, now) {
            match due {
                Due::Snooze(at, contact) => {
                    let act = Act::system(workspace.clone(), at, replayed, Cause::Timer);
                    self.wake(&act, contact).await?;
                }
                Due::Cycle(cycle) => {
                    let act = Act::system(workspace.clone(), cycle.end, replayed, Cause::Timer);
                    let closed = CycleClosed { cycle: cycle.name.clone(), end: cycle.end };
                    let draft = act.draft(None, closed);
                    self.write_workspace(&act, draft).await.map_err(unmarked)?;
                    self.workspaces.cycle_over(workspace, cycle.end);
                }
            }
        }
        Ok(())
    }

    /// The earliest of what is due.
    fn next_due(&self, workspace: &str, now: DateTime<Utc>) -> Option<Due> {
        let cycle = self.workspaces.running_cycle(workspace).filter(|cycle| cycle.end <= now);
        let until = cycle.as_ref().map_or(now, |cycle| cycle.end);
        match self.agenda.take_due(workspace, until) {
            Some((at, contact)) => Some(Due::Snooze(at, contact)),
            None => cycle.map(Due::Cycle),
        }
    }

    /// Opens the conversation if its snooze has passed; whatever became of the contact meanwhile wins.
    async fn wake(&self, act: &Act, contact: ContactId) -> Result<(), AppError> {
        match self
            .change(act, &Addressed { contact, if_match: None }, &Change::WakeConversation, None)
            .await
            .map_err(unmarked)
        {
            Ok(answer) => {
                if answer.appended {
                    self.workspaces.recorded_at(act.workspace(), act.now());
                }
                Ok(())
            }
            Err(AppError::Rejected(Rejection::ContactErased { .. } | Rejection::ContactNotFound)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
