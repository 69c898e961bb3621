//! Languages: BCP 47 tags in their canonical case (rule 6).

use std::sync::Arc;

use oxilangtag::LanguageTag;

use super::invalid::{Invalid, Unit};

/// Longer than any tag in use, in characters.
const LIMIT: usize = 64;

/// The tag in canonical case: `EN_us` is `en-US`. An underscore is taken for a hyphen, since channels write locales so.
///
/// # Errors
/// Anything but a well-formed tag.
pub fn parse_language(text: &str) -> Result<Arc<str>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    if text.chars().count() > LIMIT {
        return Err(Invalid::TooLong { limit: LIMIT, unit: Unit::Characters });
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(Invalid::Language);
    }
    let tag = LanguageTag::parse_and_normalize(&text.replace('_', "-")).map_err(|_| Invalid::Language)?;
    Ok(tag.into_inner().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_gets_its_canonical_case() {
        for (typed, kept) in [
            ("EN", "en"),
            ("en_us", "en-US"),
            ("PT-br", "pt-BR"),
            (" zh-hant-tw ", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sl-ROZAJ-biske", "sl-rozaj-biske"),
        ] {
            assert_eq!(parse_language(typed).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for bad in ["english language", "e", "-en", "en-", "en--US", "日本語", "en-US-US-US-x"] {
            assert_eq!(parse_language(bad), Err(Invalid::Language), "{bad}");
        }
        assert_eq!(parse_language("\t"), Err(Invalid::Empty));
    }

    proptest! {
        #[test]
        fn a_language_never_panics_and_stays(
            text in prop_oneof![any::<String>(), "[a-zA-Z]{1,9}([-_][a-zA-Z0-9]{1,9}){0,5}"]
        ) {
            if let Ok(once) = parse_language(&text) {
                prop_assert_eq!(parse_language(&once), Ok(once.clone()));
            }
        }
    }
}
