//! Workspaces: their settings, and the clock that a replay may not pass behind (rule 32).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::event::{Event, WorkspaceConfigured};
use dossier_domain::ids::Stream;
use dossier_domain::meta::Cause;
use parking_lot::RwLock;

use super::act::Act;
use super::ask::Answer;
use super::error::AppError;
use super::protocol::{Ended, Stop, repeat};
use super::streams::Draft;
use super::App;
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

    fn put(&self, name: Arc<str>, workspace: Workspace) {
        self.known.write().insert(name, workspace);
    }

    /// Moves the clock forward, never back.
    pub fn executed_at(&self, name: &str, at: DateTime<Utc>) {
        if self.known.read().get(name).is_some_and(|workspace| workspace.clock >= Some(at)) {
            return;
        }
        if let Some(workspace) = self.known.write().get_mut(name) {
            workspace.clock = workspace.clock.max(Some(at));
        }
    }

    /// The names of those met.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.known.read().keys().cloned().collect()
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
        let mut workspace = Workspace { settings: Arc::new(default_settings()), revision: None, clock: None };
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
        let mut event = Some(draft);
        let appended = repeat(|| async {
            let now = self.read_workspace(&name).await?;
            let draft = event.clone().ok_or(Stop::Again)?;
            let appended = self.engine.streams.write(&Stream::Workspace(name.clone()), now.revision, &[draft]).await?;
            Ok(appended)
        })
        .await?;
        event.take();
        let clock = self.workspaces.get(&name).and_then(|known| known.clock);
        let read = self.read_workspace(&name).await?;
        self.workspaces.put(name, Workspace { clock, ..read });
        Ok(Answer {
            status: 200,
            revision: appended.revision,
            position: appended.position,
            etag: appended.position,
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
