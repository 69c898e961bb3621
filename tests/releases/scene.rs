//! The scene that every release plays once: a few weeks of two workspaces.

use chrono::NaiveDate;
use dossier::api::read::envelope::anonymous;
use dossier::api::read::{Setting, line};
use dossier::app::ask::{Answer, Ask, Clock, Command, Envelope};
use dossier::house::House;
use dossier_domain::event::WorkspaceConfigured;
use dossier_domain::meta::Cause;
use serde_json::{Value, json};

/// Workspaces with their time zones and anchor days.
pub(crate) const WORKSPACES: [(&str, &str, u8); 2] =
    [("default", "Asia/Kuala_Lumpur", 1), ("second", "Europe/Berlin", 31)];

const LINES: &str = include_str!("scene.ndjson");

/// Takes every line that was in the scene of a release, each with its time for now; already taken ones are answered as
/// the first time. A line that came later says `since` which release.
pub(crate) async fn play(house: &House, release: u64) -> Vec<Answer> {
    for (workspace, time_zone, day) in WORKSPACES {
        configure(house, workspace, time_zone, day).await;
    }
    let mut answers = Vec::new();
    for text in LINES.lines() {
        let mut told: Value = serde_json::from_str(text).unwrap();
        let since = told.as_object_mut().unwrap().remove("since").and_then(|since| since.as_u64());
        if since.is_none_or(|since| since <= release) {
            answers.push(submit(house, &told).await);
        }
    }
    answers
}

/// A line that goes on where the scene ends.
pub(crate) fn next() -> Value {
    let at = NaiveDate::from_ymd_opt(2024, 3, 3).unwrap();
    json!({"in": "default", "command": "receive_message", "at": format!("{at}T09:00:00Z"), "channel": "telegram",
        "external_id": "@ben", "message_id": "after the release", "text": "still there"})
}

/// One line; `in` names its workspace.
pub(crate) async fn submit(house: &House, told: &Value) -> Answer {
    let mut told = told.clone();
    let workspace = told.as_object_mut().unwrap().remove("in").unwrap();
    let setting = Setting {
        workspace: workspace.as_str().unwrap().into(),
        region: None,
        actor: anonymous(),
        cause: Cause::Api,
        correlation_id: None,
    };
    let bytes = told.to_string().into_bytes();
    let mut input = line::Input::default();
    input.take(&bytes);
    let command =
        line::read(&bytes, &setting, &input, true).unwrap_or_else(|error| panic!("{told}: {error:?}")).command;
    house.submit(&command).await.unwrap_or_else(|error| panic!("{told}: {error}"))
}

async fn configure(house: &House, workspace: &str, time_zone: &str, day: u8) {
    let settings = WorkspaceConfigured {
        time_zone: time_zone.into(),
        billing_anchor_day: day,
        default_region: None,
        active_days: 30,
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
    house.execute(Command { envelope, ask: Ask::Configure(settings) }).await.unwrap();
}
