//! Queries that are on their way: this file goes when they come. Nothing here is real but what commands need.
#![allow(missing_docs, clippy::unused_async)]

use std::sync::Arc;

use chrono::DateTime;

use super::House;
use crate::api::bodies::*;
use crate::app::AppError;
use crate::ports::EventStore;

impl House {
    pub async fn events(&self, ws: &str, after: u64, _: &[String], limit: usize) -> Result<EventPage, AppError> {
        self.app.settings(ws).await?;
        let recorded = self.store.read_all(after, limit).await?;
        let reached = recorded.last().map_or(after, |last| last.position);
        let known =
            |name: &str| dossier_domain::event::EVENT_TYPES.iter().find(|(own, _)| *own == name).map(|(n, _)| *n);
        let entry = |one: crate::ports::Recorded| EntryBody {
            id: one.event.id,
            kind: EntryKind::Event,
            event_type: known(&one.event.event_type).unwrap_or_default(),
            at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            contact_id: None,
            position: one.position,
            actor: "api".into(),
            cause: dossier_domain::meta::Cause::Api,
            channel: None,
            external_id: None,
            data: serde_json::json!({}),
        };
        Ok(EventPage { entries: recorded.into_iter().map(entry).collect(), reached })
    }

    pub async fn wait_past(&self, position: u64) -> Result<u64, AppError> {
        Ok(self.store.wait_past(position).await?)
    }

    pub fn projections(&self) -> Vec<ProjectionBody> {
        vec![]
    }

    pub async fn rebuild(self: &Arc<Self>, _: &str) -> Result<ProjectionBody, AppError> {
        Err(AppError::UnknownProjection)
    }

    pub fn readiness(&self) -> Readiness {
        Readiness { ready: true, reasons: vec![] }
    }

    pub fn health(&self) -> Health {
        Health { healthy: true, reasons: vec![], damage: 0 }
    }
}
