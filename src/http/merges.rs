//! Merges: making, previewing, undoing, listing.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use dossier_domain::ids::MergeId;
use dossier_domain::values::reference::parse_contact_id;

use super::Door;
use super::asked::Asked;
use super::docs::{AsNewAs, InWorkspace, OfContact, OfMerge, Paging, Problems, Surroundings};
use super::reading::Reading;
use crate::api::bodies::{AnswerBody, MergeBody, MergePage, MergePreview, UnmergePreview};
use crate::api::problem::{Problem, ProblemKind};
use crate::api::read::CommandName;
use crate::api::requests::{MergeRequest, UnmergeRequest, UnmergeSecondaryRequest};
use crate::app::ask::Ask;

/// Merges two contacts.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/merges", tag = "merges",
    params(InWorkspace, Surroundings), request_body = MergeRequest,
    responses((status = 201, body = AnswerBody), Problems)
)]
pub(super) async fn merge(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::MergeContacts, asked).await
}

/// Says what a merge would do; changes nothing.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/merges/preview", tag = "merges",
    params(InWorkspace), request_body = MergeRequest, responses((status = 200, body = MergePreview), Problems)
)]
pub(super) async fn preview(State(door): State<Door>, asked: Asked) -> Result<Json<MergePreview>, Problem> {
    match asked.ask(&door, CommandName::MergeContacts).await? {
        Ask::Merge(merge) => Ok(Json(door.house.preview_merge(&asked.workspace, &merge).await?)),
        _ => Err(Problem::internal("a merge was read as something else")),
    }
}

/// Shows a merge, undone or not.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/merges/{merge_id}", tag = "merges",
    params(OfMerge, AsNewAs), responses((status = 200, body = MergeBody), Problems)
)]
pub(super) async fn show(State(door): State<Door>, mut reading: Reading) -> Result<Json<MergeBody>, Problem> {
    reading.begin(&door).await?;
    // What is no UUID names no merge.
    let id = parse_contact_id(reading.part("merge_id")).map(|id| MergeId(id.0));
    let id = id.map_err(|_| Problem::new(ProblemKind::MergeNotFound, "no such merge"))?;
    Ok(Json(door.house.merge(&reading.workspace, id).await?))
}

/// Shows the merges of a contact, undone ones included.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/contacts/{contact}/merges", tag = "merges",
    params(OfContact, AsNewAs, Paging), responses((status = 200, body = MergePage), Problems)
)]
pub(super) async fn of_contact(State(door): State<Door>, mut reading: Reading) -> Result<Json<MergePage>, Problem> {
    let cursor = reading.params.text("cursor");
    let limit = reading.params.limit();
    reading.begin(&door).await?;
    let contact = reading.contact(&door).await?;
    Ok(Json(door.house.merge_page(&reading.workspace, &contact, cursor.as_deref(), limit).await?))
}

/// Undoes a merge.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/merges/{merge_id}/unmerge", tag = "merges",
    params(OfMerge, Surroundings), request_body = Option<UnmergeRequest>,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn unmerge(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::UnmergeContacts, asked).await
}

/// Undoes the merge by which the secondary is absorbed in this contact, at any depth.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/unmerge", tag = "merges",
    params(OfContact, Surroundings), request_body = UnmergeSecondaryRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn unmerge_from(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::UnmergeContacts, asked).await
}

/// Says what an unmerge would do; changes nothing.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/merges/{merge_id}/unmerge/preview", tag = "merges",
    params(OfMerge), request_body = Option<UnmergeRequest>, responses((status = 200, body = UnmergePreview), Problems)
)]
pub(super) async fn preview_unmerge(State(door): State<Door>, asked: Asked) -> Result<Json<UnmergePreview>, Problem> {
    previewed(&door, &asked).await
}

/// The same, with the merge named by its secondary.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/{contact}/unmerge/preview", tag = "merges",
    params(OfContact), request_body = UnmergeSecondaryRequest, responses((status = 200, body = UnmergePreview), Problems)
)]
pub(super) async fn preview_unmerge_from(
    State(door): State<Door>,
    asked: Asked,
) -> Result<Json<UnmergePreview>, Problem> {
    previewed(&door, &asked).await
}

async fn previewed(door: &Door, asked: &Asked) -> Result<Json<UnmergePreview>, Problem> {
    match asked.ask(door, CommandName::UnmergeContacts).await? {
        Ask::Unmerge(unmerge) => Ok(Json(door.house.preview_unmerge(&asked.workspace, &unmerge).await?)),
        _ => Err(Problem::internal("an unmerge was read as something else")),
    }
}
