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

    /// The page after a cursor of a list that is at hand whole, in the order of its places; and the cursor of the next
    /// page, if there is one.
    pub(super) fn page<T>(
        &self,
        list: Vec<T>,
        place_of: impl Fn(&T) -> Vec<u8>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<T>, Option<String>), AppError> {
        let after = cursor.map(|cursor| self.place(cursor)).transpose()?;
        let follows = |row: &T| after.as_ref().is_none_or(|after| place_of(row) > *after);
        let mut rest = list.into_iter().filter(follows);
        let page: Vec<T> = rest.by_ref().take(limit).collect();
        let next = page.last().filter(|_| rest.next().is_some()).map(|last| self.after(&place_of(last)));
        Ok((page, next))
    }

    /// The place that a cursor follows.
    pub(super) fn place(&self, cursor: &str) -> Result<Vec<u8>, AppError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| AppError::BadCursor)?;
        match bytes.split_at_checked(SEAL) {
            Some((seal, place)) if self.seal(place) == *seal => Ok(place.to_vec()),
            _ => Err(AppError::BadCursor),
        }
    }

    fn seal(&self, place: &[u8]) -> [u8; SEAL] {
        let mark = self.marks.body(&[&self.list, place].concat());
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&mark.0[..SEAL]);
        seal
    }
}

/// A place in a list that descends.
pub(super) fn descending(place: &[u8]) -> Vec<u8> {
    place.iter().map(|byte| !byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SecretKey;

    #[test]
    fn pages_of_a_list_at_hand_neither_repeat_nor_skip() {
        let marks = Marks::new(&SecretKey([7; 32]));
        let pages = Pages::of(&marks, &["merges"]);
        let list: Vec<u64> = (0..10).rev().collect();
        let place_of = |number: &u64| descending(&number.to_be_bytes());
        for limit in [1, 3, 5, 10, 11] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let (page, next) = pages.page(list.clone(), place_of, cursor.as_deref(), limit).unwrap();
                assert!(!page.is_empty() && page.len() <= limit);
                seen.extend(page);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, list);
        }
    }

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
