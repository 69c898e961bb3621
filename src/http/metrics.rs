//! What is counted, as Prometheus text. Labels hold names from closed lists alone: nothing that came from outside.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::{Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parking_lot::RwLock;

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
    commands: Arc<Found<(&'static str, &'static str)>>,
    requests: Arc<Found<(String, &'static str, u16)>>,
}

impl Meters {
    /// The recorder of this process, installed by whoever comes first.
    pub(super) fn install() -> Self {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        let handle = HANDLE.get_or_init(install).clone();
        Meters { handle, commands: Arc::default(), requests: Arc::default() }
    }

    /// Counts a command and how long it took. A line may be none that can be named.
    pub(super) fn command(&self, name: Option<CommandName>, problem: Option<&Problem>, took: Duration) {
        let name = name.map_or("unreadable", CommandName::name);
        let outcome = problem.map_or("ok", |problem| problem.kind().name());
        self.commands.record((name, outcome), took, |_| Meter {
            count: counter!("dossier_commands_total", "command" => name, "outcome" => outcome),
            seconds: histogram!("dossier_command_seconds", "command" => name),
        });
    }

    /// Counts a request and how long its answer took to begin.
    pub(super) fn request(&self, route: String, method: &'static str, status: u16, took: Duration) {
        self.requests.record((route, method, status), took, |(route, ..)| Meter {
            count: counter!("dossier_http_requests_total", "route" => route.clone(), "method" => method, "status" => status.to_string()),
            seconds: histogram!("dossier_http_request_seconds", "route" => route.clone(), "method" => method),
        });
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

/// A count and a time under the same labels.
struct Meter {
    count: Counter,
    seconds: Histogram,
}

/// Meters that were asked for before: finding one in the recorder takes longer than counting.
struct Found<K>(RwLock<HashMap<K, Meter>>);

impl<K> Default for Found<K> {
    fn default() -> Self {
        Found(RwLock::default())
    }
}

impl<K: Eq + Hash> Found<K> {
    fn record(&self, key: K, took: Duration, make: impl FnOnce(&K) -> Meter) {
        if let Some(meter) = self.0.read().get(&key) {
            return meter.record(took);
        }
        let meter = make(&key);
        meter.record(took);
        self.0.write().insert(key, meter);
    }
}

impl Meter {
    fn record(&self, took: Duration) {
        self.count.increment(1);
        self.seconds.record(took);
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
    describe_gauge!("dossier_projects", "1 where this process projects, 0 where another does");
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
    gauge!("dossier_projects").set(f64::from(u8::from(door.house.runner().leads())));
    gauge!("dossier_damaged_events").set(door.house.health().damage as f64);
    let text = door.meters.handle.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
