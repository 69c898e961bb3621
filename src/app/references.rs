//! From what a caller wrote to the contact that is meant (rule 2).

use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::reference::Reference;

use super::App;
use super::act::Act;
use super::ask::Handle;
use super::error::AppError;
use super::protocol::{Ended, Stop, repeat};

impl App {
    /// The very contact that bears the reference, absorbed or not: merges are not followed (rule 21). A reference by
    /// email or phone finds the root that shows the value.
    pub(super) async fn bearer(&self, act: &Act, reference: &Reference) -> Result<ContactId, AppError> {
        match reference {
            Reference::Id(id) => Ok(*id),
            Reference::Channel { channel, external_id } => {
                let handle = Handle { channel: channel.clone(), external_id: external_id.clone() };
                let held = self.holder(act, &handle).await?;
                held.ok_or(Rejection::ContactNotFound.into())
            }
            Reference::Email(_) | Reference::Phone(_) => {
                let mut found = self.matches(act.workspace(), reference).await?;
                match found.len() {
                    0 => Err(Rejection::ContactNotFound.into()),
                    1 => Ok(found.remove(0)),
                    _ => Err(Rejection::AmbiguousReference { candidates: found }.into()),
                }
            }
        }
    }

    /// Live roots that a value finds, in a read model at least as new as every command of this process.
    pub async fn matches(&self, workspace: &str, reference: &Reference) -> Result<Vec<ContactId>, AppError> {
        self.lookup.by_value(workspace, reference, self.newest()).await
    }

    /// The contact whose own stream holds the handle, if a live tree shows it.
    pub(super) async fn holder(&self, act: &Act, handle: &Handle) -> Result<Option<ContactId>, AppError> {
        let named = self.engine.named(act.workspace(), handle);
        let held = repeat(|| async {
            let identity = self.engine.streams.identity(named.identity).await?;
            Ok(self.engine.shown_by(act, &identity).await?.map(|(_, claim)| claim.owner))
        });
        held.await.map_err(unmarked)
    }

    /// The contact a reference leads to, for reading: an erased one is named too.
    pub async fn find(&self, act: &Act, reference: &Reference) -> Result<ContactId, AppError> {
        self.bearer(act, reference).await
    }
}

/// Outcomes of protocols that append no marks.
pub(super) fn unmarked(ended: Ended) -> AppError {
    match ended {
        Ended::Error(error) => error,
        Ended::MarkTaken { position } => AppError::Internal(format!("unexpected mark at position {position}")),
    }
}

impl From<Rejection> for Ended {
    fn from(rejection: Rejection) -> Self {
        Ended::Error(rejection.into())
    }
}

impl From<Ended> for Stop {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::MarkTaken { position } => Stop::MarkTaken { position },
            Ended::Error(error) => error.into(),
        }
    }
}
