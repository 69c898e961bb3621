//! Phone numbers: any way of writing them in, E.164 out (rule 6).
//!
//! A number typed with `+` keeps its digits: the crate takes the 8 of `+7 800 ...` for a trunk prefix, and others like
//! it. Everything is reduced to digits before the crate sees it, for it can't be trusted with arbitrary text.

use std::fmt::Write;
use std::sync::Arc;

use phonenumber::country::Source;

use super::invalid::Invalid;
use super::numbering::{self, Plan};
use super::text::{check_characters, is_invisible};

/// The most digits of an E.164 number.
const E164_DIGITS: usize = 15;
/// More digits than anyone dials, prefixes included.
const TYPED_DIGITS: usize = 24;

/// A phone number as E.164: `+` and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(Arc<str>);

impl Phone {
    /// `+` and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `+` and digits, to be stored.
    pub fn into_text(self) -> Arc<str> {
        self.0
    }

    /// The country whose numbers look so; see [`country_of`].
    pub fn country(&self) -> Option<&'static str> {
        country_of(&self.0)
    }
}

/// The number as E.164. `region` (alpha-2) says how to read one without a country code.
///
/// The same text and region always give the same answer, so that a caller may remember answers.
///
/// # Errors
/// No number of any form of its country, a national number without a region, or an extension.
pub fn parse_phone(text: &str, region: Option<&str>) -> Result<Phone, Invalid> {
    let typed = digits_of(text)?;
    let found = if typed.plus {
        international(&typed.digits)
    } else {
        let plan = region.and_then(numbering::of_region).ok_or(Invalid::PhoneCountryCode)?;
        national(plan, &typed.digits)
    };
    match found {
        Some(digits) if digits.len() <= E164_DIGITS => Ok(Phone(format!("+{digits}").into())),
        _ => Err(Invalid::Phone),
    }
}

/// The digits of a part of a number, however it is written.
///
/// # Errors
/// No digit, more of them than any number has, or anything that is no writing of a number.
pub fn parse_digits(text: &str) -> Result<Arc<str>, Invalid> {
    match digits_of(text) {
        Ok(typed) => Ok(typed.digits.into()),
        Err(Invalid::Nul) => Err(Invalid::Nul),
        Err(_) => Err(Invalid::PhoneDigits),
    }
}

/// The country (alpha-2) of an E.164 number, with the main country of the calling code where its numbers do not tell;
/// `None` for numbers of no country and for text that is no E.164.
pub fn country_of(e164: &str) -> Option<&'static str> {
    let digits = e164.strip_prefix('+')?;
    let (plans, national) = numbering::split(digits)?;
    match numbering::region_of(plans, national)? {
        "001" => None,
        // Ascension and Tristan da Cunha have numbers of their own and share their country's code.
        "AC" | "TA" => Some("SH"),
        region => Some(region),
    }
}

/// What is dialled before a national number within the region: `0` in most of the world.
pub fn national_prefix(region: &str) -> Option<&'static str> {
    numbering::of_region(region)?.national_prefix
}

/// What was typed, without its formatting.
struct Typed {
    plus: bool,
    digits: String,
}

fn digits_of(text: &str) -> Result<Typed, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    check_characters(text, false)?;
    let text = match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        _ => text,
    };
    let mut typed = Typed { plus: false, digits: String::new() };
    for c in text.chars() {
        if let Some(digit) = decimal(c) {
            typed.digits.push(digit);
        } else if matches!(c, '+' | '＋') && !typed.plus && typed.digits.is_empty() {
            typed.plus = true;
        } else if begins_an_extension(c) && typed.digits.len() > 2 {
            return Err(Invalid::PhoneExtension);
        } else if !is_formatting(c) {
            return Err(Invalid::Phone);
        }
        if typed.digits.len() > TYPED_DIGITS {
            return Err(Invalid::Phone);
        }
    }
    if typed.digits.is_empty() { Err(Invalid::Phone) } else { Ok(typed) }
}

/// A digit of the scripts in which people write phone numbers, as ASCII.
pub(crate) fn decimal(c: char) -> Option<char> {
    let zeros = ['0', '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{E50}', '\u{FF10}'];
    let value = |zero: char| (c as u32).checked_sub(zero as u32).filter(|value| *value < 10);
    char::from_digit(zeros.into_iter().find_map(value)?, 10)
}

/// `x`, `ext.`, `#` and the like after the number.
fn begins_an_extension(c: char) -> bool {
    matches!(c, 'x' | 'X' | 'e' | 'E' | '#' | ';' | ',')
}

fn is_formatting(c: char) -> bool {
    c.is_whitespace()
        || is_invisible(c)
        || matches!(
            c,
            '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}'
        )
        || matches!(c, '\u{FF08}' | '\u{FF09}' | '\u{FF0D}'..='\u{FF0F}' | '\u{2053}' | '\u{223C}' | '\u{FF5E}')
}

/// Digits after `+`: as typed where they fit; else with a trunk prefix left in by mistake, `+44 (0)20 ...`, taken out.
fn international(digits: &str) -> Option<String> {
    let (plans, national) = numbering::split(digits)?;
    let fit = |national: &str| plans.iter().any(|plan| plan.fits(national));
    if fit(national) {
        return Some(digits.to_owned());
    }
    let code = plans.first()?.code;
    let mut prefixes = plans.iter().filter_map(|plan| plan.national_prefix);
    if let Some(rest) = prefixes.find_map(|prefix| national.strip_prefix(prefix).filter(|rest| fit(rest))) {
        return Some(format!("{code}{rest}"));
    }
    by_the_crate(None, &format!("+{digits}")).map(|(found, _)| found)
}

/// Digits as dialled within a region: a national number with or without its prefix, one for a call abroad, or one that
/// lacks nothing but the `+`.
fn national(plan: &Plan, digits: &str) -> Option<String> {
    let bare = plan.national_prefix.and_then(|prefix| digits.strip_prefix(prefix));
    if let Some(bare) = bare.filter(|bare| plan.fits(bare)) {
        return Some(format!("{}{bare}", plan.code));
    }
    if let Some(abroad) = plan.after_international_prefix(digits).and_then(international) {
        return Some(abroad);
    }
    let as_typed = || plan.fits(digits).then(|| format!("{}{digits}", plan.code));
    if let Some(found) = as_typed().filter(|_| !plan.rewrites()) {
        return Some(found);
    }
    let parsed = plan.crate_id().and_then(|id| by_the_crate(Some(id), digits));
    if let Some((found, Source::Default | Source::Number)) = parsed {
        return Some(found);
    }
    as_typed().or_else(|| digits.starts_with(plan.code).then(|| international(digits)).flatten())
}

/// The crate's reading, for what only it knows (carrier codes, the 15 of Argentina); taken where the result fits.
fn by_the_crate(region: Option<phonenumber::country::Id>, digits: &str) -> Option<(String, Source)> {
    let number = phonenumber::parse(region, digits).ok()?;
    let mut found = String::new();
    write!(found, "{}{}", number.code().value(), number.national()).ok()?;
    let (plans, national) = numbering::split(&found)?;
    plans.iter().any(|plan| plan.fits(national)).then(|| (found, number.code().source()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phone(text: &str, region: Option<&str>) -> Result<String, Invalid> {
        parse_phone(text, region).map(|phone| phone.as_str().to_owned())
    }

    #[test]
    fn a_number_may_be_written_in_many_ways() {
        for text in [
            "+60123456789",
            "+60 12-345 6789",
            " + 60 (12) 345.6789 ",
            "tel:+60-12-345-6789",
            "\u{202A}+60\u{a0}12\u{2011}345\u{2011}6789\u{202C}",
            "＋６０１２３４５６７８９",
            "+٦٠١٢٣٤٥٦٧٨٩",
            "+60 (0)12 345 6789",
        ] {
            assert_eq!(phone(text, None).as_deref(), Ok("+60123456789"), "{text}");
        }
    }

    #[test]
    fn a_national_number_is_read_by_the_default_region() {
        for (text, region, e164) in [
            ("012-345 6789", "MY", "+60123456789"),
            ("12 345 6789", "MY", "+60123456789"),
            ("60123456789", "MY", "+60123456789"),
            ("00 44 20 7946 0018", "MY", "+442079460018"),
            ("(415) 555-2671", "US", "+14155552671"),
            ("1 415 555 2671", "US", "+14155552671"),
            ("011 44 20 7946 0018", "US", "+442079460018"),
            ("55 1234 5678", "MX", "+525512345678"),
            ("06 1234 5678", "IT", "+390612345678"),
            ("0039 06 1234 5678", "IT", "+390612345678"),
            ("8 800 123-45-67", "RU", "+78001234567"),
            ("800 123-45-67", "RU", "+78001234567"),
            ("011 15 2345-6789", "AR", "+5491123456789"),
            ("0 21 11 98765-4321", "BR", "+5511987654321"),
        ] {
            assert_eq!(phone(text, Some(region)).as_deref(), Ok(e164), "{text} in {region}");
        }
    }

    #[test]
    fn a_number_with_a_plus_does_not_depend_on_the_default_region() {
        assert_eq!(phone("+7 800 123-45-67", Some("MY")).as_deref(), Ok("+78001234567"));
        assert_eq!(phone("+39 06 1234 5678", Some("US")).as_deref(), Ok("+390612345678"));
        assert_eq!(phone("+44 (0)20 7946 0018", Some("IT")).as_deref(), Ok("+442079460018"));
    }

    #[test]
    fn a_national_number_without_a_region_is_refused_by_name() {
        assert_eq!(phone("012-345 6789", None), Err(Invalid::PhoneCountryCode));
        assert_eq!(phone("012-345 6789", Some("ZZ")), Err(Invalid::PhoneCountryCode));
    }

    #[test]
    fn an_extension_is_refused_rather_than_dropped() {
        for text in ["+1 415 555 2671 x123", "+1 415 555 2671 ext. 9", "+14155552671#9", "+14155552671;ext=9"] {
            assert_eq!(phone(text, None), Err(Invalid::PhoneExtension), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "+",
            "hello",
            "+60",
            "+60 12",
            "+1 415 555 26711",
            "+1 123 456 7890",
            "+999 123456789",
            "+0123456789",
            "++60123456789",
            "+60 12+345 6789",
            "+1 800 FLOWERS",
            "+60123456789, +60123456780",
            "+123456789012345678901234567890",
            "x",
        ] {
            assert!(matches!(phone(text, None), Err(Invalid::Phone | Invalid::PhoneExtension)), "{text}");
        }
        assert_eq!(phone(" ", None), Err(Invalid::Empty));
        assert_eq!(phone("+60\0", None), Err(Invalid::Nul));
    }

    #[test]
    fn a_part_of_a_number_is_its_digits() {
        for (typed, digits) in [("+60 12", "6012"), ("345-67", "34567"), ("(0)7", "07"), ("٣٤٥", "345")] {
            assert_eq!(parse_digits(typed).as_deref(), Ok(digits), "{typed}");
        }
        for bad in ["", "+", "ada", "12a", "1+2", &"1".repeat(25)] {
            assert_eq!(parse_digits(bad), Err(Invalid::PhoneDigits), "{bad}");
        }
    }

    #[test]
    fn a_range_not_in_use_yet_is_taken() {
        assert_eq!(phone("+1 555 000 1111", None).as_deref(), Ok("+15550001111"));
    }

    #[test]
    fn a_number_names_its_country() {
        for (e164, country) in [
            ("+60123456789", Some("MY")),
            ("+14155552671", Some("US")),
            ("+16137827274", Some("CA")),
            ("+18762345678", Some("JM")),
            ("+15550001111", Some("US")),
            ("+442079460018", Some("GB")),
            ("+447781123456", Some("GG")),
            ("+390612345678", Some("IT")),
            ("+390669812345", Some("VA")),
            ("+78001234567", Some("RU")),
            ("+77710009998", Some("KZ")),
            ("+38343201234", Some("XK")),
            ("+24762889", Some("SH")),
            ("+80012345678", None),
            ("+999123", None),
            ("60123456789", None),
            ("", None),
        ] {
            assert_eq!(country_of(e164), country, "{e164}");
        }
    }

    #[test]
    fn every_example_of_the_data_is_read_nationally_and_internationally() {
        let examples = numbering::examples::all();
        assert!(examples.len() > 900);
        for (plan, national) in examples {
            let e164 = format!("+{}{national}", plan.code);
            assert_eq!(phone(&e164, None).as_ref(), Ok(&e164));
            assert_eq!(phone(national, Some(plan.region)).as_ref(), Ok(&e164), "in {}", plan.region);
            let dialled = format!("{}{national}", plan.national_prefix.unwrap_or_default());
            assert_eq!(phone(&dialled, Some(plan.region)).as_ref(), Ok(&e164), "dialled in {}", plan.region);
        }
    }

    #[test]
    fn every_country_that_a_number_names_is_a_country() {
        for (plan, national) in numbering::examples::all() {
            let country = country_of(&format!("+{}{national}", plan.code)).unwrap();
            assert_eq!(crate::values::country::parse_country(country), Ok(country));
        }
    }

    proptest! {
        #[test]
        fn a_phone_never_panics_and_stays(
            text in prop_oneof![any::<String>(), "\\+?[0-9 ().-]{0,20}", "(00|0|8|011|\\+)?[0-9]{1,18}"],
            region in prop_oneof![Just(None), "[A-Z]{2}".prop_map(Some), Just(Some("US".into())), Just(Some("IT".into()))],
        ) {
            if let Ok(once) = parse_phone(&text, region.as_deref()) {
                prop_assert_eq!(parse_phone(once.as_str(), region.as_deref()), Ok(once.clone()));
                prop_assert_eq!(parse_phone(once.as_str(), None), Ok(once.clone()));
                let _ = once.country();
            }
            let _ = country_of(&text);
            if let Ok(digits) = parse_digits(&text) {
                prop_assert_eq!(parse_digits(&digits), Ok(digits.clone()));
            }
        }
    }
}
