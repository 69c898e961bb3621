//! The directory written, and taken up again: what comes out is what filling would give, without reading everybody.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use dossier_projections::directory::Directory;
use uuid::Uuid;

use super::runner::Runner;
use super::tail::bring_up;
use crate::app::AppError;
use crate::ports::read_store::Projection;

/// Who may read a snapshot: the release, and a number to be raised with whatever changes within one how a directory is
/// written, or what contacts come to in it. Others fill anew.
const WRITTEN_BY: &str = concat!(env!("CARGO_PKG_VERSION"), "/2");
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
pub(super) struct Head {
    pub(super) position: u64,
    pub(super) event: Uuid,
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
            self.storing.store(true, Ordering::Relaxed);
            let written = Head { position, event }.store(&mut out).and_then(|()| directory.store(&mut out));
            self.storing.store(false, Ordering::Relaxed);
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
