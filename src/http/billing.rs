//! Monthly active contacts: cycles and who counts in them.

use axum::Json;
use axum::extract::State;

use super::Door;
use super::docs::{AsNewAs, InWorkspace, Paging, Problems};
use super::reading::Reading;
use crate::api::bodies::{CycleBody, CyclePage, MemberPage};
use crate::api::problem::Problem;

/// The cycles of the workspace, newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/billing/cycles", tag = "billing",
    params(InWorkspace, AsNewAs, Paging), responses((status = 200, body = CyclePage), Problems)
)]
pub(super) async fn cycles(State(door): State<Door>, mut reading: Reading) -> Result<Json<CyclePage>, Problem> {
    let cursor = reading.params.text("cursor");
    let limit = reading.params.limit();
    reading.begin(&door).await?;
    Ok(Json(door.house.cycle_page(&reading.workspace, cursor.as_deref(), limit).await?))
}

/// One cycle; closed, its statement.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/billing/cycles/{cycle}", tag = "billing",
    params(InWorkspace, ("cycle" = String, Path, description = "The local date of its start"), AsNewAs),
    responses((status = 200, body = CycleBody), Problems)
)]
pub(super) async fn cycle(State(door): State<Door>, mut reading: Reading) -> Result<Json<CycleBody>, Problem> {
    reading.begin(&door).await?;
    Ok(Json(door.house.cycle(&reading.workspace, reading.part("cycle")).await?))
}

/// The contacts that count in a cycle, each with the interaction that made it count.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/billing/cycles/{cycle}/contacts", tag = "billing",
    params(InWorkspace, ("cycle" = String, Path, description = "The local date of its start"), AsNewAs, Paging),
    responses((status = 200, body = MemberPage), Problems)
)]
pub(super) async fn members(State(door): State<Door>, mut reading: Reading) -> Result<Json<MemberPage>, Problem> {
    let cursor = reading.params.text("cursor");
    let limit = reading.params.limit();
    reading.begin(&door).await?;
    let cycle = reading.part("cycle");
    Ok(Json(door.house.cycle_members(&reading.workspace, cycle, cursor.as_deref(), limit).await?))
}
