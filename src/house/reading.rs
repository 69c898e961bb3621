//! The read models as the command side uses them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dossier_domain::ids::ContactId;
use dossier_domain::state::Contact;
use dossier_domain::values::reference::Reference;
use dossier_projections::documents::LookupValue;

use crate::app::streams::Snapshots;
use crate::app::{AppError, Lookup};
use crate::ports::read_store::{ReadStore, StoredContact};
use crate::projecting::Runner;

/// How long a reference by email or phone waits for the read model.
const LOOKUP_WITHIN: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Reading {
    pub(super) read: Arc<dyn ReadStore>,
    pub(super) runner: Arc<Runner>,
}

#[async_trait]
impl Snapshots for Reading {
    async fn find(&self, contact: ContactId) -> Option<Contact> {
        match self.read.contact(contact).await {
            Ok(StoredContact::Found(state)) => Some(*state),
            Ok(StoredContact::Absent | StoredContact::Unreadable) => None,
            Err(error) => {
                tracing::warn!(error = %error, "a snapshot can't be read; the stream is folded from its start");
                None
            }
        }
    }
}

#[async_trait]
impl Lookup for Reading {
    async fn by_value(&self, workspace: &str, value: &Reference, position: u64) -> Result<Vec<ContactId>, AppError> {
        let value = match value {
            Reference::Email(email) => LookupValue::Email(email.folded()),
            Reference::Phone(phone) => LookupValue::Phone(phone.as_str().to_owned()),
            Reference::Id(_) | Reference::Channel { .. } => return Ok(Vec::new()),
        };
        // What nobody waits for lingers in the log before it is flushed; here somebody does.
        self.runner.inputs().store.durable(position).await?;
        let reached = tokio::time::timeout(LOOKUP_WITHIN, self.runner.reached(position)).await;
        reached.map_err(|_| AppError::ProjectionBehind { wanted: position, reached: self.runner.state().reached })?;
        Ok(self.read.by_value(workspace, &value).await?)
    }

    async fn spelling(&self, workspace: &str, key: &str) -> Result<Option<Arc<str>>, AppError> {
        match self.read.tables() {
            Some(tables) => Ok(tables.spelling(workspace, key).await?),
            None => Ok(None),
        }
    }

    fn projects(&self) -> bool {
        self.runner.leads()
    }
}
