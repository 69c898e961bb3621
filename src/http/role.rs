//! What a process that only projects is asked: its condition, and nothing that others serve.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Door;
use crate::api::problem::{Problem, ProblemKind};
use crate::house::Role;

/// What each process answers, whatever its role.
const CONDITION: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/v1/projections"];

/// Refuses what this process does not serve.
pub(super) async fn check(State(door): State<Door>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_condition = CONDITION.iter().any(|known| path.strip_prefix(known).is_some_and(is_whole));
    if door.house.role() == Role::Projector && !is_condition {
        let why = "this process projects and serves nothing else (--role projector): ask one of role api or all";
        return Problem::new(ProblemKind::OtherProcess, why).into_response();
    }
    next.run(request).await
}

/// Whether a part of a path ends where the rest begins.
fn is_whole(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
