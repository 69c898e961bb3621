//! The contacts table: filtered, searched, sorted, page by page.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State};

use super::docs::{AsNewAs, InWorkspace, Problems};
use super::reading::Reading;
use super::{Door, body};
use crate::api::bodies::SearchPage;
use crate::api::problem::Problem;
use crate::api::read;
use crate::api::requests::SearchRequest;

/// A read whose question does not fit into a query.
#[derive(Debug)]
pub(super) struct Searched {
    reading: Reading,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Searched {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let reading = Reading::from_request_parts(&mut parts, state).await;
        // Before anything is refused: a connection with half a body in it is closed, and the next request on it is lost.
        let body = body::read(&parts.headers, body).await;
        Ok(Searched { reading: reading?, body: body? })
    }
}

/// Finds contacts. Each has its id, its display name and the columns asked for; those of the usual table where none are.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts/search", tag = "contacts",
    params(InWorkspace, AsNewAs), request_body = Option<SearchRequest>,
    responses((status = 200, body = SearchPage), Problems)
)]
pub(super) async fn search(
    State(door): State<Door>,
    Searched { mut reading, body }: Searched,
) -> Result<Json<SearchPage>, Problem> {
    reading.begin(&door).await?;
    let workspace = &reading.workspace;
    let query = door.house.with_vocabulary(workspace, |vocabulary| read::search(&body, vocabulary)).await??;
    Ok(Json(door.house.search(workspace, &query).await?))
}
