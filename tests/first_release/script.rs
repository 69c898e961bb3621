//! Plays the script: commands as NDJSON on a replay clock, and between them what only an accident does.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::api::problem::Problem;
use dossier::api::read::envelope::anonymous;
use dossier::api::read::{Setting, line};
use dossier::app::act::Act;
use dossier::app::ask::{Answer, Ask, Clock, Command, Envelope, Handle};
use dossier::app::protocol::claim::Named;
use dossier::house::House;
use dossier_domain::event::{ContactErased, MergePrepared, MergeTerms, WorkspaceConfigured};
use dossier_domain::field::MERGE_POLICY;
use dossier_domain::ids::{ContactId, Mark};
use dossier_domain::meta::Cause;
use dossier_domain::personal::Personal;
use dossier_domain::values::reference::parse_reference;
use serde::Deserialize;
use serde_json::Value;

/// One line of the script.
#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    /// A workspace is configured.
    Workspace { workspace: Arc<str>, at: DateTime<Utc>, settings: WorkspaceConfigured },
    /// A command in another workspace.
    In {
        #[serde(rename = "in")]
        workspace: Arc<str>,
        line: Value,
    },
    /// A command that is refused, with this problem.
    Refused { refused: String, line: Value },
    /// A process dies in the middle of a protocol.
    CutOff {
        at: DateTime<Utc>,
        #[serde(flatten)]
        accident: Accident,
    },
    /// A command in the default workspace.
    Command {},
}

/// After which append the process dies.
#[derive(Deserialize)]
#[serde(tag = "cut_off", rename_all = "snake_case")]
enum Accident {
    /// The lock stands in the secondary's stream, and the primary has not decided.
    Merge { primary: String, secondary: String },
    /// The identity is claimed, and its contact does not exist.
    Claim { channel: Arc<str>, external_id: Arc<str> },
    /// The root is erased; its key and what is below it are not.
    Erasure { contact: String },
}

/// Which lines are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of them.
    All,
    /// Commands that were accepted: those have an answer that is given again for ever.
    Accepted,
}

/// Plays a script, and hands what was answered to each accepted command to `told`.
pub(crate) async fn play(house: &House, script: &str, part: Part, mut told: impl FnMut(&str, Answer)) {
    let mut input = line::Input::default();
    for text in script.lines() {
        let step: Step = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        match step {
            Step::Workspace { workspace, at, settings } if part == Part::All => {
                house.execute(configure(workspace, at, settings)).await.unwrap();
            }
            Step::Refused { refused, line } if part == Part::All => {
                let command = read(&line.to_string(), "default", &mut input, house).await;
                let problem = Problem::from(house.execute(command).await.expect_err(text));
                assert_eq!(problem.kind().name(), refused, "{text}");
            }
            Step::CutOff { at, accident } if part == Part::All => cut_off(house, at, accident).await,
            Step::Workspace { .. } | Step::CutOff { .. } => {}
            Step::Refused { line, .. } => input.take(line.to_string().as_bytes()),
            Step::In { workspace, line } => {
                let command = read(&line.to_string(), &workspace, &mut input, house).await;
                told(text, execute(house, text, command).await);
            }
            Step::Command {} => {
                let command = read(text, "default", &mut input, house).await;
                told(text, execute(house, text, command).await);
            }
        }
        // Contacts are looked up by email and phone in the read models.
        house.catch_up().await.unwrap();
    }
}

async fn execute(house: &House, text: &str, command: Command) -> Answer {
    house.execute(command).await.unwrap_or_else(|error| panic!("{text}: {error}"))
}

async fn read(text: &str, workspace: &str, input: &mut line::Input, house: &House) -> Command {
    let settings = house.app().settings(workspace).await.unwrap();
    let setting = Setting {
        workspace: workspace.into(),
        region: settings.default_region.clone(),
        actor: anonymous(),
        cause: Cause::Api,
        correlation_id: None,
    };
    input.take(text.as_bytes());
    let line = line::read(text.as_bytes(), &setting, input, true);
    line.unwrap_or_else(|error| panic!("{text}: {error:?}")).command
}

fn configure(workspace: Arc<str>, at: DateTime<Utc>, settings: WorkspaceConfigured) -> Command {
    let envelope = Envelope {
        workspace,
        key: None,
        actor: anonymous(),
        cause: Cause::Api,
        correlation_id: None,
        if_match: None,
        clock: Clock::Replay(at),
        batch_id: None,
    };
    Command { envelope, ask: Ask::Configure(settings) }
}

async fn cut_off(house: &House, at: DateTime<Utc>, accident: Accident) {
    let act = Act::system("default".into(), at, true, Cause::Manual);
    let streams = &house.app().engine().streams;
    match accident {
        Accident::Merge { primary, secondary } => {
            let secondary = streams.contact(find(house, &act, &secondary).await).await.unwrap();
            let prepared = MergePrepared {
                merge: house.marks().merge_of(Mark(act.id().into_bytes())),
                primary: find(house, &act, &primary).await,
                policy: MERGE_POLICY,
                personal: Personal::Open(MergeTerms::default()),
            };
            let after = streams.append(&secondary, vec![act.draft(Some(Cause::Merge), prepared)]).await.unwrap();
            house.durable(after.position).await.unwrap();
        }
        Accident::Claim { channel, external_id } => {
            let named: Named = house.app().engine().named(act.workspace(), &Handle { channel, external_id });
            let nobody = house.marks().contact(Mark(named.identity.0.into_bytes()), 0);
            let identity = streams.identity(named.identity).await.unwrap();
            streams.append_identity(&identity, named.claimed(&act, nobody)).await.unwrap();
        }
        Accident::Erasure { contact } => {
            let contact = streams.contact(find(house, &act, &contact).await).await.unwrap();
            let after = streams.append(&contact, vec![act.draft(None, ContactErased { with: None })]).await.unwrap();
            house.durable(after.position).await.unwrap();
        }
    }
}

async fn find(house: &House, act: &Act, reference: &str) -> ContactId {
    let reference = parse_reference(reference, None).unwrap();
    house.app().find(act, &reference).await.unwrap()
}
