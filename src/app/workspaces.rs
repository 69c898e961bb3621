//! Workspaces: their states, and the clock that a replay may not pass behind (rule 32).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::event::{Event, WorkspaceConfigured};
use dossier_domain::fields::Definitions;
use dossier_domain::ids::{SegmentId, Stream};
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{Break, armed};
use dossier_domain::workspace::{Workspace as State, WorkspaceCommand, decide};
use parking_lot::RwLock;

use super::App;
use super::act::Act;
use super::ask::Answer;
use super::error::AppError;
use super::protocol::{Ended, repeat};
use super::streams::{Draft, Lost};
use crate::ports::Direction;

/// The one workspace that is made on first use.
pub const DEFAULT_WORKSPACE: &str = "default";
/// Events read at once from its stream.
const PAGE: usize = 1_000;

/// One workspace, as far as commands need it.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// What its stream says.
    pub state: Arc<State>,
    /// Its custom fields, for whoever reads or filters values.
    pub fields: Arc<Definitions>,
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
        let WorkspaceConfigured { time_zone, billing_anchor_day, .. } = &*self.state.settings;
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

    /// Its stream was read or written to; a state that is older than the one known changes nothing, and its clock and
    /// cycle stay.
    fn take_state(&self, name: &Arc<str>, state: Arc<State>) {
        let fields = Arc::new(state.definitions());
        let mut known = self.known.write();
        match known.get_mut(name) {
            Some(workspace) if workspace.state.next_revision >= state.next_revision => {}
            Some(workspace) => (workspace.state, workspace.fields) = (state, fields),
            None => _ = known.insert(name.clone(), Workspace { state, fields, ..Workspace::default() }),
        }
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

    /// Takes up the clock and the cycle of a workspace where the log left them, unless they are known to be farther on.
    pub fn take_up(&self, name: &str, clock: Option<DateTime<Utc>>, cycle: Option<Cycle>) {
        if let Some(workspace) = self.known.write().get_mut(name) {
            workspace.clock = workspace.clock.max(clock);
            let is_farther = |known: &Cycle| cycle.as_ref().is_none_or(|cycle| known.end > cycle.end);
            workspace.cycle = workspace.cycle.take().filter(is_farther).or(cycle);
        }
    }
}

impl App {
    /// A workspace that exists: its settings, and its custom fields as of every command that was acknowledged.
    ///
    /// # Errors
    /// There is no such workspace; a store failed.
    pub async fn workspace(&self, name: &str) -> Result<Workspace, AppError> {
        // Where others write, what their commands added is read first.
        let believed = !self.among_others || armed(Break::OthersAreForgotten);
        match self.workspaces.get(name).filter(|_| believed) {
            Some(known) => Ok(known),
            None => self.meet_workspace(&name.into()).await,
        }
    }

    async fn meet_workspace(&self, name: &Arc<str>) -> Result<Workspace, AppError> {
        let state = self.read_workspace(name).await?;
        if state.revision().is_none() && **name != *DEFAULT_WORKSPACE {
            return Err(AppError::UnknownWorkspace);
        }
        self.workspaces.take_state(name, state);
        self.workspaces.get(name).ok_or(AppError::UnknownWorkspace)
    }

    /// The settings of a workspace.
    ///
    /// # Errors
    /// As [`App::workspace`].
    pub async fn settings(&self, name: &str) -> Result<Arc<WorkspaceConfigured>, AppError> {
        Ok(self.workspace(name).await?.state.settings.clone())
    }

    /// The state known, and what the stream holds beyond it.
    async fn read_workspace(&self, name: &Arc<str>) -> Result<Arc<State>, AppError> {
        let mut state = self.workspaces.get(name).map(|known| known.state).unwrap_or_default();
        let stream = Stream::Workspace(name.clone());
        loop {
            let page = self.store().read_stream(&stream, state.next_revision, Direction::Forward, PAGE).await?;
            for recorded in &page {
                let opened = self.engine.streams.codec().open(recorded).await?;
                Arc::make_mut(&mut state).evolve(&opened.event, recorded.revision, recorded.position);
            }
            if page.len() < PAGE {
                return Ok(state);
            }
        }
    }

    /// Appends to the workspace's stream what needs no decision.
    pub(super) async fn write_workspace(&self, act: &Act, draft: Draft) -> Result<(), Ended> {
        repeat(|| async {
            let now = self.read_workspace(act.workspace()).await?;
            self.append_workspace(act.workspace(), &now, std::slice::from_ref(&draft)).await?;
            Ok(())
        })
        .await
    }

    /// Appends at the revision of the state, and remembers the state after it.
    async fn append_workspace(&self, name: &Arc<str>, now: &State, drafts: &[Draft]) -> Result<Arc<State>, Lost> {
        let stream = Stream::Workspace(name.clone());
        let appended = self.engine.streams.write(&stream, now.revision(), drafts).await?;
        let mut after = now.clone();
        for (draft, (revision, position)) in drafts.iter().zip(appended.places()) {
            after.evolve(&draft.event, revision, position);
        }
        let after = Arc::new(after);
        self.workspaces.take_state(name, after.clone());
        Ok(after)
    }

    /// Decides a command on the workspace and appends what it comes to.
    pub(super) async fn change_workspace(
        &self,
        act: &Act,
        command: &WorkspaceCommand,
        if_match: Option<u64>,
    ) -> Result<Answer, Ended> {
        let status = if command.makes() { 201 } else { 200 };
        repeat(|| async {
            let now = self.read_workspace(act.workspace()).await?;
            let field = command.field().and_then(|key| now.fields.get(key));
            if let (Some(field), Some(expected)) = (field, if_match)
                && field.position != expected
            {
                return Err(Rejection::FieldConflict { actual: field.position }.into());
            }
            let segment = command.segment().and_then(|named| now.segment(named));
            if let (Some(segment), Some(expected)) = (segment, if_match)
                && segment.position != expected
            {
                return Err(Rejection::SegmentConflict { actual: segment.position }.into());
            }
            let events = decide(&now, command).map_err(AppError::from)?;
            let mut drafts: Vec<Draft> = events.into_iter().map(|event| act.draft(None, event)).collect();
            let Some(last) = drafts.last_mut() else {
                let etag = field.map(|field| field.position).or(segment.map(|segment| segment.position));
                let segment = segment.map(|segment| segment.id);
                return Ok(Answer { etag: etag.unwrap_or(now.position), segment, ..answer(&now, 200) });
            };
            let segment = segment_of(&last.event);
            act.put_key(last, status);
            let after = self.append_workspace(act.workspace(), &now, &drafts).await?;
            Ok(Answer { appended: true, segment, ..answer(&after, status) })
        })
        .await
    }
}

/// The segment that an event is about.
pub(super) fn segment_of(event: &Event) -> Option<SegmentId> {
    match event {
        Event::SegmentDefined(event) => Some(event.segment),
        Event::SegmentChanged(event) => Some(event.segment),
        Event::SegmentRemoved(event) => Some(event.segment),
        _ => None,
    }
}

fn answer(state: &State, status: u16) -> Answer {
    Answer {
        status,
        revision: state.revision().unwrap_or_default(),
        position: state.position,
        etag: state.position,
        ..Answer::default()
    }
}
