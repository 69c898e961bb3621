//! Answers that wait for their reader. Many clients send all of a body before they read anything; would the store wait
//! for them to read, both would wait for ever. So what is not read yet goes to a nameless file, and memory stays small.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use axum::body::Bytes;

/// How much waits in memory.
const MEMORY_MAX: usize = 1024 * 1024;
/// How much is read back at once.
const PIECE: usize = 64 * 1024;

/// Bytes in, in their order, bytes out.
#[derive(Default)]
pub(super) struct Spool {
    /// The oldest.
    memory: VecDeque<Bytes>,
    in_memory: usize,
    /// What came after, once the memory was full; emptied before anything is kept in memory again.
    file: Option<File>,
    written: u64,
    read: u64,
}

impl Spool {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.read == self.written
    }

    /// Puts bytes behind all that wait.
    ///
    /// # Errors
    /// No file can be made or written.
    pub(super) fn push(&mut self, bytes: Bytes) -> io::Result<()> {
        if self.read == self.written && self.in_memory < MEMORY_MAX {
            self.in_memory += bytes.len();
            self.memory.push_back(bytes);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.written))?;
        file.write_all(&bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Takes the oldest bytes; none if nothing waits.
    ///
    /// # Errors
    /// The file can't be read.
    pub(super) fn pop(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(bytes) = self.memory.pop_front() {
            self.in_memory -= bytes.len();
            return Ok(Some(bytes));
        }
        match &mut self.file {
            Some(file) if self.read < self.written => {
                let mut piece = Vec::with_capacity(PIECE);
                file.seek(SeekFrom::Start(self.read))?;
                self.read += file.take(PIECE as u64).read_to_end(&mut piece)? as u64;
                if self.read == self.written {
                    file.set_len(0)?;
                    (self.read, self.written) = (0, 0);
                }
                Ok(Some(piece.into()))
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_no_one_reads_waits_in_a_file() {
        let mut spool = Spool::default();
        for _ in 0..200 {
            spool.push(vec![7; 64 * 1024].into()).unwrap();
        }
        assert!(spool.in_memory <= MEMORY_MAX + 64 * 1024);
        let mut read = 0;
        while let Some(bytes) = spool.pop().unwrap() {
            read += bytes.len();
        }
        assert_eq!(read, 200 * 64 * 1024);
        assert!(spool.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn bytes_come_out_as_they_went_in(steps in prop::collection::vec((any::<bool>(), 1..200_000_usize), 1..40)) {
            let (mut spool, mut put, mut got, mut next) = (Spool::default(), Vec::new(), Vec::new(), 0_u8);
            for (push, length) in steps {
                if push {
                    let bytes: Vec<u8> = (0..length).map(|_| { next = next.wrapping_add(1); next }).collect();
                    put.extend_from_slice(&bytes);
                    spool.push(bytes.into()).unwrap();
                } else if let Some(bytes) = spool.pop().unwrap() {
                    got.extend_from_slice(&bytes);
                }
            }
            while let Some(bytes) = spool.pop().unwrap() {
                got.extend_from_slice(&bytes);
            }
            prop_assert!(put == got);
        }
    }
}
