//! Reading requests: from the bytes of a body, the parts of a path or one NDJSON line to an [`Ask`], by one reader for
//! all of them. Strict: what nobody asked for is refused, and all that is wrong with one body is reported together.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::command::ProfileValues;
use dossier_domain::field::Origin;
use dossier_domain::meta::{Actor, Cause};
use dossier_domain::problem::{Place, Problems};
use uuid::Uuid;

use crate::app::FieldError;
use crate::app::ask::{Ask, Clock, Command, Envelope, Key};

mod canonical;
mod contact;
mod conversation;
pub mod envelope;
mod field;
pub mod json;
pub mod line;
mod members;
mod merge;
mod message;
pub mod name;
mod profile;
mod search;
mod segment;
#[cfg(test)]
mod tests;
mod text;
mod workspace;

pub use canonical::canonical;
pub use members::PathParts;
pub use name::CommandName;
pub use search::{search, sort_by};

use json::{Json, Malformed};
use members::Members;

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It is JSON, and wrong.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
}

/// What reading needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The workspace that is addressed.
    pub workspace: Arc<str>,
    /// Its default region, for phone numbers without a country code.
    pub region: Option<Arc<str>>,
    /// Who acts, unless a line says otherwise.
    pub actor: Actor,
    /// Why, unless a line says otherwise.
    pub cause: Cause,
    /// What it belongs to, unless a line says otherwise.
    pub correlation_id: Option<Uuid>,
}

/// Reads one command that came with a body of its own.
///
/// # Errors
/// All that is wrong with it.
pub fn command(
    name: CommandName,
    path: &PathParts,
    body: &[u8],
    setting: &Setting,
    key: Option<Arc<str>>,
    if_match: Option<u64>,
) -> Result<Command, ReadError> {
    let ask = ask(name, path, body, setting)?;
    let key = key.map(|text| Key { text, body: canonical(&ask).into() });
    let envelope = Envelope {
        workspace: setting.workspace.clone(),
        key,
        actor: setting.actor.clone(),
        cause: setting.cause,
        correlation_id: setting.correlation_id,
        if_match,
        clock: Clock::Now,
        batch_id: None,
    };
    Ok(Command { envelope, ask })
}

/// Reads what is asked by a body; no body at all is an empty object.
///
/// # Errors
/// All that is wrong with it.
pub fn ask(name: CommandName, path: &PathParts, body: &[u8], setting: &Setting) -> Result<Ask, ReadError> {
    let json = if body.is_empty() { Json::Object(Vec::new()) } else { json::parse(body)? };
    let mut reader = Reader::new(setting, Dialect::Body);
    let ask = Members::of(&mut reader, Place::WHOLE, json).and_then(|members| {
        let mut members = members.with_path(path);
        let ask = name.read(&mut reader, &mut members);
        members.finish(&mut reader);
        ask
    });
    reader.done(ask)
}

/// Where a command is written: lines have members of their own, and short forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Body,
    Line,
}

/// What reading one command needs, and what it found wrong.
struct Reader<'c> {
    region: Option<&'c str>,
    dialect: Dialect,
    cause: Cause,
    /// The member `at`, once it was read.
    at: Option<DateTime<Utc>>,
    errors: Problems,
}

impl<'c> Reader<'c> {
    fn new(setting: &'c Setting, dialect: Dialect) -> Self {
        let errors = Problems::default();
        Reader { region: setting.region.as_deref(), dialect, cause: setting.cause, at: None, errors }
    }

    /// What was read, unless anything was wrong.
    fn done<T>(self, read: Option<T>) -> Result<T, ReadError> {
        debug_assert!(read.is_some() || !self.errors.is_empty(), "a reader that gives nothing has noted why");
        self.errors.or(read).map_err(ReadError::Invalid)
    }

    fn wrong_type<T>(&mut self, place: &Place<'_>, wanted: &str) -> Option<T> {
        self.errors.add(place, "wrong_type", format!("write {wanted} here"));
        None
    }

    /// Profile values by hand or by a program, as the cause says (rule 7).
    fn values(
        &self,
        values: Vec<(dossier_domain::field::Field, Option<dossier_domain::field::Value>)>,
    ) -> ProfileValues {
        let origin = match self.cause {
            Cause::Manual => Origin::Manual,
            Cause::Import => Origin::Import,
            _ => Origin::Api,
        };
        ProfileValues { values, origin }
    }
}
