//! Email addresses: checked, kept as typed, compared folded (rule 6).

use std::sync::Arc;

use email_address::{EmailAddress, Options};

use super::invalid::{Invalid, Unit};
use super::text::{check_characters, fold, is_invisible};

/// The longest address that mail can carry, in bytes.
const LIMIT: usize = 254;

/// A checked email address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(Arc<str>);

impl Email {
    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As typed, to be stored.
    pub fn into_text(self) -> Arc<str> {
        self.0
    }

    /// The form by which two addresses are one.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// The address, trimmed and otherwise as typed.
///
/// # Errors
/// No address by RFC 5321 and 6531, a display name around it, an IP address as domain, a domain without a dot.
pub fn parse_email(text: &str) -> Result<Email, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    check_characters(text, false)?;
    if text.len() > LIMIT {
        return Err(Invalid::TooLong { limit: LIMIT, unit: Unit::Bytes });
    }
    let (_, domain) = text.rsplit_once('@').ok_or(Invalid::Email)?;
    let options = Options::default().without_display_text().without_domain_literal();
    let parsed = EmailAddress::parse_with_options(text, options).map_err(|_| Invalid::Email)?;
    if text.contains(|c: char| is_invisible(c) || (c.is_whitespace() && c != ' ')) || !domain.chars().all(in_a_domain) {
        return Err(Invalid::Email);
    }
    if !domain.contains('.') {
        return Err(Invalid::EmailDomain);
    }
    Ok(Email(String::from(parsed).into()))
}

/// The crate lets every character of a local part stand in a domain too; no mail host has them.
fn in_a_domain(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || c == '-' || c == '.'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_kept_as_typed_and_compared_folded() {
        let email = parse_email("  Ada.Lovelace+x@Example.COM\n").unwrap();
        assert_eq!(email.as_str(), "Ada.Lovelace+x@Example.COM");
        assert_eq!(email.folded(), "ada.lovelace+x@example.com");
    }

    #[test]
    fn addresses_of_every_script_are_taken() {
        for good in ["a@b.co", "用户@例子.广告", "o'brien@example.ie", "\"a b\"@example.com", "x@xn--bcher-kva.example"]
        {
            assert_eq!(parse_email(good).as_ref().map(Email::as_str), Ok(good));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "ada",
            "@example.com",
            "ada@",
            "a..b@c.com",
            ".a@b.com",
            "a@b@c.com",
            "a b@c.com",
            "Ada <ada@example.com>",
            "<ada@example.com>",
            "a@-b.com",
            "a@b..com",
            "a@b.com.",
            "a@ex!mple.com",
            "a@[127.0.0.1]",
            "a\u{200b}@b.com",
            "a@b.com, c@d.com",
        ] {
            assert_eq!(parse_email(bad), Err(Invalid::Email), "{bad}");
        }
    }

    #[test]
    fn a_domain_has_a_dot() {
        assert_eq!(parse_email("ada@localhost"), Err(Invalid::EmailDomain));
    }

    #[test]
    fn blanks_nul_and_endless_addresses_are_refused_by_name() {
        assert_eq!(parse_email("  "), Err(Invalid::Empty));
        assert_eq!(parse_email("a\0@b.com"), Err(Invalid::Nul));
        let long = format!("a@{}com", "bcdefghi.".repeat(30));
        assert_eq!(parse_email(&long), Err(Invalid::TooLong { limit: 254, unit: Unit::Bytes }));
    }

    proptest! {
        #[test]
        fn an_address_never_panics_and_stays(text in prop_oneof![any::<String>(), "\\PC{1,6}@\\PC{1,6}\\.\\PC{1,4}"]) {
            if let Ok(once) = parse_email(&text) {
                prop_assert_eq!(parse_email(once.as_str()), Ok(once.clone()));
                prop_assert_eq!(once.as_str(), text.trim());
            }
        }
    }
}
