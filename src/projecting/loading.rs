//! Loading what contacts show into a store that was told their states alone while they were folded.

use std::sync::Arc;

use dossier_domain::compose::View;
use dossier_domain::state::Contact;
use dossier_projections::trees::root_of;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::filling::{Page, pages};
use super::projectors::{Beside, Inputs, Looking};
use super::tail::Remembered;
use crate::app::AppError;
use crate::ports::read_store::{Load, Projection};

/// Pages that are composed side by side.
const SIDE_BY_SIDE: usize = 4;

/// Composes every stored contact that is a root, and has the store take it, where the store wants that.
///
/// # Errors
/// A store failed; nothing can be done with this one then.
pub(super) async fn load(inputs: &Inputs) -> Result<(), AppError> {
    let Some(load) = inputs.read.load().await? else { return Ok(()) };
    let up_to = inputs.read.checkpoint(Projection::Contacts).await?;
    let pages = Arc::new(Mutex::new(pages(inputs, up_to)));
    let mut composing = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        composing.spawn(compose_pages(inputs.clone(), pages.clone(), up_to, load.clone()));
    }
    while let Some(composed) = composing.join_next().await {
        composed.map_err(|error| AppError::Internal(error.to_string()))??;
    }
    Ok(load.finish().await?)
}

/// Takes pages as long as there are some.
async fn compose_pages(
    inputs: Inputs,
    pages: Arc<Mutex<mpsc::Receiver<Page>>>,
    up_to: u64,
    load: Arc<dyn Load>,
) -> Result<(), AppError> {
    loop {
        let Some(page) = pages.lock().await.recv().await else { return Ok(()) };
        let page = page?;
        let views = tokio::task::block_in_place(|| composed(&inputs, &page, up_to))?;
        load.take(&views).await?;
    }
}

/// What those of a page show who are roots.
fn composed(inputs: &Inputs, page: &[Arc<Contact>], up_to: u64) -> Result<Vec<View>, AppError> {
    let (handle, mut beside) = (Handle::current(), Beside::default());
    let looking = Looking { inputs, handle: &handle, checkpoint: up_to, beside: &mut beside };
    let mut states = Remembered::new(looking, page.iter().cloned());
    let mut views = Vec::with_capacity(page.len());
    for contact in page {
        let root = root_of(&mut states, contact.id)?;
        if root.state.id == contact.id {
            views.extend(root.view(&mut states)?);
        }
    }
    Ok(views)
}
