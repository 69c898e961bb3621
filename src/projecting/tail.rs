//! What happened after a snapshot: the log says whose streams went on, and their trees are composed again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::Contact;
use dossier_projections::directory::Directory;
use dossier_projections::trees::{States, shown};
use tokio::runtime::Handle;

use super::projectors::{Beside, Inputs, Looking};
use super::runner::PAGE;
use super::snapshot::{Head, Unfit};
use crate::app::AppError;

/// Contacts that are composed together.
const TOGETHER: usize = 4_096;
/// Where more than one contact in so many changed since the snapshot, filling takes no longer.
const SHARE: u64 = 8;
/// So many may change however few there are.
const FEW: u64 = 256;
/// So many events are looked through at most for each contact that may have changed.
const EVENTS: u64 = 32;

/// Stored name of the event of an erased contact.
const ERASED: &str = "contact_erased";

/// What the log says to have changed.
#[derive(Default)]
struct Tail {
    contacts: BTreeSet<ContactId>,
    workspaces: BTreeSet<Arc<str>>,
}

/// Brings a directory from where it was written to where the stored contacts are.
pub(super) async fn bring_up(
    inputs: &Inputs,
    directory: &mut Directory,
    Head { position, event }: Head,
    up_to: u64,
    now: DateTime<Utc>,
) -> Result<Result<(), Unfit>, AppError> {
    let last = inputs.store.read_all(position.saturating_sub(1), 1).await?;
    if last.first().map(|recorded| (recorded.position, recorded.event.id)) != Some((position, event)) {
        return Ok(Err(Unfit::OtherLog(position)));
    }
    let known: Vec<Arc<str>> = directory.iter().map(|(name, _)| name.clone()).collect();
    for name in &known {
        directory.restore(name, inputs.meaning(name, position).await?);
    }
    let contacts: u64 = directory.iter().map(|(_, known)| known.index().len()).sum();
    let tail = match tail_of(inputs, position, up_to, contacts / SHARE + FEW).await? {
        Ok(tail) => tail,
        Err(unfit) => return Ok(Err(unfit)),
    };
    for name in known.iter().filter(|name| tail.workspaces.contains(*name)) {
        let meaning = inputs.meaning(name, up_to).await?;
        if directory.has_strays(name, &meaning) {
            return Ok(Err(Unfit::Redefined));
        }
        directory.mean(name, meaning);
    }
    let contacts: Vec<ContactId> = tail.contacts.into_iter().collect();
    for together in contacts.chunks(TOGETHER) {
        put_again(inputs, directory, together, up_to, now).await?;
    }
    Ok(Ok(()))
}

/// Whose streams went on after a position and up to another.
async fn tail_of(inputs: &Inputs, mut after: u64, up_to: u64, at_most: u64) -> Result<Result<Tail, Unfit>, AppError> {
    let mut tail = Tail::default();
    if up_to - after > at_most.saturating_mul(EVENTS) {
        return Ok(Err(Unfit::FarBehind));
    }
    while after < up_to {
        let page = inputs.store.read_all(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for recorded in page.into_iter().filter(|recorded| recorded.position <= up_to) {
            if &*recorded.event.event_type == ERASED {
                return Ok(Err(Unfit::Erased));
            }
            match recorded.stream {
                Stream::Contact(id) => _ = tail.contacts.insert(id),
                Stream::Workspace(name) => _ = tail.workspaces.insert(name),
                Stream::Identity(_) => {}
            }
        }
        if tail.contacts.len() as u64 > at_most {
            return Ok(Err(Unfit::FarBehind));
        }
    }
    Ok(Ok(tail))
}

/// Puts contacts in again whose streams went on, and those who were, or came, below them by a merge.
async fn put_again(
    inputs: &Inputs,
    directory: &mut Directory,
    changed: &[ContactId],
    up_to: u64,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let handle = Handle::current();
    let (states, shown) = tokio::task::block_in_place(|| {
        let mut beside = Beside::default();
        let looking = Looking { inputs, handle: &handle, checkpoint: up_to, beside: &mut beside };
        let mut remembered = Remembered::new(looking, []);
        let (mut states, mut concerned) = (Vec::with_capacity(changed.len()), BTreeSet::new());
        for id in changed {
            let state = remembered.look(*id)?;
            concerned.extend(state.edges.iter().map(|edge| edge.secondary).chain([*id]));
            states.push(state);
        }
        Ok::<_, AppError>((states, shown(&mut remembered, concerned)?))
    })?;
    let is_new = |name: &&Arc<str>| directory.get(name).is_none();
    let named = states.iter().map(|state| &state.workspace).chain(shown.iter().map(|shown| &shown.workspace));
    let new: BTreeSet<Arc<str>> = named.filter(is_new).cloned().collect();
    for name in new {
        let meaning = inputs.meaning(&name, up_to).await?;
        directory.mean(&name, meaning);
    }
    states.iter().for_each(|state| directory.note(state));
    directory.put(&shown, now);
    Ok(())
}

/// Own states, each read once.
pub(super) struct Remembered<'l> {
    looking: Looking<'l>,
    states: HashMap<ContactId, Arc<Contact>>,
}

impl<'l> Remembered<'l> {
    /// These are known already.
    pub(super) fn new(looking: Looking<'l>, known: impl IntoIterator<Item = Arc<Contact>>) -> Self {
        Remembered { looking, states: known.into_iter().map(|state| (state.id, state)).collect() }
    }
}

impl States for Remembered<'_> {
    type Error = AppError;

    fn look(&mut self, id: ContactId) -> Result<Arc<Contact>, AppError> {
        if let Some(state) = self.states.get(&id) {
            return Ok(state.clone());
        }
        let state = self.looking.own(id)?;
        self.states.insert(id, state.clone());
        Ok(state)
    }
}
