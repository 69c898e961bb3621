//! The store under test: lines in as `ingest` takes them, answers and read models out, in the oracle's words.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use dossier::api::bodies::ContactBody;
use dossier::api::problem::Problem;
use dossier::api::read::envelope::anonymous;
use dossier::api::read::{ReadError, Setting, line};
use dossier::app::AppError;
use dossier::app::ask::{Answer, Ask, Clock, Command, Envelope};
use dossier::app::query::AsOf;
use dossier::house::{House, Options};
use dossier::projecting;
use dossier_domain::billing::calendar::Cycle;
use dossier_domain::event::WorkspaceConfigured;
use dossier_domain::fields::FieldType;
use dossier_domain::ids::ContactId;
use dossier_domain::meta::Cause;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Life;
use dossier_domain::values::reference::Reference;
use dossier_domain::workspace::NewField;
use dossier_projections::mac::{Member, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::names::Names;

pub(crate) const WORKSPACE: &str = "default";

/// A store that is fed line by line on a replay clock.
pub(crate) struct Product {
    pub(crate) house: Arc<House>,
    pub(crate) reader: Reader,
    setting: Setting,
    input: line::Input,
    /// Position of the last event of each line that appended something, and the line.
    lines: Vec<(u64, u64)>,
}

impl Product {
    /// A new data folder with a workspace of these settings.
    pub(crate) async fn new(folder: &Path, options: Options, time_zone: &str, anchor_day: u32) -> Self {
        let house = House::open(folder, options).await.expect("a new data folder opens");
        house.start().await.expect("it starts");
        let setting = Setting {
            workspace: WORKSPACE.into(),
            region: None,
            actor: anonymous(),
            cause: Cause::Api,
            correlation_id: None,
        };
        let settings = WorkspaceConfigured {
            time_zone: time_zone.into(),
            billing_anchor_day: u8::try_from(anchor_day).expect("a day"),
            default_region: None,
            active_days: 30,
        };
        let envelope = Envelope {
            workspace: setting.workspace.clone(),
            key: None,
            actor: anonymous(),
            cause: Cause::Api,
            correlation_id: None,
            if_match: None,
            clock: Clock::Now,
            batch_id: None,
        };
        let (key, name) = ("tier".into(), "Tier".into());
        // What generated histories write.
        let tier = NewField { key, kind: FieldType::Number, name, options: Vec::new(), order: None };
        for ask in [Ask::Configure(settings), Ask::DefineField(tier)] {
            house.execute(Command { envelope: envelope.clone(), ask }).await.expect("it is taken");
        }
        let reader = Reader(house.clone());
        Product { house, reader, setting, input: line::Input::default(), lines: Vec::new() }
    }

    /// One line, read and executed as `ingest --replay-clock` does.
    pub(crate) async fn submit(&mut self, number: u64, command: &Value) -> Result<Answer, Refusal> {
        let bytes = command.to_string().into_bytes();
        self.input.take(&bytes);
        let line = line::read(&bytes, &self.setting, &self.input, true)?;
        let answer = self.house.submit(&line.command).await?;
        if answer.appended {
            self.lines.push((answer.position, number));
        }
        Ok(answer)
    }

    /// Waits until everything answered is durable and projected.
    pub(crate) async fn settle(&self) {
        let newest = self.lines.last().map_or(0, |(position, _)| *position);
        self.house.durable(newest).await.expect("the log is flushed");
        self.house.runner().reached(newest).await;
    }

    /// The line whose events hold a position.
    fn line_at(&self, position: u64) -> u64 {
        self.lines[self.lines.partition_point(|(last, _)| *last < position)].1
    }

    /// Every cycle, closed ones as they are stored and the running one as counted so far, in the oracle's form.
    pub(crate) async fn statements(&self, names: &Names) -> Vec<Value> {
        let read = self.house.read();
        let mut statements = Vec::new();
        for closed in read.closed_cycles(WORKSPACE).await.expect("cycles are read") {
            let members = read.members(WORKSPACE, &closed.cycle, None, usize::MAX).await.expect("members are read");
            assert_eq!(closed.active as usize, members.len());
            statements.push(json!({
                "cycle": closed.cycle, "start": rfc(closed.start), "end": rfc(closed.end), "state": "closed",
                "active": closed.active, "digest": closed.digest, "members": self.members(&members, names),
            }));
        }
        let projectors = self.house.runner().projectors().await;
        if let Some(mac) = projectors.mac(WORKSPACE)
            && let Some(Cycle { name, start, end, .. }) = mac.running()
        {
            let running = Statement { cycle: mac.running().expect("it runs").clone(), members: mac.members_now() };
            assert_eq!(mac.active_now(), running.count());
            statements.push(json!({
                "cycle": name, "start": rfc(*start), "end": rfc(*end), "state": "open", "active": running.count(),
                "digest": null, "members": self.members(&running.members, names),
            }));
        }
        statements
    }

    fn members(&self, members: &[Member], names: &Names) -> Vec<Value> {
        let row = |member: &Member| json!([names.label(member.contact.0), self.line_at(member.position)]);
        members.iter().map(row).collect()
    }

    /// The log is whole, and a rebuild from zero gives the same rows.
    pub(crate) async fn verify(&self) {
        self.settle().await;
        verify(&self.house).await;
    }
}

/// Asks the read models.
#[derive(Clone)]
pub(crate) struct Reader(Arc<House>);

impl Reader {
    /// What a contact shows, by any reference; now, or as things were at a time.
    pub(crate) async fn contact(&self, reference: &Reference, as_of: Option<AsOf>) -> Result<ContactBody, Rejection> {
        match self.0.contact(WORKSPACE, reference, as_of).await {
            Ok(body) => Ok(body),
            Err(AppError::Rejected(rejection)) => Err(rejection),
            Err(error) => panic!("{reference} is not looked up: {error}"),
        }
    }

    /// What a contact is, and the root that it leads to.
    pub(crate) async fn fate(&self, id: Uuid) -> (&'static str, Uuid) {
        match self.contact(&Reference::Id(ContactId(id)), None).await {
            Ok(body) if body.id.0 == id => ("live", id),
            Ok(body) => ("absorbed", body.id.0),
            Err(Rejection::ContactErased { .. }) => ("erased", self.erased_root(ContactId(id)).await.0),
            Err(rejection) => panic!("{id}: {rejection}"),
        }
    }

    /// An erased contact leads to the erased contact at the end of its chain of merges.
    async fn erased_root(&self, id: ContactId) -> ContactId {
        let engine = self.0.app().engine();
        let mut contact = engine.streams.contact(id).await.expect("a state is read");
        while let Some(above) = engine.absorbed_by(&contact).await.expect("a state is read") {
            assert_eq!((contact.life, above.life), (Life::Erased, Life::Erased));
            contact = above;
        }
        contact.id
    }
}

/// The log is whole, and a rebuild from zero gives the same rows, statements and digests.
pub(crate) async fn verify(house: &House) {
    let inputs = house.runner().inputs().clone();
    let verdict = projecting::verify(&inputs, |_| {}).await;
    let verdict = verdict.expect("everything can be read");
    assert!(verdict.events > 0 && verdict.rows > 0);
    assert_eq!(verdict.faults, Vec::<String>::new());
}

/// Why a line was refused.
pub(crate) struct Refusal {
    pub(crate) problem: &'static str,
    /// The contact that the refusal of a taken identity, or of a deletion, names.
    pub(crate) names: Option<Uuid>,
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let kind = Problem::from(error).kind();
        Refusal { problem: kind.name(), names: None }
    }
}

impl From<AppError> for Refusal {
    fn from(error: AppError) -> Self {
        let names = match &error {
            AppError::Rejected(Rejection::IdentityTaken { by }) => Some(by.0),
            AppError::Rejected(Rejection::ContactAbsorbed { root, .. }) => Some(root.0),
            _ => None,
        };
        let problem = Problem::from(error);
        assert!(problem.kind().status() < 500, "{problem:?}");
        Refusal { problem: problem.kind().name(), names }
    }
}

pub(crate) fn rfc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
