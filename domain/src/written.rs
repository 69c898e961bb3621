//! JSON in the one form in which this program writes it, read in one pass.
//!
//! A replay reads every event there is, and nearly all of them stand in exactly this form: members in the order in which
//! they are written, no white space, no escapes. Whatever stands there in another form is `None` here and left to serde.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::ids::Mark;

/// What is left to read.
pub struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// What `read` makes of the bytes; `None` if it makes nothing of them, or not of all.
    #[inline]
    pub fn whole<T>(bytes: &'a [u8], read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut cursor = Cursor(bytes);
        let value = read(&mut cursor)?;
        cursor.0.is_empty().then_some(value)
    }

    /// Passes what must stand here.
    #[inline]
    pub fn pass(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal.as_bytes())?;
        Some(())
    }

    /// Passes what may stand here; answers whether it did.
    #[inline]
    pub fn passes(&mut self, literal: &str) -> bool {
        self.pass(literal).is_some()
    }

    /// The rest of a text without escapes, and its closing quote.
    #[inline]
    pub fn text(&mut self) -> Option<&'a str> {
        let (text, rest) = self.0.split_at(plain(self.0));
        self.0 = rest.strip_prefix(b"\"")?;
        std::str::from_utf8(text).ok()
    }

    /// The rest of a text that is a uuid with hyphens, and its closing quote.
    #[inline]
    pub fn uuid(&mut self) -> Option<Uuid> {
        Uuid::try_parse_ascii(self.digits::<36>()?).ok()
    }

    /// The rest of a text of a known length, and its closing quote.
    #[inline]
    pub fn digits<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (digits, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(digits)
    }

    /// The rest of a text that is a mark, and its closing quote.
    #[inline]
    pub fn mark(&mut self) -> Option<Mark> {
        mark(self.digits()?)
    }

    /// The rest of a text that is a time, and its closing quote.
    #[inline]
    pub fn time(&mut self) -> Option<DateTime<Utc>> {
        time(self.text()?.as_bytes())
    }

    /// A whole number that is not negative.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        if matches!(digits, [b'0', _, ..]) {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Everything that is left.
    #[inline]
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// How many bytes stand before the first quote, escape or control character. Eight at once: the lowest byte that the
/// subtractions mark is one of those, only higher ones may be marked by a borrow.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let escapes = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let controls = word.wrapping_sub(ONES * 0x20);
        let marked = (quotes | escapes | controls) & !word & (ONES << 7);
        if marked != 0 {
            return index * 8 + marked.trailing_zeros() as usize / 8;
        }
    }
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
    words.len() * 8 + end.unwrap_or(rest.len())
}

/// 32 hexadecimal digits, without capitals.
fn mark(digits: &[u8; 32]) -> Option<Mark> {
    let mut mark = [0; 16];
    let mut wrong = 0;
    for (byte, [high, low]) in mark.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (NIBBLES[usize::from(*high)], NIBBLES[usize::from(*low)]);
        wrong |= high | low;
        *byte = high << 4 | low;
    }
    (wrong < 16).then_some(Mark(mark))
}

/// What each digit stands for; 16 where a byte is no digit.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [16; 256];
    let (digits, mut index) = (b"0123456789abcdef", 0);
    while index < 16 {
        nibbles[digits[index as usize] as usize] = index;
        index += 1;
    }
    nibbles
};

/// `2024-02-29T12:34:56Z`, with up to nine digits of a second. `None`: in another form, or no time at all.
pub fn time(text: &[u8]) -> Option<DateTime<Utc>> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, rest @ .., b'Z'] = text
    else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*n1, *n2])?, number(&[*s1, *s2])?);
    let time = date.and_hms_nano_opt(hour, minute, second, nanoseconds(rest)?)?;
    Some(time.and_utc())
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u32::from(digit))
    })
}

/// Nothing, or a point and the digits after it.
fn nanoseconds(text: &[u8]) -> Option<u32> {
    match text {
        [] => Some(0),
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let missing = 9 - u32::try_from(digits.len()).ok()?;
            Some(number(digits)? * 10_u32.pow(missing))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> Option<&str> {
        Cursor::whole(bytes, |cursor| cursor.pass("\"").and_then(|()| cursor.text()))
    }

    proptest! {
        #[test]
        fn a_text_is_read_as_serde_reads_it_or_not_at_all(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "[ -~\u{7f}\u{e4}\u{20ac}\u{1f600}]{0,40}".prop_map(String::into_bytes),
                ".{0,40}".prop_map(|text| serde_json::to_vec(&text).unwrap()[1..].to_vec()),
            ],
        ) {
            let bytes = [b"\"", &bytes[..]].concat();
            let read: Option<String> = serde_json::from_slice(&bytes).ok();
            let is_plain = !bytes.contains(&b'\\') && read.is_some();
            prop_assert_eq!(text(&bytes), read.as_deref().filter(|_| is_plain));
        }

        #[test]
        fn a_number_is_read_as_serde_reads_it_or_not_at_all(digits in "0?[0-9]{0,21}") {
            let json = format!("{digits}}}");
            let read = Cursor::whole(json.as_bytes(), |cursor| {
                let number = cursor.number()?;
                cursor.pass("}").map(|()| number)
            });
            prop_assert_eq!(read, serde_json::from_str::<u64>(&digits).ok());
        }
    }

    #[test]
    fn a_mark_is_read_as_it_is_written_or_not_at_all() {
        let mark = Mark(std::array::from_fn(|index| index as u8 * 17));
        let written = mark.to_string();
        let read = |text: &str| Cursor::whole(format!("{text}\"").as_bytes(), |cursor| cursor.mark());
        assert_eq!(read(&written), Some(mark));
        for wrong in [&written[1..], &written.to_uppercase(), &written.replace('0', "g"), &format!("{written}0")] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_left_unread_is_no_whole() {
        assert_eq!(text(b"\"a\""), Some("a"));
        assert_eq!(text(b"\"a\" "), None);
        assert_eq!(text(b"\"a"), None);
    }
}
