//! Channel identities: a channel's name and the handle on it (rule 3).

use std::sync::Arc;

use super::invalid::{Invalid, Unit};
use super::text::check_characters;

/// The longest external id, in characters.
const EXTERNAL_ID_LIMIT: usize = 256;

/// A channel name: `[a-z0-9_-]{1,64}`. Neither trimmed nor lower-cased: programs write it, and a typo must not pass.
///
/// # Errors
/// Anything else.
pub fn parse_channel(text: &str) -> Result<Arc<str>, Invalid> {
    if is_plain_name(text) { Ok(text.into()) } else { Err(Invalid::Channel) }
}

/// The handle of an identity: 1-256 characters exactly as given, for the channel alone knows which of them are alike.
/// Message ids of a channel follow the same rule.
///
/// # Errors
/// Nothing, too much, or a control character.
pub fn parse_external_id(text: &str) -> Result<Arc<str>, Invalid> {
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    check_characters(text, false)?;
    if text.chars().count() > EXTERNAL_ID_LIMIT {
        return Err(Invalid::TooLong { limit: EXTERNAL_ID_LIMIT, unit: Unit::Characters });
    }
    Ok(text.into())
}

/// `[a-z0-9_-]{1,64}`
pub(super) fn is_plain_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_channel_is_a_plain_name() {
        assert_eq!(parse_channel("whatsapp_2-b").as_deref(), Ok("whatsapp_2-b"));
        assert!(parse_channel(&"a".repeat(64)).is_ok());
        for bad in ["", "WhatsApp", " sms", "a:b", "é", &"a".repeat(65)] {
            assert_eq!(parse_channel(bad), Err(Invalid::Channel));
        }
    }

    #[test]
    fn an_external_id_is_kept_to_the_letter() {
        for id in [" +60 12:3 ", "e\u{301}", "é", "İ"] {
            assert_eq!(parse_external_id(id).as_deref(), Ok(id));
        }
    }

    #[test]
    fn an_external_id_is_1_to_256_characters_without_control_characters() {
        assert_eq!(parse_external_id(""), Err(Invalid::Empty));
        assert!(parse_external_id(&"é".repeat(256)).is_ok());
        let refused = parse_external_id(&"é".repeat(257));
        assert_eq!(refused, Err(Invalid::TooLong { limit: 256, unit: Unit::Characters }));
        assert_eq!(parse_external_id("a\0"), Err(Invalid::Nul));
        assert_eq!(parse_external_id("a\n"), Err(Invalid::ControlCharacter));
    }

    proptest! {
        #[test]
        fn channels_and_external_ids_never_panic_and_stay(text in any::<String>()) {
            if let Ok(once) = parse_channel(&text) {
                prop_assert_eq!(&*once, &*text);
            }
            if let Ok(once) = parse_external_id(&text) {
                prop_assert_eq!(&*once, &*text);
            }
        }
    }
}
