//! The headers that requests bear, read by the same rules as the members of a line.

use std::sync::Arc;

use axum::http::HeaderMap;
use dossier_domain::meta::{Actor, Cause};
use dossier_domain::values::Invalid;
use dossier_domain::values::reference::parse_contact_id;
use uuid::Uuid;

use crate::api::problem::Problem;
use crate::api::read::Setting;
use crate::api::read::envelope::{CAUSES, anonymous, parse_caller, parse_key};
use crate::app::FieldError;

/// An entity tag that is none of ours: no contact will ever stand there.
const NEVER: u64 = u64::MAX;

/// What surrounds a command, as far as headers say.
#[derive(Clone, Debug)]
pub(super) struct CommandHeaders {
    pub(super) key: Option<Arc<str>>,
    pub(super) if_match: Option<u64>,
    pub(super) actor: Actor,
    pub(super) cause: Cause,
    pub(super) correlation_id: Option<Uuid>,
}

impl CommandHeaders {
    /// Reads them; all that is wrong is told together.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut reader = HeaderReader { headers, errors: Vec::new() };
        let read = CommandHeaders {
            key: reader.parsed("Idempotency-Key", parse_key),
            if_match: reader.text("If-Match").as_deref().and_then(|text| reader.if_match(text)),
            actor: reader.parsed("Dossier-Actor", parse_caller).unwrap_or_else(anonymous),
            cause: reader.cause().unwrap_or(Cause::Api),
            correlation_id: reader.uuid("Dossier-Correlation-Id"),
        };
        reader.finish().map(|()| read)
    }

    /// What reading needs to know of them, and of the workspace.
    pub(super) fn setting(&self, workspace: Arc<str>, region: Option<Arc<str>>) -> Setting {
        let CommandHeaders { actor, cause, correlation_id, .. } = self.clone();
        Setting { workspace, region, actor, cause, correlation_id }
    }
}

/// A header that holds a whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let mut reader = HeaderReader { headers, errors: Vec::new() };
    let number = reader.text(name).and_then(|text| {
        let number = text.trim().parse().ok();
        if number.is_none() {
            reader.wrong(name, "wrong_type", "write a whole number that is not negative");
        }
        number
    });
    reader.finish().map(|()| number)
}

struct HeaderReader<'h> {
    headers: &'h HeaderMap,
    errors: Vec<FieldError>,
}

impl HeaderReader<'_> {
    fn wrong(&mut self, name: &str, code: &'static str, message: &str) {
        let message = format!("the header {name}: {message}");
        self.errors.push(FieldError { pointer: String::new(), code, message });
    }

    /// The one value of a header, which must be UTF-8.
    fn text(&mut self, name: &str) -> Option<String> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            self.wrong(name, "duplicate_header", "give this header once");
            return None;
        }
        let text = std::str::from_utf8(value.as_bytes()).ok().map(str::to_owned);
        if text.is_none() {
            self.wrong(name, "not_utf8", "write it in UTF-8");
        }
        text
    }

    fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.wrong(name, invalid.code(), &invalid.to_string());
                None
            }
        }
    }

    fn cause(&mut self) -> Option<Cause> {
        let text = self.text("Dossier-Cause")?;
        let cause = CAUSES.iter().find(|(name, _)| *name == text).map(|(_, cause)| *cause);
        if cause.is_none() {
            self.wrong("Dossier-Cause", "unknown_value", "write one of manual, api, import, workflow");
        }
        cause
    }

    fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let id = parse_contact_id(&self.text(name)?).ok();
        if id.is_none() {
            self.wrong(name, "invalid_uuid", "write a UUID");
        }
        id.map(|id| id.0)
    }

    /// `*` holds of everything. A tag that is none of ours, weak ones too, holds of nothing (RFC 9110, 13.1.1).
    fn if_match(&mut self, text: &str) -> Option<u64> {
        let text = text.trim();
        if text == "*" {
            return None;
        }
        let opaque = text.strip_prefix("W/").unwrap_or(text);
        let quoted = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match quoted {
            Some(inner) if !inner.contains('"') => {
                let ours = (opaque.len() == text.len()).then(|| inner.parse().ok()).flatten();
                Some(ours.unwrap_or(NEVER))
            }
            _ => {
                self.wrong("If-Match", "invalid_etag", "write one entity tag in double quotes, as an answer gave it");
                None
            }
        }
    }

    fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Result<CommandHeaders, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        CommandHeaders::of(&headers)
    }

    #[test]
    fn headers_say_who_asks_why_and_under_which_key() {
        let read = read(&[
            ("idempotency-key", "k 1"),
            ("if-match", "\"42\""),
            ("dossier-actor", "user:7"),
            ("dossier-cause", "manual"),
            ("dossier-correlation-id", "0197f3a2-0000-7000-8000-000000000001"),
        ]);
        let read = read.unwrap();
        assert_eq!((read.key.as_deref(), read.if_match), (Some("k 1"), Some(42)));
        assert_eq!((read.actor.to_string().as_str(), read.cause), ("user:7", Cause::Manual));
        assert!(read.correlation_id.is_some());
    }

    #[test]
    fn without_headers_an_anonymous_program_asks() {
        let read = read(&[]).unwrap();
        assert_eq!((read.actor.to_string().as_str(), read.cause, read.key), ("api:anonymous", Cause::Api, None));
    }

    #[test]
    fn all_wrong_headers_are_told_together() {
        let long = "x".repeat(257);
        let wrong = [
            ("idempotency-key", &*long),
            ("if-match", "42"),
            ("dossier-actor", "system:dossier"),
            ("dossier-cause", "timer"),
            ("dossier-correlation-id", "7"),
        ];
        let problem = serde_json::to_value(read(&wrong).unwrap_err()).unwrap();
        let codes: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().filter_map(|e| e["code"].as_str()).collect();
        assert_eq!(codes, ["too_long", "invalid_etag", "invalid_actor", "unknown_value", "invalid_uuid"]);
    }

    #[test]
    fn an_entity_tag_that_is_none_of_ours_matches_nothing() {
        for foreign in ["\"abc\"", "W/\"42\"", "\"\""] {
            assert_eq!(read(&[("if-match", foreign)]).unwrap().if_match, Some(NEVER), "{foreign}");
        }
        assert_eq!(read(&[("if-match", "*")]).unwrap().if_match, None);
        assert!(read(&[("if-match", "\"1\", \"2\"")]).is_err());
    }
}
