//! JSON as it came in: borrowed where it can be, in the order it was written, duplicate members kept so that they can
//! be refused. Refuses what is no UTF-8, no JSON, or nested too deep to be any request of ours.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a request may nest. The deepest that means anything, a filter of depth 8, needs 19.
pub const DEPTH_MAX: usize = 32;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A whole number that is not negative.
    Whole(u64),
    /// A whole number that is.
    Negative(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// Members in their order, duplicates included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why bytes are no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this can't be read as JSON: {reason} at byte {offset}")]
pub struct Malformed {
    /// Where, in bytes from 0.
    pub offset: usize,
    /// In the words of the parser, which never repeat what was given.
    pub reason: String,
}

/// Reads one JSON value, with nothing but white space around it. A byte order mark is let by.
///
/// # Errors
/// Where and why it is none.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, Malformed> {
    let mark = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let text = std::str::from_utf8(&bytes[mark..])
        .map_err(|error| Malformed { offset: mark + error.valid_up_to(), reason: "the text is not UTF-8".into() })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = Depth(0).deserialize(&mut deserializer).and_then(|json| deserializer.end().map(|()| json));
    parsed.map_err(|error| Malformed { offset: mark + offset_of(text, &error), reason: words_of(&error) })
}

/// The parser counts lines from 1 and, within one, bytes.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    (before + error.column().saturating_sub(1)).min(text.len())
}

/// The parser's words without its own account of the place.
fn words_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    words.rsplit_once(" at line ").map_or(words.clone(), |(words, _)| words.to_owned())
}

/// Reads a value that lies so deep.
struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean(yes))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Whole(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Negative(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Depth(below))? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let below = self.below()?;
        // Room for the members of a usual message at once.
        let mut object = Vec::with_capacity(8);
        while let Some(Name(name)) = members.next_key_seed(Name::default())? {
            object.push((name, members.next_value_seed(Depth(below))?));
        }
        Ok(Json::Object(object))
    }
}

impl Depth {
    fn below<E: Error>(&self) -> Result<usize, E> {
        match self.0 + 1 {
            deep if deep > DEPTH_MAX => Err(E::custom(format_args!("nested more than {DEPTH_MAX} deep"))),
            below => Ok(below),
        }
    }
}

/// Reads the name of a member.
#[derive(Default)]
struct Name<'a>(Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Name<'de> {
    type Value = Name<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> (usize, String) {
        let malformed = parse(bytes).unwrap_err();
        (malformed.offset, malformed.reason)
    }

    #[test]
    fn members_keep_their_order_and_their_duplicates() {
        let json = parse(br#" {"b": 1, "a": -2, "b": [true, null, 0.5, "x\n"]} "#).unwrap();
        let list = vec![Json::Boolean(true), Json::Null, Json::Number(0.5), Json::Text("x\n".into())];
        let members = [("b", Json::Whole(1)), ("a", Json::Negative(-2)), ("b", Json::List(list))];
        assert_eq!(json, Json::Object(members.map(|(name, value)| (name.into(), value)).into()));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert_eq!(refused(b"{\"a\": 1,\n \"b\" 2}").0, 14);
        assert_eq!(refused(b"{} x").0, 3);
        assert_eq!(refused(b"{\"a\": \"\xFF\"}"), (7, "the text is not UTF-8".into()));
        for bytes in [&b""[..], b"{", b"\"\0\"", b"{\"a\":1e999}", b"\"\\ud800\"", b"NaN", b"[1,]", b"{'a':1}"] {
            let (offset, reason) = refused(bytes);
            assert!(offset <= bytes.len() && !reason.contains(" line "), "{reason}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_hurts() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(refused(&nested(DEPTH_MAX + 1)).1, "nested more than 32 deep");
        assert!(refused(&vec![b'['; 1_000_000]).1.starts_with("nested"));
        assert!(refused(&b"{\"a\":".repeat(100_000)).1.starts_with("nested"));
    }

    #[test]
    fn a_byte_order_mark_is_let_by() {
        assert_eq!(parse(b"\xEF\xBB\xBF1"), Ok(Json::Whole(1)));
        assert_eq!(refused(b"\xEF\xBB\xBF?").0, 3);
    }
}
