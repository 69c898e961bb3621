//! A house in a temporary folder, spoken to in lines.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::api::read::envelope::anonymous;
use dossier::api::read::{Setting, line};
use dossier::app::AppError;
use dossier::app::ask::{Answer, Ask, Clock, Command, Envelope};
use dossier::app::clock::{SystemClock, Wall};
use dossier::app::query::{AsOf, TimelineQuery};
use dossier::house::{House, Options};
use dossier_domain::event::WorkspaceConfigured;
use dossier_domain::meta::Cause;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::reference::{Reference, parse_reference};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The workspace that everybody means.
pub(crate) const HOME: &str = "default";

/// A house whose projections move only when they are told to: nothing happens by itself.
pub(crate) struct World {
    pub(crate) house: Arc<House>,
    folder: TempDir,
    input: Mutex<line::Input>,
    wall: Arc<dyn Wall>,
}

impl World {
    pub(crate) async fn new() -> Self {
        World::by(Arc::new(SystemClock)).await
    }

    /// The same, by a clock of one's own.
    pub(crate) async fn by(wall: Arc<dyn Wall>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = House::open_at(folder.path(), Options::default(), wall.clone()).await.unwrap();
        house.fill().await.unwrap();
        World { house, folder, input: Mutex::default(), wall }
    }

    /// The same folder, opened again by a house that runs by itself.
    pub(crate) async fn restarted(self) -> Self {
        self.house.stop().await.unwrap();
        self.crashed().await
    }

    /// The same, by a house that nobody stopped. Nothing must have run in it.
    pub(crate) async fn crashed(self) -> Self {
        let World { house, folder, input, wall } = self;
        drop(house);
        let house = House::open_at(folder.path(), Options::default(), wall.clone()).await.unwrap();
        house.start().await.unwrap();
        World { house, folder, input, wall }
    }

    /// The same folder, opened by a house that has done nothing yet. Nothing must have run in the one before, which is
    /// stopped or left as in a crash.
    pub(crate) async fn opened_again(self, stopped: bool) -> Self {
        if stopped {
            self.house.stop().await.unwrap();
        }
        self.opened_again_after(|| {}).await
    }

    /// The same after a crash, with something done to the folder in between.
    pub(crate) async fn opened_again_after(self, work: impl FnOnce()) -> Self {
        let World { house, folder, input, wall } = self;
        drop(house);
        work();
        let house = House::open_at(folder.path(), Options::default(), wall.clone()).await.unwrap();
        World { house, folder, input, wall }
    }

    /// The folder, which no house holds any more.
    pub(crate) async fn stopped(self) -> TempDir {
        self.house.stop().await.unwrap();
        self.folder
    }

    /// Executes a line now, and projects what comes of it.
    pub(crate) async fn run(&self, line: Value) -> Answer {
        self.try_run(line).await.unwrap()
    }

    pub(crate) async fn try_run(&self, line: Value) -> Result<Answer, AppError> {
        self.execute(self.read(&line, false)).await
    }

    /// Defines custom fields that have no options.
    pub(crate) async fn define(&self, fields: &[(&str, &str)]) {
        for (key, kind) in fields {
            self.run(json!({"command": "define_field", "field": key, "name": key, "type": kind})).await;
        }
    }

    /// Executes a line at a past time.
    pub(crate) async fn at(&self, time: &str, line: Value) -> Answer {
        self.try_at(time, line).await.unwrap()
    }

    pub(crate) async fn try_at(&self, time: &str, mut line: Value) -> Result<Answer, AppError> {
        line["at"] = time.into();
        self.execute(self.read(&line, true)).await
    }

    pub(crate) async fn configure(&self, workspace: &str, time_zone: &str, anchor_day: u8, active_days: u16) {
        let settings = WorkspaceConfigured {
            time_zone: time_zone.into(),
            billing_anchor_day: anchor_day,
            default_region: None,
            active_days,
        };
        let envelope = Envelope {
            workspace: workspace.into(),
            key: None,
            actor: anonymous(),
            cause: Cause::Api,
            correlation_id: None,
            if_match: None,
            clock: Clock::Now,
            batch_id: None,
        };
        self.execute(Command { envelope, ask: Ask::Configure(settings) }).await.unwrap();
    }

    fn read(&self, line: &Value, replay: bool) -> Command {
        let bytes = serde_json::to_vec(line).unwrap();
        let mut input = self.input.lock();
        input.take(&bytes);
        line::read(&bytes, &setting(), &input, replay).unwrap().command
    }

    /// A line as a command, not executed yet.
    pub(crate) fn command(&self, line: &Value) -> Command {
        self.read(line, false)
    }

    /// What a line asks, for previews.
    pub(crate) fn ask(&self, line: &Value) -> Ask {
        self.read(line, false).ask
    }

    pub(crate) async fn execute(&self, command: Command) -> Result<Answer, AppError> {
        let answer = self.house.execute(command).await;
        if let Ok(answer) = &answer
            && answer.appended
        {
            assert!(answer.reach() >= self.head().await, "whoever waits for the answer's position misses something");
        }
        self.settle().await;
        answer
    }

    /// Projects all that is in the log.
    pub(crate) async fn settle(&self) {
        self.house.catch_up().await.unwrap();
    }

    pub(crate) async fn head(&self) -> u64 {
        self.house.store().head().await.unwrap()
    }

    /// Makes a contact with a first name and an identity `chat:<name>`; its id.
    pub(crate) async fn contact(&self, name: &str) -> String {
        let line = json!({"command": "create_contact", "first_name": name,
            "channels": [{"channel": "chat", "external_id": name}]});
        id_of(&self.run(line).await)
    }

    /// Says something by the identity `chat:<name>`.
    pub(crate) async fn says(&self, name: &str, message_id: &str) -> Answer {
        self.run(said(name, message_id)).await
    }

    pub(crate) async fn merge(&self, primary: &str, secondary: &str) -> String {
        let line = json!({"command": "merge_contacts", "primary": primary, "secondary": secondary});
        self.run(line).await.merge.unwrap().merge_id.to_string()
    }

    pub(crate) async fn unmerge(&self, merge: &str) -> Answer {
        self.run(json!({"command": "unmerge_contacts", "merge_id": merge})).await
    }

    pub(crate) async fn try_show(&self, text: &str, as_of: Option<AsOf>) -> Result<Value, AppError> {
        let body = self.house.contact(HOME, &reference(text), as_of).await?;
        Ok(serde_json::to_value(body).unwrap())
    }

    pub(crate) async fn show(&self, text: &str) -> Value {
        self.try_show(text, None).await.unwrap()
    }

    /// Why a contact is not shown.
    pub(crate) async fn refusal(&self, text: &str) -> Rejection {
        rejection(self.try_show(text, None).await)
    }
}

pub(crate) fn setting() -> Setting {
    Setting { workspace: HOME.into(), region: None, actor: anonymous(), cause: Cause::Api, correlation_id: None }
}

pub(crate) fn said(name: &str, message_id: &str) -> Value {
    json!({"command": "receive_message", "channel": "chat", "external_id": name, "message_id": message_id,
        "text": format!("{message_id} by {name}")})
}

pub(crate) fn reference(text: &str) -> Reference {
    parse_reference(text, None).unwrap()
}

pub(crate) fn id_of(answer: &Answer) -> String {
    answer.contact_id.unwrap().to_string()
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[track_caller]
pub(crate) fn rejection<T: std::fmt::Debug>(outcome: Result<T, AppError>) -> Rejection {
    match outcome {
        Err(AppError::Rejected(rejection)) => rejection,
        other => panic!("not refused by a rule: {other:?}"),
    }
}

/// All entries wanted, in one page.
pub(crate) fn all() -> TimelineQuery {
    TimelineQuery { kinds: Vec::new(), channel: None, external_id: None, cursor: None, limit: 1_000, own: false }
}
