//! Commands as a stream: NDJSON in, NDJSON out, one answer a line, in order. Two tasks serve a stream, each with a
//! bound on what it holds: one reads lines and carries them out, one after another; the other waits until their effect
//! is durable and sends the answers.

use axum::body::{Body, Bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;

use super::docs::{ActorAndCause, InWorkspace, Problems};
use super::headers::CommandHeaders;
use super::params::Params;
use super::reading::path_of;
use super::{Door, body};
use crate::api::bodies::LineBody;
use crate::api::problem::Problem;
use crate::api::requests::LineRequest;

mod intake;
mod lines;
mod output;
mod spool;

use intake::Intake;
use output::Output;

/// How many commands may be carried out and not yet durable.
const WINDOW: usize = 1_024;
/// How many pieces of answers may be on their way out.
const ON_THE_WAY: usize = 4;

/// Runs one command a line, as if one after another, and answers a line each, in order. A bad line is refused alone.
/// A line without a key gets one derived from all input up to it, so that the same input can be sent again.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/commands", tag = "commands",
    params(
        InWorkspace, ActorAndCause,
        ("clock" = Option<String>, Query, description = "`replay`: the `at` of a line stands for now (privileged)")
    ),
    request_body(content = LineRequest, content_type = "application/x-ndjson", description = "One command a line, at most 1 MiB each"),
    responses((status = 200, body = LineBody, content_type = "application/x-ndjson", description = "One answer a line"), Problems)
)]
pub(super) async fn run(
    State(door): State<Door>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (workspace, _) = path_of(&path)?;
    let mut params = Params::of(&uri);
    let replay = replay(&mut params);
    params.finish()?;
    body::check_type(&headers, body::NDJSON)?;
    let headers = of_all_lines(&headers)?;
    let settings = door.house.settings(&workspace).await?;
    let setting = headers.setting(workspace, settings.default_region.clone());

    let (taken, waiting) = mpsc::channel(WINDOW);
    let (out, answers) = mpsc::channel(ON_THE_WAY);
    tokio::spawn(Intake::new(door.clone(), setting, replay, taken).run(body));
    tokio::spawn(Output::new(door, waiting, out).run());
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], streamed(answers)).into_response())
}

fn replay(params: &mut Params) -> bool {
    match params.text("clock").as_deref() {
        None => false,
        Some("replay") => true,
        Some(_) => {
            params.wrong("clock", "unknown_value", "write replay, or leave it out");
            false
        }
    }
}

/// Headers that speak for every line. A key or a revision can only be meant for one.
fn of_all_lines(headers: &HeaderMap) -> Result<CommandHeaders, Problem> {
    let headers = CommandHeaders::of(headers)?;
    if headers.key.is_some() || headers.if_match.is_some() {
        let message = "the headers Idempotency-Key and If-Match: leave them out; a line bears its own key";
        return Err(Problem::invalid_parameter("not_for_lines", message));
    }
    Ok(headers)
}

fn streamed(answers: mpsc::Receiver<std::io::Result<Bytes>>) -> Body {
    let pieces = futures::stream::unfold(answers, |mut answers| async {
        let piece = answers.recv().await?;
        Some((piece, answers))
    });
    Body::from_stream(pieces)
}
