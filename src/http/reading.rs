//! A read as it comes in over HTTP: its path, its parameters, and how new the read model must be.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use dossier_domain::values::reference::{Reference, parse_reference};
use dossier_domain::values::workspace::parse_workspace;

use super::params::Params;
use super::{Door, headers};
use crate::api::problem::{Problem, ProblemKind};

/// How long a read waits for its position unless it says otherwise.
const WAIT_USUAL_MS: u64 = 2_000;
/// How long it may say.
pub(super) const WAIT_MAX_MS: u64 = 60_000;

/// A request that reads.
#[derive(Debug)]
pub(super) struct Reading {
    /// As in the path; whether it exists is the application's to say.
    pub(super) workspace: Arc<str>,
    path: OtherParts,
    /// The parameters in the query.
    pub(super) params: Params,
    min_position: Option<u64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let (workspace, path) = path_of(&params)?;
        let min_position = headers::number(&parts.headers, "Dossier-Min-Position")?;
        Ok(Reading { workspace, path, params: Params::of(&parts.uri), min_position })
    }
}

impl Reading {
    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(own, _)| own == name).map_or("", |(_, text)| text)
    }

    /// Refuses what is wrong with the parameters, then waits until the read model is as new as it must be. To be
    /// called when every parameter of the resource was taken.
    pub(super) async fn begin(&mut self, door: &Door) -> Result<(), Problem> {
        let by_query = self.params.number("min_position");
        let wait_ms = self.params.number("wait_ms").unwrap_or(WAIT_USUAL_MS);
        if wait_ms > WAIT_MAX_MS {
            self.params.wrong("wait_ms", "out_of_range", "give at most 60000 milliseconds");
        }
        std::mem::take(&mut self.params).finish()?;
        match self.min_position.max(by_query) {
            Some(position) => Ok(door.house.wait_for(position, Duration::from_millis(wait_ms)).await?),
            None => Ok(()),
        }
    }

    /// The contact in the path.
    pub(super) async fn contact(&self, door: &Door) -> Result<Reference, Problem> {
        let settings = door.house.settings(&self.workspace).await?;
        parse_reference(self.part("contact"), settings.default_region.as_deref())
            .map_err(|invalid| Problem::invalid_parameter(invalid.code(), format!("contact in the path: {invalid}")))
    }
}

/// Parts of a path by name, the workspace aside.
type OtherParts = Vec<(Cow<'static, str>, String)>;

/// The workspace in the path, and its other parts by name. A name that no workspace can have is unknown.
pub(super) fn path_of(
    params: &Result<RawPathParams, RawPathParamsRejection>,
) -> Result<(Arc<str>, OtherParts), Problem> {
    let params = params.as_ref().map_err(|_| Problem::invalid_parameter("not_utf8", "write the path in UTF-8"))?;
    let mut workspace = None;
    let mut path = Vec::new();
    for (name, text) in params {
        match name {
            "workspace" => workspace = parse_workspace(text).ok(),
            _ => path.push((Cow::Owned(name.to_owned()), text.to_owned())),
        }
    }
    let unknown = || Problem::new(ProblemKind::UnknownWorkspace, "there is no such workspace");
    workspace.map(|workspace| (workspace, path)).ok_or_else(unknown)
}
