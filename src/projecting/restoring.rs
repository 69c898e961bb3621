//! The directory taken from a snapshot, and brought to where the stored contacts are: what the log says to have changed
//! meanwhile is composed again. The result is what filling would give, without reading everybody.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::Contact;
use dossier_projections::directory::Directory;
use dossier_projections::trees::{States, shown};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::projectors::{Beside, Inputs, Looking};
use super::runner::{PAGE, Runner};
use crate::app::AppError;
use crate::ports::read_store::Projection;

/// Who may read a snapshot: the release, and a number to be raised with whatever changes within one how a directory is
/// written, or what contacts come to in it. Others fill anew.
const WRITTEN_BY: &str = concat!(env!("CARGO_PKG_VERSION"), "/1");
/// Contacts that are composed together.
const TOGETHER: usize = 4_096;
/// Where more than one contact in so many changed since the snapshot, filling takes no longer.
const SHARE: u64 = 8;
/// So many may change however few there are.
const FEW: u64 = 256;
/// So many events are looked through at most for each contact that may have changed.
const EVENTS: u64 = 32;

/// Why a snapshot is of no use; the directory is then filled anew.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// What was written does not come out again.
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It might be read otherwise than it was meant.
    #[error("another release wrote it")]
    OtherRelease,
    /// The read model, or the log, is an older copy.
    #[error("it is of position {of}, and the read model of contacts at {stored}")]
    Ahead {
        /// Where the directory stood.
        of: u64,
        /// Where the stored contacts are.
        stored: u64,
    },
    /// The log was replaced.
    #[error("the log holds another event at position {0} than when it was written")]
    OtherLog(u64),
    /// It may know who was erased.
    #[error("a contact was erased since")]
    Erased,
    /// Filling takes no longer.
    #[error("much has changed since")]
    FarBehind,
    /// Values that were stored before their field was defined: who shows them is known by reading everybody.
    #[error("a field was defined for values that were there before")]
    Redefined,
}

/// Why the directory was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// There is none, or it knows what could not be stored.
    #[error("there is no directory that is kept")]
    Nothing,
    /// Whoever projects goes first.
    #[error("the directory is wanted for something else")]
    Wanted,
    /// The output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The log failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// As of which event a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    position: u64,
    event: Uuid,
}

impl Head {
    fn store(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&[WRITTEN_BY.len() as u8])?;
        out.write_all(WRITTEN_BY.as_bytes())?;
        out.write_all(&self.position.to_le_bytes())?;
        out.write_all(self.event.as_bytes())
    }

    fn load(from: &mut impl Read) -> Result<Self, Unfit> {
        let mut length = [0];
        from.read_exact(&mut length)?;
        let mut written_by = vec![0; usize::from(length[0])];
        from.read_exact(&mut written_by)?;
        if written_by != WRITTEN_BY.as_bytes() {
            return Err(Unfit::OtherRelease);
        }
        let (mut position, mut event) = ([0; 8], [0; 16]);
        from.read_exact(&mut position)?;
        from.read_exact(&mut event)?;
        Ok(Head { position: u64::from_le_bytes(position), event: Uuid::from_bytes(event) })
    }
}

/// What the log says to have changed.
#[derive(Default)]
struct Tail {
    contacts: BTreeSet<ContactId>,
    workspaces: BTreeSet<Arc<str>>,
}

impl Runner {
    /// Takes the directory from what [`Runner::store_directory`] wrote, and keeps it from then on; answers the position
    /// that it was of. `opened` is read to its end and given back by `finish`, which may find that it was cut off.
    ///
    /// # Errors
    /// A store failed. Where the snapshot is of no use, nothing has changed.
    pub async fn restore<R: Read + Send>(
        &self,
        mut opened: R,
        finish: impl FnOnce(R) -> io::Result<()>,
    ) -> Result<Result<u64, Unfit>, AppError> {
        let mut projectors = self.projectors().await;
        let up_to = projectors.checkpoint(Projection::Contacts);
        let read = tokio::task::block_in_place(|| {
            let head = Head::load(&mut opened)?;
            if head.position > up_to {
                return Err(Unfit::Ahead { of: head.position, stored: up_to });
            }
            let directory = Directory::load(&mut opened)?;
            finish(opened)?;
            Ok((head, directory))
        });
        let (head, mut directory) = match read {
            Ok(read) => read,
            Err(unfit) => return Ok(Err(unfit)),
        };
        if let Err(unfit) = bring_up(&self.inputs, &mut directory, head, up_to, self.wall.now()).await? {
            return Ok(Err(unfit));
        }
        self.take_directory(&mut projectors, directory).await?;
        Ok(Ok(head.position))
    }

    /// Writes the directory as of a position of the log, and answers the output and that position. Nothing is projected
    /// into it meanwhile: `gives_way` has it stop as soon as somebody wants to.
    ///
    /// # Errors
    /// See [`Unwritten`]; what was written so far is of no use then.
    pub async fn store_directory<W: Write>(
        &self,
        out: impl FnOnce() -> W,
        gives_way: bool,
    ) -> Result<(W, u64), Unwritten> {
        let position = self.directory_at();
        if !self.is_filled() || position == 0 || self.ahead.load(Ordering::Relaxed) {
            return Err(Unwritten::Nothing);
        }
        let page = self.inputs.store.read_all(position - 1, 1).await.map_err(AppError::from)?;
        let event = page.first().filter(|recorded| recorded.position == position).ok_or(Unwritten::Nothing)?.event.id;
        tokio::task::block_in_place(|| {
            let directory = self.directory();
            if self.directory_at() != position || self.ahead.load(Ordering::Relaxed) {
                return Err(Unwritten::Wanted);
            }
            let wanted = gives_way.then_some(&self.wanted);
            let mut out = Giving { out: out(), wanted };
            let written = Head { position, event }.store(&mut out).and_then(|()| directory.store(&mut out));
            match written {
                Err(_) if out.must_give_way() => Err(Unwritten::Wanted),
                Err(error) => Err(error.into()),
                Ok(()) => Ok((out.out, position)),
            }
        })
    }
}

/// An output that fails once somebody wants what is being written.
struct Giving<'w, W> {
    out: W,
    wanted: Option<&'w AtomicUsize>,
}

impl<W> Giving<'_, W> {
    fn must_give_way(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted.load(Ordering::Relaxed) > 0)
    }
}

impl<W: Write> Write for Giving<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.must_give_way() {
            return Err(io::Error::other("it is wanted"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Brings a directory from where it was written to where the stored contacts are.
async fn bring_up(
    inputs: &Inputs,
    directory: &mut Directory,
    head: Head,
    up_to: u64,
    now: DateTime<Utc>,
) -> Result<Result<(), Unfit>, AppError> {
    let last = inputs.store.read_all(head.position.saturating_sub(1), 1).await?;
    if last.first().map(|recorded| (recorded.position, recorded.event.id)) != Some((head.position, head.event)) {
        return Ok(Err(Unfit::OtherLog(head.position)));
    }
    let known: Vec<Arc<str>> = directory.iter().map(|(name, _)| name.clone()).collect();
    for name in &known {
        directory.restore(name, inputs.meaning(name, head.position).await?);
    }
    let contacts: u64 = directory.iter().map(|(_, known)| known.index().len()).sum();
    let tail = match tail_of(inputs, head.position, up_to, contacts / SHARE + FEW).await? {
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

/// Stored name of the event of an erased contact.
const ERASED: &str = "contact_erased";

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
        let mut remembered = Remembered { looking, states: HashMap::new() };
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
struct Remembered<'l> {
    looking: Looking<'l>,
    states: HashMap<ContactId, Arc<Contact>>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_gives_way_once_somebody_wants_what_is_written() {
        let wanted = AtomicUsize::new(0);
        let mut out = Giving { out: Vec::new(), wanted: Some(&wanted) };
        out.write_all(b"one").unwrap();
        wanted.store(1, Ordering::Relaxed);
        assert!(out.write_all(b"two").is_err() && out.must_give_way());
        assert_eq!(out.out, b"one");
        let mut out = Giving { out: Vec::new(), wanted: None };
        assert!(out.write_all(b"one").is_ok() && !out.must_give_way());
    }

    #[test]
    fn a_snapshot_is_read_by_the_release_that_wrote_it_alone() {
        let head = Head { position: 7, event: Uuid::from_u128(9) };
        let mut bytes = Vec::new();
        head.store(&mut bytes).unwrap();
        assert_eq!(Head::load(&mut bytes.as_slice()).unwrap(), head);
        bytes[1] ^= 1;
        assert!(matches!(Head::load(&mut bytes.as_slice()), Err(Unfit::OtherRelease)));
        assert!(matches!(Head::load(&mut [3, 1].as_slice()), Err(Unfit::Unreadable(_))));
    }
}
