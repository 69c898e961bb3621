//! One log line a request, without personal data: the route's template, never the path.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use super::Door;

/// Logs and counts a request, and tells the caller the id that stands in the log.
pub(super) async fn log(State(door): State<Door>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = Uuid::now_v7();
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = matched.unwrap_or_else(|| "none".to_owned());
    // A span is written into every line below it, which costs more than most requests: so only where that is asked for.
    let span = tracing::debug_span!("request", %id, method, route);
    let mut response = next.run(request).instrument(span).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    tracing::info!(%id, method, route, status, ms = took.as_secs_f64() * 1_000.0, "answered");
    door.meters.request(route, method, status, took);
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert("dossier-request-id", id);
    }
    response
}

/// Methods come from outside; those that mean nothing here are one.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}
