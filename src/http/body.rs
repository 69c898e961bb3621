//! The bytes of a JSON body: how many, and of which type.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::api::problem::{Problem, ProblemKind};

/// The most bytes of a JSON body, and of one NDJSON line.
pub(super) const BODY_MAX: usize = 1024 * 1024;

/// The types by which a body says that it is JSON: also every `+json`.
const JSON: &[&str] = &["application/json"];

/// The types by which a body says that it is NDJSON.
pub(super) const NDJSON: &[&str] =
    &["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"];

/// Reads a JSON body; none at all is none.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_MAX) {
        return Err(too_large());
    }
    let bytes = match to_bytes(body, BODY_MAX).await {
        Ok(bytes) => bytes,
        Err(error) if is_limit(&error) => return Err(too_large()),
        Err(_) => return Err(Problem::new(ProblemKind::MalformedRequest, "the body broke off").with("offset", 0)),
    };
    if !bytes.is_empty() {
        check_type(headers, JSON)?;
    }
    Ok(bytes)
}

/// Refuses a body that says it is something else. One that says nothing is taken for what it should be.
pub(super) fn check_type(headers: &HeaderMap, supported: &'static [&'static str]) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if supported.contains(&&*essence) || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let detail = "send the body as one of the supported media types";
    Err(Problem::new(ProblemKind::UnsupportedMediaType, detail).with("supported", supported.to_vec()))
}

/// A body or a line beyond the limit.
pub(super) fn too_large() -> Problem {
    Problem::new(ProblemKind::BodyTooLarge, "send less at once").with("limit", BODY_MAX)
}

fn is_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}
