//! What describes the contract: the parameters that many resources share, the answers that all may give, the document
//! made of it all, and a page to read it.
#![allow(dead_code, reason = "of the parameters only the documentation is used")]

use axum::Json;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Schema};
use utoipa::{IntoParams, IntoResponses};
use uuid::Uuid;

use super::router::contract;
use crate::api::requests::ProblemBody;

/// A workspace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InWorkspace {
    /// `[a-z0-9_-]{1,64}`; `default` is made on first use.
    workspace: String,
}

/// A contact in a workspace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfContact {
    /// `[a-z0-9_-]{1,64}`; `default` is made on first use.
    workspace: String,
    /// `id:<uuid>` or the bare uuid, `email:<address>`, `phone:<e164>`, `channel:<channel>:<external id>`.
    contact: String,
}

/// A merge in a workspace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfMerge {
    /// `[a-z0-9_-]{1,64}`; `default` is made on first use.
    workspace: String,
    /// Which merge.
    merge_id: Uuid,
}

/// A custom field in a workspace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfField {
    /// `[a-z0-9_-]{1,64}`; `default` is made on first use.
    workspace: String,
    /// Its key, `[a-z0-9_]{1,64}`.
    field: String,
}

/// A segment in a workspace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfSegment {
    /// `[a-z0-9_-]{1,64}`; `default` is made on first use.
    workspace: String,
    /// Its id or its name.
    segment: String,
}

/// What surrounds every command.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Surroundings {
    /// 1-256 characters; a retry with the same key gets the first answer.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
    /// The ETag that the contact, the field or the segment must still have.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
    /// `<kind>:<id>`; `api:anonymous` if left out.
    #[param(rename = "Dossier-Actor")]
    actor: Option<String>,
    /// `manual`, `api` (if left out), `import` or `workflow`.
    #[param(rename = "Dossier-Cause")]
    cause: Option<String>,
    /// What the command belongs to across systems.
    #[param(rename = "Dossier-Correlation-Id")]
    correlation_id: Option<Uuid>,
}

/// What surrounds every line that does not say otherwise.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct ActorAndCause {
    /// `<kind>:<id>`; `api:anonymous` if left out.
    #[param(rename = "Dossier-Actor")]
    actor: Option<String>,
    /// `manual`, `api` (if left out), `import` or `workflow`.
    #[param(rename = "Dossier-Cause")]
    cause: Option<String>,
    /// What the commands belong to across systems.
    #[param(rename = "Dossier-Correlation-Id")]
    correlation_id: Option<Uuid>,
}

/// How new a read must be.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AsNewAs {
    /// A `Dossier-Position` that the answer must rest on; the header `Dossier-Min-Position` says the same.
    min_position: Option<String>,
    /// How long to wait for it, in milliseconds; 2000 if left out, at most 60000.
    wait_ms: Option<u64>,
}

/// How to page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// 1-1000; 100 if left out.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What any request may be answered with.
#[derive(IntoResponses)]
pub(super) enum Problems {
    /// The request is wrong, or the rules refuse it.
    #[response(status = "4XX", content_type = "application/problem+json")]
    Refused(ProblemBody),
    /// Try again, or tell us.
    #[response(status = "5XX", content_type = "application/problem+json")]
    Failed(ProblemBody),
}

const ABOUT: &str = "An event-sourced contact store. Commands answer with the headers `ETag` (for `If-Match`) and \
    `Dossier-Position` (for `Dossier-Min-Position` or `?min_position=` of a read that must see them), and with `Location` \
    where something was made. Every answer bears `Dossier-Request-Id`, under which the log has it.";

/// The document, but for the paths.
pub(super) fn document() -> OpenApi {
    let info = InfoBuilder::new().title("Dossier").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).build();
    OpenApiBuilder::new().info(info).build()
}

/// The document with its last touches: names of operations that are unique, and members of answers that are never left
/// out marked as such.
pub(super) fn finished(mut document: OpenApi) -> OpenApi {
    for path in document.paths.paths.values_mut() {
        let methods = [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
        for operation in methods.into_iter().flatten() {
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            operation.operation_id = operation.operation_id.take().map(|name| format!("{tag}_{name}"));
        }
    }
    let answers = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (_, schema) in answers.filter(|(name, _)| !name.ends_with("Request") && !SPARSE.contains(&name.as_str())) {
        if let RefOr::T(Schema::Object(object)) = schema {
            object.required = object.properties.keys().cloned().collect();
        }
    }
    document
}

/// Answers that leave members out.
const SPARSE: [&str; 3] = ["AnswerBody", "LineBody", "ProblemBody"];

/// The contract as OpenAPI.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses((status = 200, body = Object, description = "The contract as OpenAPI")))]
pub(super) async fn openapi() -> Json<OpenApi> {
    Json(contract())
}

/// A page to read the contract.
#[utoipa::path(get, path = "/docs", tag = "operations", responses((status = 200, body = String, content_type = "text/html", description = "A page to read the contract")))]
pub(super) async fn page() -> Response {
    // The page carries all that it needs and may fetch nothing but the contract.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(include_str!("docs.html"))).into_response()
}
