//! Answers as HTTP: problems, bodies, and the headers that commands and contacts bear.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::bodies::{AnswerBody, AnswerShape};
use crate::api::problem::Problem;
use crate::app::ask::Answer;

/// Where in the log an answer stands; to be sent back with a read that must see it.
pub(super) const POSITION: HeaderName = HeaderName::from_static("dossier-position");

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The entity tag of a contact whose tree stands at a position.
pub(super) fn etag(position: u64) -> HeaderValue {
    text(format!("\"{position}\""))
}

/// The answer to a command: 200, or 201 with the place of what was made.
pub(super) fn answered(workspace: &str, answer: &Answer, shape: AnswerShape) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Json(AnswerBody::new(answer, shape))).into_response();
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(answer.etag));
    headers.insert(POSITION, answer.reach().into());
    if status == StatusCode::CREATED
        && let Some(place) = place_of(workspace, answer)
    {
        headers.insert(LOCATION, text(place));
    }
    response
}

/// A thing of a workspace as it is now, with the place in the log of the last event about it.
pub(super) fn shown<T: Serialize>(body: T, position: u64) -> Response {
    ([(ETAG, etag(position)), (POSITION, position.into())], Json(body)).into_response()
}

/// The answer to a command on such a thing: the thing, and where it is found if it was made.
pub(super) fn changed<T: Serialize>(answer: &Answer, (body, position): (T, u64), place: String) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = [(ETAG, etag(position)), (POSITION, answer.reach().into())];
    let mut response = (status, headers, Json(body)).into_response();
    if status == StatusCode::CREATED {
        response.headers_mut().insert(LOCATION, text(place));
    }
    response
}

fn place_of(workspace: &str, answer: &Answer) -> Option<String> {
    match (answer.merge, answer.contact_id) {
        (Some(merge), _) => Some(format!("/v1/workspaces/{workspace}/merges/{}", merge.merge_id)),
        (None, Some(contact)) => Some(format!("/v1/workspaces/{workspace}/contacts/{contact}")),
        (None, None) => None,
    }
}

/// A header of our own making: names, ids and numbers.
fn text(value: String) -> HeaderValue {
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""))
}
