//! Contacts: making, showing, editing, erasing.

use axum::Json;
use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use dossier_domain::values::time::parse_time;

use super::Door;
use super::asked::Asked;
use super::docs::{AsNewAs, InWorkspace, OfContact, Problems, Surroundings};
use super::params::Params;
use super::reading::Reading;
use super::reply::{POSITION, etag};
use crate::api::bodies::{AnswerBody, ContactBody};
use crate::api::problem::Problem;
use crate::api::read::CommandName;
use crate::api::requests::{CreateContactRequest, UpdateContactRequest};
use crate::app::query::AsOf;

/// Makes a contact, or edits the one that matches.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/contacts", tag = "contacts",
    params(InWorkspace, Surroundings), request_body = CreateContactRequest,
    responses((status = 201, body = AnswerBody, description = "Made"), (status = 200, body = AnswerBody, description = "Edited"), Problems)
)]
pub(super) async fn create(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::CreateContact, asked).await
}

/// Shows a contact, composed over all that is absorbed in it.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/contacts/{contact}", tag = "contacts",
    params(
        OfContact, AsNewAs,
        ("as_of" = Option<String>, Query, description = "A past time; with the merges active then"),
        ("as_of_position" = Option<u64>, Query, description = "A past position in the log")
    ),
    responses((status = 200, body = ContactBody), Problems)
)]
pub(super) async fn show(State(door): State<Door>, mut reading: Reading) -> Result<Response, Problem> {
    let as_of = as_of(&mut reading.params);
    reading.begin(&door).await?;
    let contact = reading.contact(&door).await?;
    let body = door.house.contact(&reading.workspace, &contact, as_of).await?;
    let (position, body) = (body.position, Json(body));
    Ok(match as_of {
        None => ([(ETAG, etag(position)), (POSITION, position.into())], body).into_response(),
        // An erasure takes values out of the past, and its positions stay: no ETag tells its bodies apart.
        Some(_) => ([(POSITION, position)], body).into_response(),
    })
}

fn as_of(params: &mut Params) -> Option<AsOf> {
    let time = params.parsed("as_of", parse_time);
    let position = params.number("as_of_position");
    if time.is_some() && position.is_some() {
        params.wrong("as_of", "contradiction", "give a time or a position, not both");
    }
    time.map(AsOf::Time).or(position.map(AsOf::Position))
}

/// Edits the profile by a JSON merge patch.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace}/contacts/{contact}", tag = "contacts",
    params(OfContact, Surroundings), request_body = UpdateContactRequest,
    responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn update(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::UpdateContact, asked).await
}

/// Erases the contact and all that is absorbed in it, for ever.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace}/contacts/{contact}", tag = "contacts",
    params(OfContact, Surroundings), responses((status = 200, body = AnswerBody), Problems)
)]
pub(super) async fn delete(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    door.run(CommandName::DeleteContact, asked).await
}
