//! Reading while nothing is projected, by this process or by the one that does; and the count of active contacts as it stands
//! then.

use std::borrow::Cow;

use dossier_projections::mac::{Mac, MacRow};
use tokio::sync::MutexGuard;

use crate::app::AppError;
use crate::house::House;
use crate::projecting::Projectors;

/// Holds projecting still.
pub(super) struct Still<'h> {
    /// They know something where this process projects.
    projectors: MutexGuard<'h, Projectors>,
    _elsewhere: Option<Box<dyn Send + Sync>>,
}

impl House {
    /// Nothing is projected while the answer lives.
    pub(super) async fn still(&self) -> Result<Still<'_>, AppError> {
        let projectors = self.runner.projectors().await;
        let elsewhere = match self.read.lease() {
            Some(lease) if !self.runner.leads() => Some(lease.still().await?),
            _ => None,
        };
        Ok(Still { projectors, _elsewhere: elsewhere })
    }

    /// The count of a workspace: as stored, where another process projects.
    pub(super) async fn counting<'s>(
        &self,
        still: &'s Still<'_>,
        workspace: &str,
    ) -> Result<Option<Cow<'s, Mac>>, AppError> {
        if self.runner.leads() {
            return Ok(still.projectors.mac(workspace).map(Cow::Borrowed));
        }
        let rows = self.read.mac_rows().await?.into_iter().filter(|(of, _)| **of == *workspace);
        let rows: Vec<MacRow> = rows.map(|(_, row)| row).collect();
        Ok((!rows.is_empty()).then(|| Cow::Owned(Mac::restore(rows))))
    }
}
