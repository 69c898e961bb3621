//! NDJSON: one command a line, each with its own envelope.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};

use dossier_domain::problem::Place;

use super::members::Members;
use super::{CommandName, Dialect, ReadError, Reader, Setting, canonical, envelope, json, text};
use crate::app::ask::{Ask, Clock, Command, Envelope, Key};

/// A command that was read from a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it calls itself.
    pub name: CommandName,
    /// The command.
    pub command: Command,
}

/// The input so far, from which lines without a key get one: the same input gives the same keys, so that it can be sent
/// again.
pub struct Input {
    digest: Context,
}

impl Default for Input {
    fn default() -> Self {
        Input { digest: Context::new(&SHA256) }
    }
}

impl Input {
    /// Goes on by a line, or the rest of one, which is given without its end: how lines end makes no difference.
    pub fn take(&mut self, line: &[u8]) {
        self.digest.update(line);
        self.digest.update(b"\n");
    }

    /// Goes on by a part of a line.
    pub fn feed(&mut self, part: &[u8]) {
        self.digest.update(part);
    }

    /// The key of the line taken last.
    pub fn key(&self) -> Arc<str> {
        format!("input:{}", hex::encode(self.digest.clone().finish())).into()
    }
}

/// Reads one line that was taken into the input. With `replay`, its `at` is required and stands for now (rule 32).
///
/// # Errors
/// All that is wrong with it.
pub fn read(bytes: &[u8], setting: &Setting, input: &Input, replay: bool) -> Result<Line, ReadError> {
    let json = json::parse(bytes)?;
    let mut reader = Reader::new(setting, Dialect::Line);
    let members = Members::of(&mut reader, Place::WHOLE, json);
    let line = members.and_then(|members| read_members(&mut reader, members, setting, input, replay));
    reader.done(line)
}

fn read_members(
    reader: &mut Reader<'_>,
    mut members: Members<'_>,
    setting: &Setting,
    input: &Input,
    replay: bool,
) -> Option<Line> {
    let name = members.required(reader, "command", |reader, place, json| {
        let name = reader.parsed(place, &json, |text| Ok(CommandName::of_line(text)))?;
        if name.is_none() {
            reader.errors.add(place, "unknown_command", "write the name of a command, such as receive_message");
        }
        name
    });
    let mut envelope = read_envelope(reader, &mut members, setting);
    let key = members.optional(reader, "key", |reader, place, json| reader.parsed(place, &json, envelope::parse_key));
    // What an unknown command would have for members, nobody knows.
    let name = name?;
    let ask = name.read(reader, &mut members);
    envelope.clock = clock(reader, &mut members, replay);
    members.finish(reader);
    let ask = ask?;
    let key = key.or_else(|| needs_key(&ask).then(|| input.key()));
    envelope.key = key.map(|text| Key { text, body: canonical(&ask).into() });
    Some(Line { name, command: Command { envelope, ask } })
}

fn read_envelope(reader: &mut Reader<'_>, members: &mut Members<'_>, setting: &Setting) -> Envelope {
    let actor =
        members.optional(reader, "actor", |reader, place, json| reader.parsed(place, &json, envelope::parse_caller));
    let cause = members.optional(reader, "cause", |reader, place, json| reader.named(place, &json, &envelope::CAUSES));
    let correlation_id = members.optional(reader, "correlation_id", text::uuid);
    reader.cause = cause.unwrap_or(setting.cause);
    Envelope {
        workspace: setting.workspace.clone(),
        key: None,
        actor: actor.unwrap_or_else(|| setting.actor.clone()),
        cause: reader.cause,
        correlation_id: correlation_id.or(setting.correlation_id),
        if_match: None,
        clock: Clock::Now,
        batch_id: None,
    }
}

/// `at`: an interaction has read it as its own; any other line may bear one, which counts on a replay alone.
fn clock(reader: &mut Reader<'_>, members: &mut Members<'_>, replay: bool) -> Clock {
    let at: Option<DateTime<Utc>> = match reader.at {
        Some(at) => Some(at),
        None => members.optional(reader, "at", text::time),
    };
    match at {
        Some(at) if replay => Clock::Replay(at),
        None if replay => {
            reader.errors.add(
                &members.place().member("at"),
                "required",
                "give the time; on a replay it stands for now",
            );
            Clock::Now
        }
        _ => Clock::Now,
    }
}

/// A message is known by its own id (rule 14), whatever input it comes in.
fn needs_key(ask: &Ask) -> bool {
    match ask {
        Ask::Receive(_) => false,
        Ask::Send(outbound) => outbound.message_id.is_none() || outbound.external_id.is_none(),
        _ => true,
    }
}
