//! Interactions in and out, and what channels report on them.

use axum::extract::State;
use axum::response::Response;

use super::Door;
use super::asked::Asked;
use super::docs::{InWorkspace, OfContact, Problems, Surroundings};
use crate::api::bodies::AnswerBody;
use crate::api::problem::Problem;
use crate::api::read::CommandName;
use crate::api::requests::{ReceiveMessageRequest, SendMessageRequest, StatusRequest};

/// An interaction came in. One from an unknown identity makes the contact.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/messages", tag = "messages",
    params(InWorkspace, Surroundings), request_body = ReceiveMessageRequest,
    responses((status = 200, body = AnswerBody), (status = 201, body = AnswerBody, description = "The contact was made"), Problems)
)]
pub(super) async fn receive(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::ReceiveMessage, asked).await
}

/// An interaction goes out. By a `channel:` reference that nobody holds it makes the contact.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/messages", tag = "messages",
    params(OfContact, Surroundings), request_body = SendMessageRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn send(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::SendMessage, asked).await
}

/// The channel reports on an outbound message.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/messages/{message_id}/status", tag = "messages",
    params(OfContact, ("message_id" = String, Path, description = "1-256 characters, percent-encoded"), Surroundings), request_body = StatusRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn report(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::UpdateMessageStatus, asked).await
}
