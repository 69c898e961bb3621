//! Whether the store is alive, and whether to send requests here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Door;
use crate::api::bodies::{Health, Readiness};

/// Whether a person must look. It answers 503 then, for programs that look at nothing else.
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, body = Health, description = "All is well"), (status = 503, body = Health, description = "It is not"))
)]
pub(super) async fn health(State(door): State<Door>) -> (StatusCode, Json<Health>) {
    let health = door.house.health();
    (status(health.healthy), Json(health))
}

/// Whether requests should be sent here: not while it starts, and not while it stops.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses((status = 200, body = Readiness, description = "Ready"), (status = 503, body = Readiness, description = "Not ready"))
)]
pub(super) async fn readiness(State(door): State<Door>) -> (StatusCode, Json<Readiness>) {
    let mut readiness = door.house.readiness();
    if *door.closing.borrow() {
        readiness.ready = false;
        readiness.reasons.push("it is stopping".to_owned());
    }
    (status(readiness.ready), Json(readiness))
}

fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
