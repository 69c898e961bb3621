//! Bytes in, lines out: with a bound on each line, and a digest of all of them.

use std::ops::Range;

use axum::body::Bytes;

use crate::api::read::line::Input;
use crate::http::body::BODY_MAX;

/// The lines of a body that arrives piece by piece. Holds at most one line and one piece.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    /// How much of `rest` was given out already.
    given: usize,
    /// How much of `rest` has no line end in it.
    searched: usize,
    /// The present line was too long: its rest is skipped.
    skipping: bool,
    number: u64,
    /// All lines so far.
    pub(super) input: Input,
}

/// A line, or what stands for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A line that says something, without its end: where its bytes are until more are pushed.
    Line(Range<usize>),
    /// A line of white space: nothing is asked, nothing is answered.
    Blank,
    /// A line beyond the limit.
    TooLong,
}

impl Lines {
    /// The number of the line given last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The bytes of a line.
    pub(super) fn bytes(&self, line: Range<usize>) -> &[u8] {
        &self.rest[line]
    }

    /// More bytes have come.
    pub(super) fn push(&mut self, bytes: &Bytes) {
        self.rest.drain(..self.given);
        self.searched -= self.given;
        self.given = 0;
        self.rest.extend_from_slice(bytes);
    }

    /// The next whole line, if there is one.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let end = self.rest[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(end) = end.map(|found| self.searched + found) else {
            self.searched = self.rest.len();
            self.skip_if_too_long();
            return None;
        };
        let line = self.given..end;
        self.given = end + 1;
        self.searched = self.given;
        Some(self.piece(line))
    }

    /// What is left when no more bytes come: a last line without an end, if it says anything.
    pub(super) fn last(&mut self) -> Option<Piece> {
        let line = self.given..self.rest.len();
        if line.is_empty() && !self.skipping {
            return None;
        }
        self.given = self.rest.len();
        self.searched = self.given;
        Some(self.piece(line))
    }

    fn piece(&mut self, mut range: Range<usize>) -> Piece {
        self.number += 1;
        range.end = range.start + self.rest[range.clone()].trim_ascii_end().len();
        let line = &self.rest[range.clone()];
        if std::mem::take(&mut self.skipping) || line.len() > BODY_MAX {
            self.input.take(line);
            return Piece::TooLong;
        }
        if line.is_empty() {
            return Piece::Blank;
        }
        self.input.take(line);
        Piece::Line(range)
    }

    /// Drops what there is of a line that is too long already; it still counts in the digest.
    fn skip_if_too_long(&mut self) {
        if self.rest.len() - self.given > BODY_MAX {
            self.input.feed(&self.rest[self.given..]);
            self.rest.clear();
            (self.given, self.searched) = (0, 0);
            self.skipping = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a body that arrives in chunks of a size says, and the key of its last line.
    fn said(body: &[u8], chunk: usize) -> (Vec<String>, String) {
        let mut lines = Lines::default();
        let mut said = Vec::new();
        for bytes in body.chunks(chunk) {
            lines.push(&Bytes::copy_from_slice(bytes));
            while let Some(piece) = lines.next() {
                said.push(words(&lines, piece));
            }
        }
        if let Some(piece) = lines.last() {
            said.push(words(&lines, piece));
        }
        assert_eq!(lines.number(), said.len() as u64);
        (said, lines.input.key().to_string())
    }

    fn words(lines: &Lines, piece: Piece) -> String {
        match piece {
            Piece::Line(range) => format!("{:?}", lines.bytes(range).escape_ascii().to_string()),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn blank_lines_count_and_the_last_needs_no_end() {
        assert_eq!(said(b"a\r\n\n  \nb", 2).0, ["\"a\"", "Blank", "Blank", "\"b\""]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused_alone_and_never_held_whole() {
        let mut body = vec![b'x'; 3 * BODY_MAX];
        body.extend_from_slice(b"\nok\n");
        assert_eq!(said(&body, 64 * 1024).0, ["TooLong", "\"ok\""]);
        let mut lines = Lines::default();
        for chunk in body.chunks(64 * 1024) {
            lines.push(&Bytes::copy_from_slice(chunk));
            while lines.next().is_some() {}
            assert!(lines.rest.len() <= BODY_MAX + 128 * 1024);
        }
    }

    #[test]
    fn how_lines_end_and_blank_ones_make_no_difference_to_their_keys() {
        assert_eq!(said(b"a\nb", 9).1, said(b"a \r\n\nb\r\n", 9).1);
        assert_ne!(said(b"a\nb", 9).1, said(b"ab", 9).1);
    }

    proptest! {
        #[test]
        fn how_a_body_arrives_makes_no_difference(
            body in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b' '), any::<u8>()], 0..200),
            chunk in 1..50_usize,
        ) {
            prop_assert_eq!(said(&body, chunk), said(&body, 1_000));
        }
    }
}
