//! Workspaces: their settings, and the clock that a replay may not pass behind (rule 32).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::event::{Event, WorkspaceConfigured};
use dossier_domain::ids::Stream;
use dossier_domain::meta::Cause;
use parking_lot::RwLock;

use super::App;
use super::act::Act;
use super::ask::Answer;
use super::error::AppError;
use super::protocol::{Ended, repeat};
use super::streams::Draft;
use crate::ports::Direction;

/// The one workspace that is made on first use.
pub const DEFAULT_WORKSPACE: &str = "default";

/// One workspace, as far as commands need it.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its settings.
    pub settings: Arc<WorkspaceConfigured>,
    /// Revision of its stream's last event; `None` before the first.
    pub revision: Option<u64>,
    /// The latest time a command was executed at.
    pub clock: Option<DateTime<Utc>>,
    /// Whether that was a replayed time: then nothing falls due by the wall clock, which is far ahead, until a command
    /// comes by it or the process ends.
    pub replayed: bool,
    /// The billing cycle that runs; none before the first contact event.
    pub cycle: Option<Cycle>,
}

impl Workspace {
    fn billing(&self) -> Settings {
        let WorkspaceConfigured { time_zone, billing_anchor_day, .. } = &*self.settings;
        Settings::new(time_zone, *billing_anchor_day).unwrap_or_default()
    }
}

/// The workspaces that this process has met.
#[derive(Default)]
pub struct Workspaces {
    known: RwLock<HashMap<Arc<str>, Workspace>>,
}

impl Workspaces {
    /// A workspace that was met before.
    pub fn get(&self, name: &str) -> Option<Workspace> {
        self.known.read().get(name).cloned()
    }

    /// Met just now; somebody else may have met it meanwhile, and moved its clock.
    fn put(&self, name: Arc<str>, workspace: Workspace) {
        self.known.write().entry(name).or_insert(workspace);
    }

    /// Its stream was written to; its clock and cycle stay.
    fn configured(&self, name: Arc<str>, settings: Arc<WorkspaceConfigured>, revision: Option<u64>) {
        let mut known = self.known.write();
        let fresh = Workspace { settings: settings.clone(), revision, clock: None, replayed: false, cycle: None };
        let workspace = known.entry(name).or_insert(fresh);
        (workspace.settings, workspace.revision) = (settings, revision);
    }

    /// A command was executed: moves the clock forward, never back.
    pub fn executed_at(&self, name: &str, at: DateTime<Utc>, replayed: bool) {
        let known = |known: &Workspace| known.clock >= Some(at) && known.replayed == replayed;
        if self.known.read().get(name).is_some_and(known) {
            return;
        }
        if let Some(workspace) = self.known.write().get_mut(name) {
            workspace.clock = workspace.clock.max(Some(at));
            workspace.replayed = replayed;
        }
    }

    /// A replay goes on where the last one stopped: until then nothing falls due by the wall clock.
    pub fn replay(&self, name: &str) {
        if let Some(workspace) = self.known.write().get_mut(name) {
            workspace.replayed = true;
        }
    }

    /// Those that live by the wall clock.
    pub fn by_the_wall(&self) -> Vec<Arc<str>> {
        let known = self.known.read();
        known.iter().filter(|(_, workspace)| !workspace.replayed).map(|(name, _)| name.clone()).collect()
    }

    /// Something was recorded at a time: cycles that ended by then are closed by it, and the first one begins with it.
    pub fn recorded_at(&self, name: &str, at: DateTime<Utc>) {
        if self.known.read().get(name).is_some_and(|known| known.cycle.as_ref().is_some_and(|cycle| at < cycle.end)) {
            return;
        }
        if let Some(workspace) = self.known.write().get_mut(name) {
            let settings = workspace.billing();
            let mut cycle = workspace.cycle.take().unwrap_or_else(|| Cycle::holding(settings, at));
            while cycle.end <= at {
                cycle = cycle.next(settings);
            }
            workspace.cycle = Some(cycle);
        }
    }

    /// The cycle that ended at `end` is closed; the next one runs.
    pub fn cycle_over(&self, name: &str, end: DateTime<Utc>) {
        self.recorded_at(name, end);
    }

    /// The billing cycle that runs.
    pub fn running_cycle(&self, name: &str) -> Option<Cycle> {
        self.known.read().get(name)?.cycle.clone()
    }

    /// Takes up the clock and the cycle of a workspace where the log left them.
    pub fn take_up(&self, name: &str, clock: Option<DateTime<Utc>>, cycle: Option<Cycle>) {
        if let Some(workspace) = self.known.write().get_mut(name) {
            workspace.clock = workspace.clock.max(clock);
            workspace.cycle = cycle.or(workspace.cycle.take());
        }
    }
}

/// The settings of a workspace that was never configured.
pub fn default_settings() -> WorkspaceConfigured {
    WorkspaceConfigured { time_zone: "UTC".into(), billing_anchor_day: 1, default_region: None, active_days: 30 }
}

impl App {
    /// A workspace that exists.
    pub(super) async fn known_workspace(&self, name: &Arc<str>) -> Result<Workspace, AppError> {
        if let Some(known) = self.workspaces.get(name) {
            return Ok(known);
        }
        let workspace = self.read_workspace(name).await?;
        if workspace.revision.is_none() && **name != *DEFAULT_WORKSPACE {
            return Err(AppError::UnknownWorkspace);
        }
        self.workspaces.put(name.clone(), workspace.clone());
        Ok(workspace)
    }

    /// The settings of a workspace.
    pub async fn settings(&self, name: &str) -> Result<Arc<WorkspaceConfigured>, AppError> {
        Ok(self.known_workspace(&name.into()).await?.settings)
    }

    async fn read_workspace(&self, name: &Arc<str>) -> Result<Workspace, AppError> {
        let settings = Arc::new(default_settings());
        let mut workspace = Workspace { settings, revision: None, clock: None, replayed: false, cycle: None };
        let stream = Stream::Workspace(name.clone());
        let events = self.store().read_stream(&stream, 0, Direction::Forward, usize::MAX).await?;
        for recorded in &events {
            workspace.revision = Some(recorded.revision);
            if let Event::WorkspaceConfigured(settings) = self.engine.streams.codec().open(recorded).await?.event {
                workspace.settings = Arc::new(settings);
            }
        }
        Ok(workspace)
    }

    /// Appends to the workspace's stream.
    pub(super) async fn write_workspace(&self, act: &Act, draft: Draft) -> Result<Answer, Ended> {
        let name = act.workspace().clone();
        let stream = Stream::Workspace(name.clone());
        let appended = repeat(|| async {
            let now = self.read_workspace(&name).await?;
            let drafts = std::slice::from_ref(&draft);
            Ok(self.engine.streams.write(&stream, now.revision, drafts).await?)
        })
        .await?;
        let Workspace { settings, revision, .. } = self.read_workspace(&name).await?;
        self.workspaces.configured(name, settings, revision);
        Ok(Answer {
            status: 200,
            revision: appended.revision,
            position: appended.position,
            etag: appended.position,
            appended: true,
            ..Answer::default()
        })
    }

    /// Sets all settings.
    pub(super) async fn configure(&self, act: &Act, settings: &WorkspaceConfigured) -> Result<Answer, Ended> {
        let now = self.read_workspace(act.workspace()).await?;
        if now.revision.is_some() && *now.settings == *settings {
            let revision = now.revision.unwrap_or_default();
            return Ok(Answer { status: 200, revision, ..Answer::default() });
        }
        let mut draft = act.draft(Some(Cause::Api), settings.clone());
        act.put_key(&mut draft, 200);
        self.write_workspace(act, draft).await
    }
}
