//! Tags: on, off, and which there are.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::Door;
use super::asked::Asked;
use super::docs::{AsNewAs, InWorkspace, OfContact, Paging, Problems, Surroundings};
use super::reading::Reading;
use crate::api::bodies::{AnswerBody, TagPage};
use crate::api::problem::Problem;
use crate::api::read::CommandName;

/// Puts a tag on.
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace}/contacts/{contact}/tags/{tag}", tag = "tags",
    params(OfContact, ("tag" = String, Path, description = "1-100 characters"), Surroundings),
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn add(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::AddTag, asked).await
}

/// Takes a tag off.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace}/contacts/{contact}/tags/{tag}", tag = "tags",
    params(OfContact, ("tag" = String, Path, description = "1-100 characters"), Surroundings),
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn remove(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::RemoveTag, asked).await
}

/// Suggests tags with their usage, most used first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/tags", tag = "tags",
    params(
        InWorkspace, AsNewAs,
        ("prefix" = Option<String>, Query, description = "Compared folded; all if left out"), Paging
    ),
    responses((status = 200, body = TagPage), Problems)
)]
pub(super) async fn suggest(State(door): State<Door>, mut reading: Reading) -> Result<Json<TagPage>, Problem> {
    let prefix = reading.params.text("prefix").unwrap_or_default();
    let cursor = reading.params.text("cursor");
    let limit = reading.params.limit();
    reading.begin(&door).await?;
    Ok(Json(door.house.tags(&reading.workspace, &prefix, cursor.as_deref(), limit).await?))
}
