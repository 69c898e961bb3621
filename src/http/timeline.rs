//! What happened: the timeline for people, the history for audits.

use axum::Json;
use axum::extract::State;
use dossier_domain::values::channel::{parse_channel, parse_external_id};

use super::Door;
use super::docs::{AsNewAs, OfContact, Paging, Problems};
use super::params::Params;
use super::reading::Reading;
use crate::api::bodies::{EntryKind, EntryPage};
use crate::api::problem::Problem;
use crate::app::query::TimelineQuery;

/// Messages, comments and events of the contact, newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/contacts/{contact}/timeline", tag = "timeline",
    params(
        OfContact, AsNewAs, Paging,
        ("kind" = Option<String>, Query, description = "`message`, `comment`, `event`; several with commas"),
        ("channel" = Option<String>, Query, description = "Of this channel alone"),
        ("external_id" = Option<String>, Query, description = "Of this handle alone"),
        ("own" = Option<bool>, Query, description = "The named contact's own stream, without resolving")
    ),
    responses((status = 200, body = EntryPage), Problems)
)]
pub(super) async fn timeline(State(door): State<Door>, mut reading: Reading) -> Result<Json<EntryPage>, Problem> {
    let query = query(&mut reading.params);
    reading.begin(&door).await?;
    let contact = reading.contact(&door).await?;
    Ok(Json(door.house.timeline(&reading.workspace, &contact, &query).await?))
}

/// Every event of the tree, with before and after for edits, newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/contacts/{contact}/history", tag = "timeline",
    params(
        OfContact, AsNewAs, Paging,
        ("kind" = Option<String>, Query, description = "`message`, `comment`, `event`; several with commas"),
        ("channel" = Option<String>, Query, description = "Of this channel alone"),
        ("external_id" = Option<String>, Query, description = "Of this handle alone"),
        ("own" = Option<bool>, Query, description = "The named contact's own stream, without resolving")
    ),
    responses((status = 200, body = EntryPage), Problems)
)]
pub(super) async fn history(State(door): State<Door>, mut reading: Reading) -> Result<Json<EntryPage>, Problem> {
    let query = query(&mut reading.params);
    reading.begin(&door).await?;
    let contact = reading.contact(&door).await?;
    Ok(Json(door.house.history(&reading.workspace, &contact, &query).await?))
}

fn query(params: &mut Params) -> TimelineQuery {
    TimelineQuery {
        kinds: kinds(params),
        channel: params.parsed("channel", parse_channel),
        external_id: params.parsed("external_id", parse_external_id),
        cursor: params.text("cursor"),
        limit: params.limit(),
        own: params.flag("own"),
    }
}

fn kinds(params: &mut Params) -> Vec<EntryKind> {
    let mut kinds = Vec::new();
    for name in params.list("kind") {
        match EntryKind::from_name(&name) {
            Some(kind) => kinds.push(kind),
            None => params.wrong("kind", "unknown_value", "write message, comment or event"),
        }
    }
    kinds.dedup();
    kinds
}
