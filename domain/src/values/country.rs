//! Countries: ISO 3166 alpha-2, upper-cased (rule 6). Kosovo's XK, which everyone uses, is one.

use celes::Country;

use super::invalid::Invalid;

/// The code in upper case.
///
/// # Errors
/// Anything but the code of a country; names and codes of three letters too, for a store that guesses is wrong later.
pub fn parse_country(text: &str) -> Result<&'static str, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(Invalid::Country);
    }
    Country::from_alpha2(text).map(|country| country.alpha2).map_err(|_| Invalid::Country)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_upper_cased() {
        assert_eq!(parse_country(" my "), Ok("MY"));
        assert_eq!(parse_country("gB"), Ok("GB"));
        assert_eq!(parse_country("xk"), Ok("XK"));
    }

    #[test]
    fn what_is_no_country_is_refused() {
        for bad in ["ZZ", "UK", "EU", "MYS", "Malaysia", "M", "60", "m y", "ＭＹ"] {
            assert_eq!(parse_country(bad), Err(Invalid::Country), "{bad}");
        }
        assert_eq!(parse_country(""), Err(Invalid::Empty));
    }

    proptest! {
        #[test]
        fn a_country_never_panics_and_stays(text in prop_oneof![any::<String>(), "[a-zA-Z]{2}"]) {
            if let Ok(once) = parse_country(&text) {
                prop_assert_eq!(parse_country(once), Ok(once));
            }
        }
    }
}
