//! Filling the directory from the stored contacts: at start, and when it must be made anew.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use dossier_domain::state::Contact;
use dossier_projections::directory::{Directory, Filling};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::projectors::{Beside, Inputs, Looking};
use crate::app::AppError;
use crate::ports::read_store::Projection;

/// Contacts read at once.
const PAGE: usize = 1_000;
/// Parts of the ids that are read side by side: opening and reading a state costs more than indexing it.
const PARTS: u128 = 4;
/// Pages that wait to be taken.
const WAITING: usize = 8;

/// Reads every stored contact and indexes what is shown, as the workspaces mean it at a position of the log. Nothing may
/// be projected meanwhile.
///
/// # Errors
/// A store failed.
pub(super) async fn fill(inputs: &Inputs, meant_at: u64, now: DateTime<Utc>) -> Result<Directory, AppError> {
    let up_to = inputs.read.checkpoint(Projection::Contacts).await?;
    let (mut filling, mut met) = (Filling::default(), HashSet::new());
    let mut pages = pages(inputs, up_to);
    while let Some(page) = pages.recv().await {
        for contact in page? {
            if !met.contains(&contact.workspace) {
                filling.define(&contact.workspace, inputs.meaning(&contact.workspace, meant_at).await?);
                met.insert(contact.workspace.clone());
            }
            filling.take(&contact, now);
        }
    }
    let handle = Handle::current();
    tokio::task::block_in_place(|| {
        let mut beside = Beside::default();
        let mut looking = Looking { inputs, handle: &handle, checkpoint: up_to, beside: &mut beside };
        filling.finish(now, |id| looking.own(id))
    })
}

/// Reads every stored contact, in no certain order, and indexes nobody.
///
/// # Errors
/// A store failed.
pub(super) async fn look(inputs: &Inputs, mut each: impl FnMut(&Arc<Contact>)) -> Result<(), AppError> {
    let up_to = inputs.read.checkpoint(Projection::Contacts).await?;
    let mut pages = pages(inputs, up_to);
    while let Some(page) = pages.recv().await {
        page?.iter().for_each(&mut each);
    }
    Ok(())
}

pub(super) type Page = Result<Vec<Arc<Contact>>, AppError>;

/// All stored contacts, page by page.
pub(super) fn pages(inputs: &Inputs, up_to: u64) -> mpsc::Receiver<Page> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let width = u128::MAX / PARTS;
    for part in 0..PARTS {
        let (inputs, sender) = (inputs.clone(), sender.clone());
        let first = part * width;
        let after = (part > 0).then(|| ContactId(Uuid::from_u128(first)));
        let last = ContactId(Uuid::from_u128(if part + 1 == PARTS { u128::MAX } else { first + width }));
        tokio::spawn(async move {
            if let Err(error) = read_part(&inputs, after, last, up_to, &sender).await {
                // Whoever no longer listens has failed already.
                let _ = sender.send(Err(error)).await;
            }
        });
    }
    receiver
}

/// Contacts after one, up to another that is read too.
async fn read_part(
    inputs: &Inputs,
    mut after: Option<ContactId>,
    last: ContactId,
    up_to: u64,
    sender: &mpsc::Sender<Page>,
) -> Result<(), AppError> {
    loop {
        let page = inputs.read.contacts_between(after, last, PAGE).await?;
        let Some((id, _)) = page.last() else { return Ok(()) };
        after = Some(*id);
        let mut contacts = Vec::with_capacity(page.len());
        for (id, stored) in page {
            contacts.extend(inputs.state_of(id, stored, up_to).await?.map(Arc::new));
        }
        if sender.send(Ok(contacts)).await.is_err() {
            return Ok(());
        }
    }
}
