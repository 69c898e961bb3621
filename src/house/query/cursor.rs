//! Cursors: the place of the last row of a page, bound to the list that it is a page of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::app::AppError;
use crate::sealing::Marks;

/// Bytes by which a cursor is known to be ours and of this list.
const SEAL: usize = 8;

/// A list that is read page by page.
pub(super) struct Pages<'a> {
    marks: &'a Marks,
    /// What is listed, filters included: a cursor is of no use anywhere else.
    list: Vec<u8>,
}

impl<'a> Pages<'a> {
    /// Pages of a list, which its parts tell from every other.
    pub(super) fn of(marks: &'a Marks, parts: &[&str]) -> Self {
        let mut list = b"cursor".to_vec();
        for part in parts {
            list.extend_from_slice(&(part.len() as u64).to_le_bytes());
            list.extend_from_slice(part.as_bytes());
        }
        Pages { marks, list }
    }

    /// The cursor of what follows a place.
    pub(super) fn after(&self, place: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.seal(place)[..], place].concat())
    }

    /// The place that a cursor follows.
    pub(super) fn place(&self, cursor: &str) -> Result<Vec<u8>, AppError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| AppError::BadCursor)?;
        match bytes.split_at_checked(SEAL) {
            Some((seal, place)) if self.seal(place) == *seal => Ok(place.to_vec()),
            _ => Err(AppError::BadCursor),
        }
    }

    /// At most `limit` of a list that is short enough to be had whole: what follows the row that the cursor names.
    pub(super) fn page<T>(
        &self,
        all: Vec<T>,
        place_of: impl Fn(&T) -> Vec<u8>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<T>, Option<String>), AppError> {
        let from = match cursor.map(|cursor| self.place(cursor)).transpose()? {
            Some(place) => 1 + all.iter().position(|row| place_of(row) == place).ok_or(AppError::BadCursor)?,
            None => 0,
        };
        let more = all.len() > from.saturating_add(limit);
        let page: Vec<T> = all.into_iter().skip(from).take(limit).collect();
        let next = page.last().filter(|_| more).map(|last| self.after(&place_of(last)));
        Ok((page, next))
    }

    fn seal(&self, place: &[u8]) -> [u8; SEAL] {
        let mark = self.marks.body(&[&self.list, place].concat());
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&mark.0[..SEAL]);
        seal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SecretKey;

    #[test]
    fn a_cursor_is_of_its_list_alone() {
        let marks = Marks::new(&SecretKey([7; 32]));
        let pages = Pages::of(&marks, &["members", "2026-01-01"]);
        let cursor = pages.after(b"place");
        assert_eq!(pages.place(&cursor).unwrap(), b"place");
        for other in [&["members", "2026-02-01"][..], &["members2026-01-01"], &[]] {
            assert!(matches!(Pages::of(&marks, other).place(&cursor), Err(AppError::BadCursor)));
        }
        for text in ["", "!", "AAAA", &cursor[1..], &format!("{cursor}AAAA")] {
            assert!(matches!(pages.place(text), Err(AppError::BadCursor)), "{text}");
        }
    }
}
