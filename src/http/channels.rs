//! Channel identities: claiming and releasing.

use axum::extract::State;
use axum::response::Response;

use super::Door;
use super::asked::Asked;
use super::docs::{OfContact, Problems, Surroundings};
use crate::api::bodies::AnswerBody;
use crate::api::problem::Problem;
use crate::api::read::CommandName;

/// Claims a channel identity for the contact.
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace}/contacts/{contact}/channels/{channel}/{external_id}", tag = "channels",
    params(
        OfContact, Surroundings,
        ("channel" = String, Path, description = "`[a-z0-9_-]{1,64}`"),
        ("external_id" = String, Path, description = "1-256 characters, percent-encoded")
    ),
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn claim(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::ClaimChannel, asked).await
}

/// Releases a channel identity that the contact shows.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace}/contacts/{contact}/channels/{channel}/{external_id}", tag = "channels",
    params(
        OfContact, Surroundings,
        ("channel" = String, Path, description = "`[a-z0-9_-]{1,64}`"),
        ("external_id" = String, Path, description = "1-256 characters, percent-encoded")
    ),
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn release(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::ReleaseChannel, asked).await
}
