//! Tags: two that fold alike are one (rule 8).

use std::sync::Arc;

use super::invalid::{Invalid, Unit};
use super::text::{TextRule, fold, parse_needed_text};

/// The most tags on one contact.
pub const TAG_LIMIT: usize = 500;

const RULE: TextRule = TextRule { limit: 100, unit: Unit::Characters, lines: false };

/// A tag, by its key and its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Folded; by this it is one tag.
    pub key: Arc<str>,
    /// As spelled here; shown is the workspace's first spelling.
    pub name: Arc<str>,
}

/// The tag: 1-100 characters.
///
/// # Errors
/// Nothing, too much, or a control character.
pub fn parse_tag(text: &str) -> Result<Tag, Invalid> {
    let name = parse_needed_text(text, RULE)?;
    Ok(Tag { key: fold(&name).into(), name })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_spellings_that_fold_alike_are_one_tag() {
        let (one, other) = (parse_tag(" VIP Straße ").unwrap(), parse_tag("vip STRASSE").unwrap());
        assert_eq!(one.key, other.key);
        assert_eq!(&*one.name, "VIP Straße");
    }

    #[test]
    fn a_tag_is_1_to_100_characters() {
        assert_eq!(parse_tag("  "), Err(Invalid::Empty));
        assert!(parse_tag(&"é".repeat(100)).is_ok());
        assert_eq!(parse_tag(&"é".repeat(101)), Err(Invalid::TooLong { limit: 100, unit: Unit::Characters }));
        assert_eq!(parse_tag("a\tb"), Err(Invalid::ControlCharacter));
    }

    proptest! {
        #[test]
        fn a_tag_never_panics_and_stays(text in any::<String>()) {
            if let Ok(once) = parse_tag(&text) {
                prop_assert_eq!(parse_tag(&once.name), Ok(once.clone()));
            }
        }
    }
}
