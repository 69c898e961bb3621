//! The settings of a workspace.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Door;
use super::asked::Asked;
use super::docs::{AsNewAs, InWorkspace, Problems, Surroundings};
use super::reading::Reading;
use super::reply::POSITION;
use crate::api::bodies::WorkspaceBody;
use crate::api::problem::Problem;
use crate::api::read::CommandName;
use crate::api::requests::WorkspaceRequest;

/// Shows the settings.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}", tag = "workspace",
    params(InWorkspace, AsNewAs), responses((status = 200, body = WorkspaceBody), Problems)
)]
pub(super) async fn show(State(door): State<Door>, mut reading: Reading) -> Result<Json<WorkspaceBody>, Problem> {
    reading.begin(&door).await?;
    Ok(Json(door.house.workspace(&reading.workspace).await?))
}

/// Sets all settings, and makes the workspace if there is none. Answers the settings.
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace}", tag = "workspace",
    params(InWorkspace, Surroundings), request_body = Option<WorkspaceRequest>,
    responses((status = 200, body = WorkspaceBody), Problems)
)]
pub(super) async fn configure(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    let workspace = asked.workspace.clone();
    let (answer, _) = door.execute(CommandName::ConfigureWorkspace, asked).await?;
    let body = door.house.workspace(&workspace).await?;
    Ok(([(POSITION, axum::http::HeaderValue::from(answer.position))], Json(body)).into_response())
}
