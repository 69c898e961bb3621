//! `dossier events`: the log, event by event, opened as far as its keys exist.

use std::io::{BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use clap::builder::PossibleValuesParser;
use dossier_domain::event::EVENT_TYPES;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Failure, Place, or_ask};
use crate::app::AppError;
use crate::ports::{EventStore, Recorded};
use crate::sealing::{Codec, Opened};

/// Events read at once.
const PAGE: usize = 512;

/// Prints the events of a workspace from the log, oldest first, opened as far as their keys exist.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dossier events --limit 20\n  dossier events --after 1200 --json\n  dossier events \
                        --type contact_merged --type contact_unmerged\n\n`dossier schemas` says what the data of each \
                        type looks like. The personal part of an erased event is null."
)]
pub(super) struct Events {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    wanted: Wanted,
    /// Prints every event as a JSON object on a line of its own.
    #[arg(long)]
    json: bool,
}

/// Which events.
#[derive(Debug, Args)]
struct Wanted {
    /// Only events after this position.
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// Only events of this type; may be given several times.
    #[arg(long = "type", value_name = "TYPE", value_parser = types(), hide_possible_values = true)]
    types: Vec<String>,
    /// At most so many events.
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

fn types() -> PossibleValuesParser {
    PossibleValuesParser::new(EVENT_TYPES.iter().map(|(name, _)| *name))
}

impl Wanted {
    fn takes(&self, recorded: &Recorded) -> bool {
        self.types.is_empty() || self.types.iter().any(|name| **name == *recorded.event.event_type)
    }
}

impl Events {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let workspace = self.place.workspace()?;
        let asked = format!("/v1/workspaces/{workspace}/events?after={}' -N", self.wanted.after);
        let house = self.place.open_existing().await.map_err(or_ask(&asked))?;
        let out = BufWriter::new(std::io::stdout());
        let mut printer = Printer { workspace: &workspace, wanted: &self.wanted, json: self.json, out, strange: 0 };
        printer.print(&**house.store(), house.codec()).await?;
        let strange = printer.strange;
        house.stop().await?;
        match strange {
            0 => Ok(ExitCode::SUCCESS),
            _ => Err(format!("{strange} events can't be read by this version of the program").into()),
        }
    }
}

struct Printer<'a, W> {
    workspace: &'a str,
    wanted: &'a Wanted,
    json: bool,
    out: W,
    /// Events that this version can't read.
    strange: u64,
}

impl<W: Write> Printer<'_, W> {
    /// Reads page by page, so that the log may be of any length. Ends early, and well, where nobody reads on.
    async fn print(&mut self, store: &dyn EventStore, codec: &Codec) -> Result<(), Failure> {
        let mut position = self.wanted.after;
        let mut left = self.wanted.limit.unwrap_or(u64::MAX);
        while left > 0 {
            let page = store.read_all(position, PAGE).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            for recorded in page.iter().filter(|recorded| self.wanted.takes(recorded)) {
                let Some(line) = self.line(recorded, codec.open(recorded).await)? else { continue };
                match writeln!(self.out, "{line}") {
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                    written => written?,
                }
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        match self.out.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            flushed => Ok(flushed?),
        }
    }

    /// The event in words; `None` if it is another workspace's.
    fn line(&mut self, recorded: &Recorded, opened: Result<Opened, AppError>) -> Result<Option<String>, Failure> {
        let line = match &opened {
            Ok(opened) if *opened.meta.workspace != *self.workspace => return Ok(None),
            Ok(opened) => Line::of(recorded, opened)?,
            Err(AppError::Internal(reason)) => {
                self.strange += 1;
                Line::unreadable(recorded, reason)
            }
            Err(error) => return Err(error.clone().into()),
        };
        Ok(Some(if self.json { serde_json::to_string(&line)? } else { line.in_columns()? }))
    }
}

/// An event as it is printed.
#[derive(Serialize)]
struct Line<'a> {
    position: u64,
    stream: String,
    revision: u64,
    id: Uuid,
    #[serde(rename = "type")]
    event_type: &'a str,
    version: u16,
    #[serde(flatten)]
    making: Option<Making<'a>>,
    data: Option<Data>,
    /// A key is lost, or bytes are damaged: `dossier verify` tells more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    damaged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

/// Who made it, when and why.
#[derive(Serialize)]
struct Making<'a> {
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    actor: String,
    cause: &'a str,
    correlation_id: Uuid,
    causation_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
}

/// Both parts, as the schema of the type describes them.
#[derive(Serialize)]
struct Data {
    public: Box<RawValue>,
    personal: Option<Box<RawValue>>,
}

impl<'a> Line<'a> {
    fn bare(recorded: &'a Recorded) -> Self {
        Line {
            position: recorded.position,
            stream: recorded.stream.to_string(),
            revision: recorded.revision,
            id: recorded.event.id,
            event_type: &recorded.event.event_type,
            version: recorded.event.version,
            making: None,
            data: None,
            damaged: false,
            problem: None,
        }
    }

    fn unreadable(recorded: &'a Recorded, reason: &'a str) -> Self {
        Line { problem: Some(reason), ..Line::bare(recorded) }
    }

    fn of(recorded: &'a Recorded, opened: &'a Opened) -> Result<Self, serde_json::Error> {
        let Opened { event, meta, damaged } = opened;
        let making = Making {
            at: meta.occurred_at,
            recorded_at: meta.recorded_at,
            actor: meta.actor.to_string(),
            cause: meta.cause.name(),
            correlation_id: meta.correlation_id,
            causation_id: meta.causation_id,
            batch_id: meta.batch_id,
            replayed: meta.replayed,
        };
        let personal = event.personal_json()?.map(|json| serde_json::from_slice(&json)).transpose()?;
        let data = Data { public: serde_json::from_slice(&event.public_json()?)?, personal };
        Ok(Line { making: Some(making), data: Some(data), damaged: *damaged, ..Line::bare(recorded) })
    }

    /// For people: the place, the time, who, what, and the parts that are not empty.
    fn in_columns(&self) -> Result<String, serde_json::Error> {
        let place = format!("{:>8}  {}@{}", self.position, self.stream, self.revision);
        let (Some(making), Some(data)) = (&self.making, &self.data) else {
            let reason = self.problem.unwrap_or_default();
            return Ok(format!("{place}  {} v{}  {reason}", self.event_type, self.version));
        };
        let at = making.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let parts = [Some(&data.public), data.personal.as_ref()].into_iter().flatten().map(|part| part.get());
        let parts: Vec<_> = parts.filter(|part| *part != "{}").collect();
        let damaged = if self.damaged { "  damaged" } else { "" };
        let line = format!("{place}  {at}  {}  {}  {}{damaged}", making.actor, self.event_type, parts.join(" "));
        Ok(line.trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dossier_domain::event::{CommentAdded, CommentText, ContactCreated, Event};
    use dossier_domain::ids::{ContactId, Stream};
    use dossier_domain::meta::Cause;
    use dossier_domain::personal::Personal;
    use serde_json::Value;

    use super::*;
    use crate::adapters::memory::{MemoryEventStore, MemoryKeyring};
    use crate::app::act::Act;
    use crate::ports::{Expected, Keyring};

    struct Log {
        store: MemoryEventStore,
        keyring: Arc<MemoryKeyring>,
        codec: Codec,
    }

    const ADA: ContactId = ContactId(Uuid::from_u128(1));
    const BEN: ContactId = ContactId(Uuid::from_u128(2));

    /// A contact with a comment in each of two workspaces.
    async fn log() -> Log {
        let keyring = Arc::new(MemoryKeyring::default());
        let log = Log { store: MemoryEventStore::default(), codec: Codec::new(keyring.clone()), keyring };
        for (workspace, contact, words) in [("default", ADA, "of Ada"), ("north", BEN, "of Ben")] {
            let comment = CommentAdded { personal: Personal::Open(CommentText { text: words.into() }) };
            log.append(workspace, contact, Expected::NoStream, ContactCreated {}).await;
            log.append(workspace, contact, Expected::Revision(0), comment).await;
        }
        log
    }

    impl Log {
        async fn append(&self, workspace: &str, contact: ContactId, expected: Expected, event: impl Into<Event>) {
            let act = Act::system(workspace.into(), DateTime::UNIX_EPOCH, false, Cause::Manual);
            let draft = act.draft(None, event);
            let stream = Stream::Contact(contact);
            let sealed = self.codec.seal(&stream, uuid::Uuid::new_v4(), &draft.event, &draft.meta).await.unwrap();
            self.store.append(&stream, expected, vec![sealed]).await.unwrap();
        }

        async fn printed(&self, workspace: &str, wanted: Wanted, json: bool) -> (Vec<String>, u64) {
            let mut printer = Printer { workspace, wanted: &wanted, json, out: Vec::new(), strange: 0 };
            printer.print(&self.store, &self.codec).await.unwrap();
            let lines = String::from_utf8(printer.out).unwrap();
            (lines.lines().map(str::to_owned).collect(), printer.strange)
        }
    }

    fn all() -> Wanted {
        Wanted { after: 0, types: Vec::new(), limit: None }
    }

    #[tokio::test]
    async fn a_workspace_sees_its_own_events_in_order() {
        let (lines, strange) = log().await.printed("north", all(), false).await;
        assert_eq!((lines.len(), strange), (2, 0));
        assert!(lines[0].starts_with("       3  contact-") && lines[0].ends_with("system:dossier  contact_created"));
        assert!(lines[1].ends_with(r#"1970-01-01T00:00:00Z  system:dossier  comment_added  {"text":"of Ben"}"#));
    }

    #[tokio::test]
    async fn events_are_picked_by_position_type_and_number() {
        let log = log().await;
        let comments = || Wanted { types: vec!["comment_added".into()], ..all() };
        assert_eq!(log.printed("default", comments(), false).await.0.len(), 1);
        assert_eq!(log.printed("default", Wanted { after: 1, ..all() }, false).await.0.len(), 1);
        assert_eq!(log.printed("default", Wanted { after: 2, ..all() }, false).await.0.len(), 0);
        assert_eq!(log.printed("default", Wanted { limit: Some(1), ..all() }, false).await.0.len(), 1);
        assert_eq!(log.printed("default", Wanted { limit: Some(0), ..all() }, false).await.0.len(), 0);
    }

    #[tokio::test]
    async fn an_erased_event_keeps_its_place_and_loses_its_words() {
        let log = log().await;
        log.keyring.destroy(ADA.0).await.unwrap();
        let (lines, _) = log.printed("default", all(), true).await;
        let comment: Value = serde_json::from_str(&lines[1]).unwrap();
        assert_eq!((&comment["position"], &comment["revision"]), (&2.into(), &1.into()));
        assert_eq!(comment["data"], serde_json::json!({"public": {}, "personal": null}));
        assert_eq!(comment.get("damaged"), None);
    }

    #[tokio::test]
    async fn an_event_of_a_newer_version_is_told_and_counted_and_stops_nothing() {
        let log = log().await;
        let stream = Stream::Contact(ADA);
        let mut strange = log.store.read_stream(&stream, 0, crate::ports::Direction::Forward, 1).await.unwrap();
        let strange = crate::ports::NewEvent { id: Uuid::from_u128(9), version: 99, ..strange.remove(0).event };
        log.store.append(&stream, Expected::Revision(1), vec![strange]).await.unwrap();
        log.append("default", ADA, Expected::Revision(2), ContactCreated {}).await;
        let (lines, strange) = log.printed("default", all(), true).await;
        assert_eq!((lines.len(), strange), (4, 1));
        let line: Value = serde_json::from_str(&lines[2]).unwrap();
        assert_eq!((&line["version"], &line["data"]), (&99.into(), &Value::Null));
        assert!(line["problem"].as_str().unwrap().contains("position 5"), "{line}");
    }
}
