//! Read models: what each is at, and rebuilding one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::Door;
use super::docs::Problems;
use crate::api::bodies::{ProjectionBody, ProjectionPage};
use crate::api::problem::Problem;

/// What every projection is at.
#[utoipa::path(get, path = "/v1/projections", tag = "operations", responses((status = 200, body = ProjectionPage), Problems))]
pub(super) async fn list(State(door): State<Door>) -> Result<Json<ProjectionPage>, Problem> {
    Ok(Json(ProjectionPage { projections: door.house.projections().await?, next_cursor: None }))
}

/// Begins to make a projection anew, beside the one that serves. One under way goes on.
#[utoipa::path(
    post, path = "/v1/projections/{name}/rebuild", tag = "operations",
    params(("name" = String, Path, description = "Of the projection")),
    responses((status = 202, body = ProjectionBody), Problems)
)]
pub(super) async fn rebuild(
    State(door): State<Door>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<ProjectionBody>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(door.house.begin_rebuild(&name).await?)))
}
