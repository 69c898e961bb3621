//! The settings of a workspace.

use std::sync::Arc;

use dossier_domain::event::WorkspaceConfigured;

use crate::api::bodies::WorkspaceBody;
use crate::app::AppError;
use crate::app::workspaces::Workspace;
use crate::house::House;

impl House {
    /// The settings of a workspace.
    ///
    /// # Errors
    /// There is no such workspace; a store failed.
    pub async fn settings(&self, workspace: &str) -> Result<Arc<WorkspaceConfigured>, AppError> {
        self.app.settings(workspace).await
    }

    /// A workspace with its custom fields: as of every command that was acknowledged, and not before it is durable.
    ///
    /// # Errors
    /// As [`House::settings`].
    pub(super) async fn known_workspace(&self, workspace: &str) -> Result<Workspace, AppError> {
        let known = self.app.workspace(workspace).await?;
        self.durable(known.state.position).await?;
        Ok(known)
    }

    /// The settings of a workspace, as they are shown.
    ///
    /// # Errors
    /// As [`House::settings`].
    pub async fn workspace(&self, workspace: &str) -> Result<WorkspaceBody, AppError> {
        let settings = self.settings(workspace).await?;
        Ok(WorkspaceBody {
            time_zone: settings.time_zone.to_string(),
            billing_anchor_day: settings.billing_anchor_day,
            default_region: settings.default_region.as_deref().map(str::to_owned),
            active_days: settings.active_days,
        })
    }
}
