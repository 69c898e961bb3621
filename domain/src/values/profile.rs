//! The text value of a standard profile field, by the rule of that field (rule 6).

use std::sync::Arc;

use super::country::parse_country;
use super::email::{Email, parse_email};
use super::invalid::Invalid;
use super::language::parse_language;
use super::phone::{Phone, parse_phone};
use super::text::{TextRule, parse_text, parse_url};
use crate::field::Field;

/// The value of a standard field in its one form; `None` where white space alone was given, which clears the field,
/// whatever its type. A custom field's type is the workspace's to know: its text is taken as a comment's.
///
/// # Errors
/// No value of this field.
pub fn parse_field(field: &Field, text: &str, region: Option<&str>) -> Result<Option<Arc<str>>, Invalid> {
    let value = match field {
        Field::FirstName | Field::LastName | Field::Company => return parse_text(text, TextRule::NAME),
        Field::Custom(_) => return parse_text(text, TextRule::COMMENT),
        Field::Email => parse_email(text).map(Email::into_text),
        Field::Phone => parse_phone(text, region).map(Phone::into_text),
        Field::Country => parse_country(text).map(Arc::from),
        Field::Language => parse_language(text),
        Field::AvatarUrl => parse_url(text),
    };
    match value {
        Err(Invalid::Empty) => Ok(None),
        value => value.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field_has_its_one_form_and_blanks_clear_it() {
        for (field, typed, kept) in [
            (Field::FirstName, " Ada ", "Ada"),
            (Field::LastName, "Lovelace", "Lovelace"),
            (Field::Company, " Analytical Engines\t", "Analytical Engines"),
            (Field::Email, " Ada@Example.com ", "Ada@Example.com"),
            (Field::Phone, "012-345 6789", "+60123456789"),
            (Field::Country, "my", "MY"),
            (Field::Language, "MS_my", "ms-MY"),
            (Field::AvatarUrl, " https://example.com/a.png ", "https://example.com/a.png"),
        ] {
            assert_eq!(parse_field(&field, typed, Some("MY")), Ok(Some(kept.into())), "{field}");
            assert_eq!(parse_field(&field, " \t ", Some("MY")), Ok(None), "{field}");
        }
    }

    proptest! {
        #[test]
        fn a_field_never_panics_and_stays(text in any::<String>(), which in 0..8usize) {
            let field = &Field::STANDARD[which];
            if let Ok(Some(once)) = parse_field(field, &text, None) {
                prop_assert_eq!(parse_field(field, &once, None), Ok(Some(once.clone())));
            }
        }
    }
}
