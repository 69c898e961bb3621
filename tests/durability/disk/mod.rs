//! A disk that can lose its power: what was written and not flushed is kept apart from what was, and a cut keeps the
//! flushed bytes, and of the others none or some.

mod vfs;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tempfile::TempDir;

/// Bytes that reach the disk together or not at all.
const SECTOR: usize = 512;

/// See the module.
pub(crate) struct Disk {
    folder: TempDir,
    vfs: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: HashMap<PathBuf, Kept>,
    /// What the disk answers instead of working.
    trouble: Option<Trouble>,
}

/// What can be wrong with a disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Writing works and flushing fails.
    Flush,
    /// There is no room.
    Full,
}

/// One file, as it is on the platter, and what is on its way there.
#[derive(Default)]
struct Kept {
    flushed: Vec<u8>,
    written: Vec<Step>,
}

enum Step {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { to: usize },
}

impl Step {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Step::Write { at, bytes } => {
                file.resize(file.len().max(at + bytes.len()), 0);
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Step::Truncate { to } => file.resize(*to, 0),
        }
    }
}

/// What becomes of bytes that were written and not flushed.
pub(crate) enum Unflushed {
    /// They are lost.
    Lost,
    /// Some sectors happen to be written, in any order; the number decides which.
    Chance(u64),
}

impl Disk {
    /// A disk with an empty folder.
    pub(crate) fn new() -> Arc<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let vfs = format!("cut-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let disk = Arc::new(Disk { folder: tempfile::tempdir().unwrap(), vfs, state: Mutex::default() });
        vfs::register(&disk);
        disk
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Name of the SQLite VFS that writes to this disk.
    pub(crate) fn vfs(&self) -> String {
        self.vfs.clone()
    }

    pub(crate) fn fail(&self, trouble: Option<Trouble>) {
        self.state.lock().trouble = trouble;
    }

    /// What a machine finds that starts after the power went at this very moment.
    pub(crate) fn cut(&self, unflushed: Unflushed) -> TempDir {
        let after = tempfile::tempdir().unwrap();
        let mut dice = match unflushed {
            Unflushed::Lost => None,
            Unflushed::Chance(seed) => Some(Dice(seed * 2 + 1)),
        };
        for (path, kept) in &self.state.lock().files {
            let mut file = kept.flushed.clone();
            if let Some(dice) = &mut dice {
                kept.written.iter().for_each(|step| dice.maybe(step, &mut file));
            }
            std::fs::write(after.path().join(path.file_name().unwrap()), file).unwrap();
        }
        after
    }

    fn opened(&self, path: &Path) {
        let mut state = self.state.lock();
        let read = || Kept { flushed: std::fs::read(path).unwrap_or_default(), written: vec![] };
        state.files.entry(path.to_owned()).or_insert_with(read);
    }

    fn deleted(&self, path: &Path) {
        self.state.lock().files.remove(path);
    }

    /// Does a step to the file itself, and notes it.
    fn step(&self, path: &Path, step: Step, now: impl FnOnce() -> i32) -> i32 {
        let mut state = self.state.lock();
        if state.trouble == Some(Trouble::Full) {
            return rusqlite::ffi::SQLITE_FULL;
        }
        let answer = now();
        if answer == rusqlite::ffi::SQLITE_OK
            && let Some(kept) = state.files.get_mut(path)
        {
            kept.written.push(step);
        }
        answer
    }

    fn flush(&self, path: &Path) -> i32 {
        let mut state = self.state.lock();
        if state.trouble == Some(Trouble::Flush) {
            return rusqlite::ffi::SQLITE_IOERR_FSYNC;
        }
        if let Some(Kept { flushed, written }) = state.files.get_mut(path) {
            written.drain(..).for_each(|step| step.apply(flushed));
        }
        rusqlite::ffi::SQLITE_OK
    }
}

struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 & 8 == 0
    }

    fn maybe(&mut self, step: &Step, file: &mut Vec<u8>) {
        match step {
            Step::Write { at, bytes } => {
                let first = SECTOR - at % SECTOR;
                let (head, rest) = bytes.split_at(first.min(bytes.len()));
                let mut place = *at;
                for sector in std::iter::once(head).chain(rest.chunks(SECTOR)) {
                    if self.throw() {
                        Step::Write { at: place, bytes: sector.to_vec() }.apply(file);
                    }
                    place += sector.len();
                }
            }
            Step::Truncate { .. } if self.throw() => step.apply(file),
            Step::Truncate { .. } => {}
        }
    }
}
