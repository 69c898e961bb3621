//! What is counted, as Prometheus text. Labels hold names from closed lists alone: nothing that came from outside.

use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Door;
use crate::api::bodies::ProjectionBody;
use crate::api::problem::Problem;
use crate::api::read::CommandName;

/// Upper ends of the buckets of every time, in seconds.
const BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often what was measured is folded, so that it takes no more and more room between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Counts, and renders what was counted.
#[derive(Clone)]
pub(super) struct Meters {
    handle: Option<PrometheusHandle>,
}

impl Meters {
    /// The recorder of this process, installed by whoever comes first.
    pub(super) fn install() -> Self {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        Meters { handle: HANDLE.get_or_init(install).clone() }
    }

    /// Counts a command and how long it took. A line may be none that can be named.
    pub(super) fn command(&self, name: Option<CommandName>, problem: Option<&Problem>, took: Duration) {
        let name = name.map_or("unreadable", CommandName::name);
        let outcome = problem.map_or("ok", |problem| problem.kind().name());
        counter!("dossier_commands_total", "command" => name, "outcome" => outcome).increment(1);
        histogram!("dossier_command_seconds", "command" => name).record(took);
    }

    /// Counts a request and how long its answer took to begin.
    pub(super) fn request(&self, route: String, method: &'static str, status: u16, took: Duration) {
        let status = status.to_string();
        counter!("dossier_http_requests_total", "route" => route.clone(), "method" => method, "status" => status)
            .increment(1);
        histogram!("dossier_http_request_seconds", "route" => route, "method" => method).record(took);
    }

    /// Notes what every projection is at.
    fn projections(&self, bodies: &[ProjectionBody]) {
        for body in bodies {
            gauge!("dossier_projection_checkpoint", "projection" => body.name.clone()).set(body.checkpoint as f64);
            gauge!("dossier_projection_lag", "projection" => body.name.clone()).set(body.lag as f64);
        }
    }

    /// Folds what was measured, for ever.
    pub(super) async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            if let Some(handle) = &self.handle {
                handle.run_upkeep();
            }
        }
    }
}

/// `None` where another recorder is installed already: then that one is served by whoever installed it.
fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(BUCKETS).ok()?;
    let handle = builder.install_recorder().ok()?;
    describe_counter!("dossier_commands_total", "Commands by name and outcome: ok, or the name of the problem");
    describe_histogram!("dossier_command_seconds", "Seconds from a command's arrival to its answer");
    describe_counter!("dossier_http_requests_total", "HTTP requests by route, method and status");
    describe_histogram!("dossier_http_request_seconds", "Seconds from a request to the beginning of its answer");
    describe_gauge!("dossier_projection_checkpoint", "Position of the last event that a projection holds");
    describe_gauge!("dossier_projection_lag", "Events between a projection and the head of the log");
    describe_gauge!(
        "dossier_damaged_events",
        "Events read since the start that can't be opened, though nobody erased them"
    );
    Some(handle)
}

/// What was counted.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String, content_type = "text/plain", description = "Prometheus text")))]
pub(super) async fn show(State(door): State<Door>) -> Response {
    if let Ok(bodies) = door.house.projections().await {
        door.meters.projections(&bodies);
    }
    gauge!("dossier_damaged_events").set(door.house.health().damage as f64);
    let text = door.meters.handle.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
