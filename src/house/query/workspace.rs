//! The settings of a workspace.

use std::sync::Arc;

use dossier_domain::event::WorkspaceConfigured;

use crate::api::bodies::WorkspaceBody;
use crate::app::AppError;
use crate::house::House;

impl House {
    /// The settings of a workspace.
    ///
    /// # Errors
    /// There is no such workspace; a store failed.
    pub async fn settings(&self, workspace: &str) -> Result<Arc<WorkspaceConfigured>, AppError> {
        self.app.settings(workspace).await
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
