//! Custom fields: which there are, and what is in them to be written.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use dossier_domain::fields::parse_key;

use super::Door;
use super::asked::Asked;
use super::docs::{AsNewAs, InWorkspace, OfField, Paging, Problems, Surroundings};
use super::reading::Reading;
use super::reply;
use crate::api::bodies::{FieldBody, FieldPage};
use crate::api::problem::Problem;
use crate::api::read::CommandName;
use crate::api::requests::{ChangeFieldRequest, DefineFieldRequest};
use crate::app::ask::Ask;

/// Lists the custom fields by their order, ties by key.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/fields", tag = "fields",
    params(
        InWorkspace, AsNewAs,
        ("retired" = Option<bool>, Query, description = "Whether retired ones are listed too"), Paging
    ),
    responses((status = 200, body = FieldPage), Problems)
)]
pub(super) async fn list(State(door): State<Door>, mut reading: Reading) -> Result<Json<FieldPage>, Problem> {
    let retired = reading.params.flag("retired");
    let cursor = reading.params.text("cursor");
    let limit = reading.params.limit();
    reading.begin(&door).await?;
    Ok(Json(door.house.fields(&reading.workspace, retired, cursor.as_deref(), limit).await?))
}

/// Defines a custom field. Its key and its type never change.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace}/fields", tag = "fields",
    params(InWorkspace, Surroundings), request_body = DefineFieldRequest,
    responses((status = 201, body = FieldBody, description = "Defined"), Problems)
)]
pub(super) async fn define(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    carried_out(&door, CommandName::DefineField, asked).await
}

/// Shows a custom field, a retired one too.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/fields/{field}", tag = "fields",
    params(OfField, AsNewAs), responses((status = 200, body = FieldBody), Problems)
)]
pub(super) async fn show(State(door): State<Door>, mut reading: Reading) -> Result<Response, Problem> {
    reading.begin(&door).await?;
    let key = parse_key(reading.part("field"))
        .map_err(|invalid| Problem::invalid_parameter(invalid.code(), format!("field in the path: {invalid}")))?;
    let (body, position) = door.house.field(&reading.workspace, &key).await?;
    Ok(reply::shown(body, position))
}

/// Changes the name, the options or the order: what is left out stays. An option that is taken away is offered no more;
/// contacts that have it still show it.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace}/fields/{field}", tag = "fields",
    params(OfField, Surroundings), request_body = ChangeFieldRequest,
    responses((status = 200, body = FieldBody), Problems)
)]
pub(super) async fn change(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    carried_out(&door, CommandName::ChangeField, asked).await
}

/// Retires a custom field, for ever: no contact shows it any more, its history stays, its key stays taken.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace}/fields/{field}", tag = "fields",
    params(OfField, Surroundings), responses((status = 200, body = FieldBody), Problems)
)]
pub(super) async fn retire(State(door): State<Door>, asked: Asked) -> Result<Response, Problem> {
    carried_out(&door, CommandName::RetireField, asked).await
}

/// Runs a command on a field, and answers the field as it is now: of a retry, as it has become since.
async fn carried_out(door: &Door, name: CommandName, asked: Asked) -> Result<Response, Problem> {
    let workspace = asked.workspace.clone();
    let key_of = |ask: &Ask| match ask {
        Ask::DefineField(new) => new.key.clone(),
        Ask::ChangeField(edit) => edit.key.clone(),
        Ask::RetireField(named) => named.key.clone(),
        _ => "".into(),
    };
    let (answer, key) = door.execute_keeping(name, asked, key_of).await?;
    let shown = door.house.field(&workspace, &key).await?;
    Ok(reply::changed(&answer, shown, format!("/v1/workspaces/{workspace}/fields/{key}")))
}
