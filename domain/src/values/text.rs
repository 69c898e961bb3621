//! Free text: one Unicode form, no surprises at its ends, nothing that a screen can't show (rule 6); and the folded
//! form by which texts are compared (rule 37).

use std::borrow::Cow;
use std::sync::Arc;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::invalid::{Invalid, Unit};

/// How much of what is taken, and whether it may have several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRule {
    /// At most so many.
    pub limit: usize,
    /// Of these.
    pub unit: Unit,
    /// Whether line breaks and tabs are text here.
    pub lines: bool,
}

impl TextRule {
    const fn line(limit: usize) -> Self {
        TextRule { limit, unit: Unit::Characters, lines: false }
    }

    const fn lines(limit: usize) -> Self {
        TextRule { limit, unit: Unit::Characters, lines: true }
    }

    /// A first name, a last name, a company.
    pub const NAME: TextRule = TextRule::line(200);
    /// A comment.
    pub const COMMENT: TextRule = TextRule::lines(4_000);
    /// The text of a message; counted in bytes, as what carries it does.
    pub const MESSAGE: TextRule = TextRule { limit: 64 * 1024, unit: Unit::Bytes, lines: true };
    /// The category of a closing note (rule 11).
    pub const CATEGORY: TextRule = TextRule::line(128);
    /// The summary of a closing note (rule 11). The rules are silent on its lines: it is prose, so it may have them.
    pub const SUMMARY: TextRule = TextRule::lines(512);
    /// The reason of a block, the error of a channel. The rules give no limit; this is a summary's.
    pub const REASON: TextRule = TextRule::lines(512);
    /// Whom a conversation is assigned to. The rules give no limit; this is an actor's.
    pub const ASSIGNEE: TextRule = TextRule::line(200);
}

/// The text in its one form: NFC, trimmed, line breaks as LF. `None` where nothing is left.
///
/// # Errors
/// NUL, another control character, or more than the rule takes.
pub fn parse_text(text: &str, rule: TextRule) -> Result<Option<Arc<str>>, Invalid> {
    let text = if rule.lines { unix_lines(text.trim()) } else { Cow::Borrowed(text.trim()) };
    check_characters(&text, rule.lines)?;
    let text = nfc(&text);
    let length = match rule.unit {
        Unit::Bytes => text.len(),
        Unit::Characters => text.chars().count(),
    };
    if length > rule.limit {
        return Err(Invalid::TooLong { limit: rule.limit, unit: rule.unit });
    }
    Ok((!text.is_empty()).then(|| text.into()))
}

/// As [`parse_text`], where there must be something.
///
/// # Errors
/// As [`parse_text`], or nothing is left.
pub fn parse_needed_text(text: &str, rule: TextRule) -> Result<Arc<str>, Invalid> {
    parse_text(text, rule)?.ok_or(Invalid::Empty)
}

/// The longest address of a picture, in characters.
const URL_LIMIT: usize = 2_048;

/// An absolute http or https address, trimmed and otherwise as typed.
///
/// # Errors
/// Another scheme, no host, a user name, a character that no address has, or more than 2,048 characters.
pub fn parse_url(text: &str) -> Result<Arc<str>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    check_characters(text, false)?;
    if text.chars().count() > URL_LIMIT {
        return Err(Invalid::TooLong { limit: URL_LIMIT, unit: Unit::Characters });
    }
    let rest = after_scheme(text).ok_or(Invalid::Url)?;
    let never = |c: char| c.is_whitespace() || is_invisible(c) || "<>\"\\^`{|}".contains(c);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if text.contains(never) || !names_a_host(authority) {
        return Err(Invalid::Url);
    }
    Ok(text.into())
}

fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")).then_some(rest)
}

fn names_a_host(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "0"),
    };
    if port.is_empty() || port.parse::<u16>().is_err() || port.starts_with('+') {
        return false;
    }
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    host.strip_suffix('.').unwrap_or(host).split('.').all(part)
}

/// The form by which texts are compared: NFC of the full case fold of the NFC, without locale; accents stay.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    nfc(text).chars().default_case_fold().nfc().collect()
}

/// NFC, without a copy where the text is so already.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Refuses NUL and the other control characters; `lines` lets line breaks and tabs by.
pub(crate) fn check_characters(text: &str, lines: bool) -> Result<(), Invalid> {
    let refused = |c: &char| c.is_control() && !(lines && matches!(c, '\n' | '\t'));
    match text.chars().find(refused) {
        None => Ok(()),
        Some('\0') => Err(Invalid::Nul),
        Some(_) if text.contains('\0') => Err(Invalid::Nul),
        Some(_) => Err(Invalid::ControlCharacter),
    }
}

/// Marks without width that come along when text is copied from a screen.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// CR LF and a lone CR become LF: the same text, whatever system it was typed on.
fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Result<Option<String>, Invalid> {
        parse_text(text, TextRule::NAME).map(|name| name.map(|name| name.to_string()))
    }

    #[test]
    fn a_name_is_trimmed_and_composed() {
        assert_eq!(name(" \u{a0}Jose\u{301} \t"), Ok(Some("José".into())));
    }

    #[test]
    fn white_space_alone_is_nothing() {
        assert_eq!(name(" \t\u{3000}\n"), Ok(None));
        assert_eq!(parse_needed_text("  ", TextRule::COMMENT), Err(Invalid::Empty));
    }

    #[test]
    fn a_name_holds_no_control_character_and_nothing_holds_nul() {
        assert_eq!(name("a\nb"), Err(Invalid::ControlCharacter));
        assert_eq!(name("a\u{85}b"), Err(Invalid::ControlCharacter));
        assert_eq!(name("a\u{1}\0b"), Err(Invalid::Nul));
        assert_eq!(parse_text("a\0", TextRule::COMMENT), Err(Invalid::Nul));
    }

    #[test]
    fn a_comment_keeps_its_lines_whatever_system_it_was_typed_on() {
        let comment = parse_text("one\r\ntwo\rthree\n\tfour\r\n", TextRule::COMMENT).unwrap().unwrap();
        assert_eq!(&*comment, "one\ntwo\nthree\n\tfour");
        assert_eq!(parse_text("a\u{8}b", TextRule::COMMENT), Err(Invalid::ControlCharacter));
    }

    #[test]
    fn names_and_comments_are_counted_in_characters_and_messages_in_bytes() {
        assert!(name(&"é".repeat(200)).is_ok());
        assert_eq!(name(&"é".repeat(201)), Err(Invalid::TooLong { limit: 200, unit: Unit::Characters }));
        assert!(name(&"e\u{301}".repeat(200)).is_ok(), "counted after composing");
        assert!(parse_text(&"あ".repeat(4_000), TextRule::COMMENT).is_ok());
        for (rule, limit) in [(TextRule::CATEGORY, 128), (TextRule::SUMMARY, 512), (TextRule::REASON, 512)] {
            assert!(parse_text(&"あ".repeat(limit), rule).is_ok());
            assert!(parse_text(&"あ".repeat(limit + 1), rule).is_err());
        }
        assert!(parse_text(&"x".repeat(65_536), TextRule::MESSAGE).is_ok());
        let refused = parse_text(&"é".repeat(32_769), TextRule::MESSAGE);
        assert_eq!(refused, Err(Invalid::TooLong { limit: 65_536, unit: Unit::Bytes }));
    }

    #[test]
    fn folding_is_full_and_keeps_accents() {
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert_eq!(fold("É"), fold("e\u{301}"));
        assert_ne!(fold("resume"), fold("résumé"));
        assert_ne!(fold("I"), fold("ı"), "without locale");
    }

    #[test]
    fn an_address_of_the_web_names_a_host() {
        for good in [
            "https://example.com/a.png?x=1#y",
            "HTTP://example.com",
            "https://bücher.example/ü.png",
            "http://[2001:db8::1]:8080/",
            "http://127.0.0.1:80/x@y",
            "https://my_host.example./",
        ] {
            assert_eq!(parse_url(&format!(" {good} ")).as_deref(), Ok(good));
        }
    }

    #[test]
    fn anything_else_is_no_address_of_the_web() {
        for bad in [
            "javascript:alert(1)",
            "ftp://example.com",
            "//example.com/a.png",
            "https://",
            "https:///a.png",
            "https://user:pw@example.com/",
            "https://exa mple.com",
            "https://example.com:99999/",
            "https://example.com:/",
            "https://a..b/",
            "https://example.com/\"><script>",
            "data:image/png;base64,AAAA",
        ] {
            assert_eq!(parse_url(bad), Err(Invalid::Url), "{bad}");
        }
        assert_eq!(parse_url(" "), Err(Invalid::Empty));
        let long = format!("https://example.com/{}", "a".repeat(2_048));
        assert_eq!(parse_url(&long), Err(Invalid::TooLong { limit: 2_048, unit: Unit::Characters }));
    }

    proptest! {
        #[test]
        fn normalising_a_text_twice_changes_nothing_more(text in any::<String>(), lines in any::<bool>()) {
            let rule = TextRule { limit: 4_000, unit: Unit::Characters, lines };
            if let Ok(Some(once)) = parse_text(&text, rule) {
                prop_assert_eq!(parse_text(&once, rule), Ok(Some(once.clone())));
                prop_assert!(is_nfc(&once));
                prop_assert_eq!(once.trim(), &*once);
            }
        }

        #[test]
        fn texts_that_differ_by_composition_alone_fold_alike(text in "\\PC{0,12}") {
            prop_assert_eq!(fold(&text.nfd().collect::<String>()), fold(&text));
        }

        #[test]
        fn folding_twice_changes_nothing_more(text in any::<String>()) {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn an_address_of_the_web_never_panics_and_stays(text in "(https?://)?\\PC{0,24}") {
            if let Ok(once) = parse_url(&text) {
                prop_assert_eq!(parse_url(&once), Ok(once.clone()));
            }
        }
    }
}
