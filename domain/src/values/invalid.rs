//! Why a text from outside is no value: one closed list, so that every refusal has a code and says what to do.

use std::fmt;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Unicode scalar values, after normalising.
    Characters,
    /// Bytes of UTF-8, after normalising.
    Bytes,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Characters => "characters",
            Unit::Bytes => "bytes",
        })
    }
}

/// Why a text was refused. Its words say what would be taken and never repeat what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Invalid {
    /// Nothing, or white space alone, where a value is needed.
    #[error("give a value; white space alone is none")]
    Empty,
    /// The character NUL.
    #[error("leave out the NUL character (U+0000)")]
    Nul,
    /// Any other control character, where none is allowed.
    #[error("leave out control characters; only comments and messages may hold line breaks and tabs")]
    ControlCharacter,
    /// Longer than the limit.
    #[error("shorten it to at most {limit} {unit}")]
    TooLong {
        /// The most that is taken.
        limit: usize,
        /// Of what.
        unit: Unit,
    },
    /// No email address.
    #[error("write an email address such as name@example.com")]
    Email,
    /// An email address whose domain has no dot.
    #[error("write the whole domain of the email address, such as example.com")]
    EmailDomain,
    /// No phone number of its country.
    #[error("write a whole phone number of its country, best with + and the country code, such as +60 12-345 6789")]
    Phone,
    /// A national number, and no default region to read it by.
    #[error("begin the phone number with + and the country code, or set the workspace's default region")]
    PhoneCountryCode,
    /// A number with an extension, which E.164 can't hold.
    #[error("leave out the extension of the phone number; keep it in a field of its own")]
    PhoneExtension,
    /// No country.
    #[error("write a country as its ISO 3166 code of two letters, such as MY")]
    Country,
    /// No region whose national phone numbers are known.
    #[error("write a default region as the ISO 3166 code of a country with phone numbers, such as MY")]
    Region,
    /// No language tag.
    #[error("write a language as a BCP 47 tag, such as en or pt-BR")]
    Language,
    /// No address of the web.
    #[error("write an address that begins with http:// or https:// and names a host, without a user name")]
    Url,
    /// No channel name.
    #[error("write a channel as 1 to 64 of a-z, 0-9, _ and -")]
    Channel,
    /// No workspace name.
    #[error("write a workspace as 1 to 64 of a-z, 0-9, _ and -")]
    Workspace,
    /// No reference to a contact.
    #[error("refer to a contact by id:<uuid>, email:<address>, phone:<e164> or channel:<channel>:<external id>")]
    Reference,
    /// No contact id.
    #[error("write the contact id as a UUID")]
    ContactId,
    /// No actor.
    #[error("write an actor as <kind>:<id>, the kind one of user, workflow, api, ai, channel and system")]
    Actor,
    /// No time.
    #[error("write a time as RFC 3339 with an offset, such as 2026-03-01T09:30:00Z")]
    Time,
    /// A time that no clock of ours will show.
    #[error("give a time between the years 1900 and 9999")]
    TimeRange,
    /// A time too far ahead of now (rule 12).
    #[error("give a time at most 5 minutes ahead of now")]
    TimeAhead,
    /// No day.
    #[error("write a day as YYYY-MM-DD, such as 2026-03-01")]
    Day,
    /// No time of day.
    #[error("write a time of day as HH:MM or HH:MM:SS, such as 09:30")]
    TimeOfDay,
    /// Neither a day nor a time.
    #[error("write a day as YYYY-MM-DD, or a time as RFC 3339 with an offset, such as 2026-03-01T09:30:00Z")]
    Moment,
    /// A whole number that not every double holds (rule 37).
    #[error("give a number; whole numbers may be at most 2^53, above and below zero")]
    NumberTooLarge,
    /// A part of a phone number with something else than digits in it.
    #[error("write some digits of the phone number, such as 12345")]
    PhoneDigits,
    /// No key of a custom field.
    #[error("write the key of a custom field as 1 to 64 of a-z, 0-9 and _")]
    FieldKey,
    /// A search for more terms than are taken (rule 39).
    #[error("search for at most 8 terms; quotes hold words together as one")]
    TooManyTerms,
    /// No time zone.
    #[error("write a time zone by its IANA name, such as Asia/Kuala_Lumpur")]
    TimeZone,
    /// No day on which a billing cycle can start (rule 28).
    #[error("give a billing anchor day from 1 to 31")]
    AnchorDay,
}

impl Invalid {
    /// The name by which a program knows the refusal; never changes.
    pub fn code(self) -> &'static str {
        match self {
            Invalid::Empty => "empty",
            Invalid::Nul => "nul_character",
            Invalid::ControlCharacter => "control_character",
            Invalid::TooLong { .. } => "too_long",
            Invalid::Email => "invalid_email",
            Invalid::EmailDomain => "invalid_email_domain",
            Invalid::Phone => "invalid_phone",
            Invalid::PhoneCountryCode => "phone_without_country_code",
            Invalid::PhoneExtension => "phone_with_extension",
            Invalid::Country => "invalid_country",
            Invalid::Region => "invalid_region",
            Invalid::Language => "invalid_language",
            Invalid::Url => "invalid_url",
            Invalid::Channel => "invalid_channel",
            Invalid::Workspace => "invalid_workspace",
            Invalid::Reference => "invalid_reference",
            Invalid::ContactId => "invalid_contact_id",
            Invalid::Actor => "invalid_actor",
            Invalid::Time => "invalid_time",
            Invalid::TimeRange => "time_out_of_range",
            Invalid::TimeAhead => "time_ahead",
            Invalid::Day => "invalid_day",
            Invalid::TimeOfDay => "invalid_time_of_day",
            Invalid::Moment => "invalid_day_or_time",
            Invalid::NumberTooLarge => "number_too_large",
            Invalid::PhoneDigits => "invalid_phone_digits",
            Invalid::FieldKey => "invalid_field_key",
            Invalid::TooManyTerms => "too_many_terms",
            Invalid::TimeZone => "invalid_time_zone",
            Invalid::AnchorDay => "invalid_anchor_day",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_snake_case_and_words_are_short_sentences_in_lower_case() {
        let some =
            [Invalid::Empty, Invalid::TooLong { limit: 3, unit: Unit::Bytes }, Invalid::Phone, Invalid::AnchorDay];
        for invalid in some {
            assert!(invalid.code().chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            let words = invalid.to_string();
            assert!(words.starts_with(char::is_lowercase) && !words.ends_with('.'), "{words}");
        }
    }
}
