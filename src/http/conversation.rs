//! What people do with a contact: its conversation, its assignee, comments, the block.

use axum::extract::State;
use axum::response::Response;

use super::Door;
use super::asked::Asked;
use super::docs::{OfContact, Problems, Surroundings};
use crate::api::bodies::AnswerBody;
use crate::api::problem::Problem;
use crate::api::read::CommandName;
use crate::api::requests::{AssignRequest, CloseRequest, CommentRequest, ReasonRequest, SnoozeRequest};

/// Opens the conversation.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/conversation/open", tag = "conversation",
    params(OfContact, Surroundings),
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn open(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::OpenConversation, asked).await
}

/// Closes the conversation.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/conversation/close", tag = "conversation",
    params(OfContact, Surroundings), request_body = Option<CloseRequest>,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn close(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::CloseConversation, asked).await
}

/// Lets the conversation sleep.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/conversation/snooze", tag = "conversation",
    params(OfContact, Surroundings), request_body = SnoozeRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn snooze(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::SnoozeConversation, asked).await
}

/// Gives the contact to somebody, or nobody.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/assign", tag = "conversation",
    params(OfContact, Surroundings), request_body = AssignRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn assign(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::Assign, asked).await
}

/// Writes an internal comment.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/comments", tag = "conversation",
    params(OfContact, Surroundings), request_body = CommentRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn comment(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::AddComment, asked).await
}

/// Blocks the contact, closing its conversation first.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/block", tag = "conversation",
    params(OfContact, Surroundings), request_body = Option<ReasonRequest>,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn block(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::BlockContact, asked).await
}

/// Unblocks the contact; nothing else is restored.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/unblock", tag = "conversation",
    params(OfContact, Surroundings), request_body = Option<ReasonRequest>,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn unblock(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::UnblockContact, asked).await
}
