//! Segments: named filters, who is in them, and who came and went (rule 40).

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::Door;
use super::asked::Asked;
use super::docs::{AsNewAs, InWorkspace, OfSegment, Paging, Problems, Surroundings};
use super::reading::{Reading, WAIT_MAX_MS};
use super::reply;
use crate::api::bodies::{AnswerBody, SearchPage, SegmentBody, SegmentChangePage, SegmentPage};
use crate::api::problem::Problem;
use crate::api::read::{self, CommandName};
use crate::api::requests::{ChangeSegmentRequest, DefineSegmentRequest};
use crate::app::AppError;

/// Lists the segments by their names, with counts as of now.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/segments", tag = "segments",
    params(InWorkspace, AsNewAs, Paging), responses((status = 200, body = SegmentPage), Problems)
)]
pub(super) async fn list(State(door): State<Door>, mut reading: Reading) -> Result<Json<SegmentPage>, Problem> {
    let cursor = reading.params.text("cursor");
    let limit = reading.params.limit();
    reading.begin(&door).await?;
    Ok(Json(door.house.segments(&reading.workspace, cursor.as_deref(), limit).await?))
}

/// Defines a segment.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/segments", tag = "segments",
    params(InWorkspace, Surroundings), request_body = DefineSegmentRequest,
    responses((status = 201, body = SegmentBody, description = "Defined"), Problems)
)]
pub(super) async fn define(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    carried_out(&door, CommandName::DefineSegment, asked).await
}

/// Shows a segment. Its ETag is of its name and filter; the count is as of now.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/segments/{segment}", tag = "segments",
    params(OfSegment, AsNewAs), responses((status = 200, body = SegmentBody), Problems)
)]
pub(super) async fn show(State(door): State<Door>, mut reading: Reading) -> Result<Response, Problem> {
    reading.begin(&door).await?;
    let (body, position) = door.house.segment(&reading.workspace, reading.part("segment")).await?;
    Ok(reply::shown(body, position))
}

/// Changes the name or the filter: what is left out stays. Who enters or leaves by another filter does so now.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace}/segments/{segment}", tag = "segments",
    params(OfSegment, Surroundings), request_body = ChangeSegmentRequest,
    responses((status = 200, body = SegmentBody), Problems)
)]
pub(super) async fn change(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    carried_out(&door, CommandName::ChangeSegment, asked).await
}

/// Removes a segment and its feed; its name is free again. One that others refer to stays.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace}/segments/{segment}", tag = "segments",
    params(OfSegment, Surroundings), responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn remove(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::RemoveSegment, asked).await
}

/// The contacts that are in a segment now, as a page of a search.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/segments/{segment}/contacts", tag = "segments",
    params(
        OfSegment, AsNewAs,
        ("sort" = Option<String>, Query, description = "Up to three fields with commas between them, the greatest first where a hyphen stands before it"),
        ("columns" = Option<String>, Query, description = "Columns with commas between them; those of the usual table if left out"),
        ("count" = Option<bool>, Query, description = "Whether all of them are counted"), Paging
    ),
    responses((status = 200, body = SearchPage), Problems)
)]
pub(super) async fn contacts(State(door): State<Door>, mut reading: Reading) -> Result<Json<SearchPage>, Problem> {
    let (sort, columns) = (reading.params.list("sort"), reading.params.list("columns"));
    let (count, cursor, limit) = (reading.params.flag("count"), reading.params.text("cursor"), reading.params.limit());
    reading.begin(&door).await?;
    let workspace = &reading.workspace;
    let segment = door.house.segment_named(workspace, reading.part("segment")).await?;
    let body = json!({
        "filter": {"field": "segment", "op": "any_of", "value": [segment]},
        "sort": read::sort_by(&sort, str::to_owned),
        "columns": if columns.is_empty() { Value::Null } else { json!(columns) },
        "count": count, "cursor": cursor, "limit": limit,
    });
    let read =
        |vocabulary: dossier_domain::filter::Vocabulary<'_>| read::search(body.to_string().as_bytes(), vocabulary);
    let query = door.house.with_vocabulary(workspace, read).await??;
    Ok(Json(door.house.search(workspace, &query).await?))
}

/// The feed of a segment: who entered and left it, oldest first, for 30 days. `next_cursor` is always given, so that a
/// reader can go on. A cursor from which entries are gone, or of a feed before a rebuild, is answered with 410
/// `feed_reset` and the newest cursor: read the members, and go on from there.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/segments/{segment}/changes", tag = "segments",
    params(
        OfSegment,
        ("min_position" = Option<String>, Query, description = "A `Dossier-Position` that the answer must rest on"),
        ("wait_ms" = Option<u64>, Query, description = "How long to wait where there is nothing new, in milliseconds; 0 if left out, at most 60000"),
        Paging
    ),
    responses((status = 200, body = SegmentChangePage), Problems)
)]
pub(super) async fn changes(
    State(door): State<Door>,
    mut reading: Reading,
) -> Result<Json<SegmentChangePage>, Problem> {
    let (cursor, limit) = (reading.params.text("cursor"), reading.params.limit());
    let wait_ms: u64 = reading.params.number("wait_ms").unwrap_or(0);
    if wait_ms > WAIT_MAX_MS {
        reading.params.wrong("wait_ms", "out_of_range", "give at most 60000 milliseconds");
    }
    reading.begin(&door).await?;
    let (house, segment, wait) = (&door.house, reading.part("segment"), Duration::from_millis(wait_ms));
    let page = house.segment_changes(&reading.workspace, segment, cursor.as_deref(), limit, wait);
    tokio::select! {
        page = page => Ok(Json(page?)),
        () = door.closed() => Err(AppError::Unavailable("it is stopping".to_owned()).into()),
    }
}

/// Runs a command on a segment, and answers the segment as it is now: of a retry, as it has become since.
async fn carried_out(door: &Door, name: CommandName, asked: Asked) -> Result<Response, Problem> {
    let workspace = asked.workspace.clone();
    let (answer, _) = door.execute(name, asked).await?;
    let id = answer.segment.map(|id| id.to_string()).unwrap_or_default();
    let shown = door.house.segment(&workspace, &id).await?;
    Ok(reply::changed(&answer, shown, format!("/v1/workspaces/{workspace}/segments/{id}")))
}
