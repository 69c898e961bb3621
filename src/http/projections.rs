//! Read models: what each is at, and rebuilding one.

use axum::Json;
use axum::extract::rejection::PathRejection;
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
    name: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<ProjectionBody>), Problem> {
    let not_utf8 = |_| Problem::invalid_parameter("not_utf8", "write the path in UTF-8");
    let Path(name) = name.map_err(not_utf8)?;
    Ok((StatusCode::ACCEPTED, Json(door.house.begin_rebuild(&name).await?)))
}
