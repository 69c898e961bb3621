//! A long run of bytes, sealed chunk by chunk, so that it need never be held whole.
//!
//! Every chunk is bound to the name of the run, to its place in it and to whether it is the last: what was cut off, put in
//! another order or taken from another run does not open.

use std::io::{self, Read, Write};

use uuid::Uuid;

use super::cipher::{self, OVERHEAD, Prepared};
use crate::ports::SecretKey;

/// Bytes in a chunk, before it is sealed. The last one may have fewer.
const CHUNK: usize = 1 << 20;

/// What a chunk is bound to.
fn place(run: Uuid, number: u64, is_last: bool) -> Vec<u8> {
    [b"dossier chunk".as_slice(), run.as_bytes(), &number.to_le_bytes(), &[u8::from(is_last)]].concat()
}

/// Seals what is written to it. Without [`SealedWriter::finish`] nobody will read any of it to the end.
pub struct SealedWriter<W> {
    out: W,
    key: SecretKey,
    run: Uuid,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> SealedWriter<W> {
    /// To an output, under a key that seals nothing else; the run has this name.
    pub fn new(out: W, key: SecretKey, run: Uuid) -> Self {
        SealedWriter { out, key, run, chunk: Vec::with_capacity(CHUNK), number: 0 }
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let place = place(self.run, self.number, is_last);
        let sealed = cipher::seal(&self.key, &place, &self.chunk);
        let sealed = sealed.map_err(|_| io::Error::other("the cipher or its random source failed"))?;
        self.out.write_all(&[u8::from(is_last)])?;
        self.out.write_all(&(sealed.len() as u32).to_le_bytes())?;
        self.out.write_all(&sealed)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }

    /// Seals the last chunk, and gives the output back.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// What fills no chunk waits for more.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what [`SealedWriter`] sealed.
pub struct SealedReader<R> {
    from: R,
    key: Prepared,
    run: Uuid,
    sealed: Vec<u8>,
    /// What of the chunk is open and not read yet, as places in `sealed`.
    open: std::ops::Range<usize>,
    number: u64,
    was_last: bool,
}

impl<R: Read> SealedReader<R> {
    /// From an input, with the key and the name with which the run was sealed.
    ///
    /// # Errors
    /// The cipher failed.
    pub fn new(from: R, key: &SecretKey, run: Uuid) -> io::Result<Self> {
        let key = Prepared::new(key).map_err(|_| io::Error::other("the cipher failed"))?;
        let (sealed, open) = (Vec::with_capacity(CHUNK + OVERHEAD), 0..0);
        Ok(SealedReader { from, key, run, sealed, open, number: 0, was_last: false })
    }

    /// Opens the next chunk.
    fn next(&mut self) -> io::Result<()> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head)?;
        let [last, length @ ..] = head;
        let length = u32::from_le_bytes(length) as usize;
        if !(OVERHEAD..=CHUNK + OVERHEAD).contains(&length) || last > 1 {
            return Err(damaged());
        }
        self.sealed.resize(length, 0);
        self.from.read_exact(&mut self.sealed)?;
        let place = place(self.run, self.number, last == 1);
        let opened = self.key.open(&place, &mut self.sealed).map_err(|_| damaged())?.len();
        let start = cipher::NONCE_LEN;
        (self.open, self.number, self.was_last) = (start..start + opened, self.number + 1, last == 1);
        Ok(())
    }

    /// Makes sure that everything was read, and that nothing follows.
    ///
    /// # Errors
    /// Something is left.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.open.is_empty() || !self.was_last || self.from.read(&mut [0])? != 0 {
            return Err(damaged());
        }
        Ok(())
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.open.is_empty() && !self.was_last && !bytes.is_empty() {
            self.next()?;
        }
        let taken = bytes.len().min(self.open.len());
        bytes[..taken].copy_from_slice(&self.sealed[self.open.start..][..taken]);
        self.open.start += taken;
        Ok(taken)
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is damaged, or was sealed otherwise")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: SecretKey = SecretKey([7; 32]);
    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    fn sealed(plain: &[u8], run: Uuid) -> Vec<u8> {
        let mut writer = SealedWriter::new(Vec::new(), KEY, run);
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn opened(sealed: &[u8], key: &SecretKey, run: Uuid) -> io::Result<Vec<u8>> {
        let mut reader = SealedReader::new(sealed, key, run)?;
        let mut plain = Vec::new();
        reader.read_to_end(&mut plain)?;
        reader.finish()?;
        Ok(plain)
    }

    /// Three chunks, the last of which is short.
    fn plain() -> Vec<u8> {
        (0..2 * CHUNK + 10).map(|place| (place / 1_000) as u8).collect()
    }

    /// The chunks as they lie, each with its head.
    fn chunks(sealed: &[u8]) -> Vec<&[u8]> {
        let (mut rest, mut chunks) = (sealed, Vec::new());
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[1..5].try_into().unwrap()) as usize;
            let (chunk, after) = rest.split_at(5 + length);
            chunks.push(chunk);
            rest = after;
        }
        chunks
    }

    #[test]
    fn what_was_sealed_opens_whatever_its_length() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 10] {
            let plain = &plain()[..length];
            assert_eq!(opened(&sealed(plain, ONE), &KEY, ONE).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn another_key_another_run_or_another_byte_does_not_open() {
        let sealed = sealed(&plain(), ONE);
        assert!(opened(&sealed, &SecretKey([8; 32]), ONE).is_err());
        assert!(opened(&sealed, &KEY, TWO).is_err());
        for place in [0, 1, 5, 100, CHUNK, sealed.len() - 1] {
            let mut torn = sealed.clone();
            torn[place] ^= 1;
            assert!(opened(&torn, &KEY, ONE).is_err(), "byte {place}");
        }
        assert!(opened(&[sealed.as_slice(), b"x"].concat(), &KEY, ONE).is_err(), "something follows");
    }

    #[test]
    fn chunks_that_were_cut_off_put_in_another_order_or_taken_from_elsewhere_do_not_open() {
        let (one, two) = (sealed(&plain(), ONE), sealed(&plain(), TWO));
        let (one, two) = (chunks(&one), chunks(&two));
        assert_eq!(one.len(), 3);
        for wrong in [
            vec![],
            vec![one[0]],
            vec![one[0], one[1]],
            vec![one[0], one[2]],
            vec![one[2]],
            vec![one[1], one[0], one[2]],
            vec![one[0], one[0], one[2]],
            vec![one[0], two[1], one[2]],
        ] {
            assert!(opened(&wrong.concat(), &KEY, ONE).is_err(), "{} chunks", wrong.len());
        }
        let whole = one.concat();
        for cut in [1, 4, 5, 20, whole.len() / 2, whole.len() - 1] {
            assert!(opened(&whole[..cut], &KEY, ONE).is_err(), "cut off after {cut}");
        }
    }
}
