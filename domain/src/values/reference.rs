//! How a contact is addressed (rule 2).

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::channel::{parse_channel, parse_external_id};
use super::email::{Email, parse_email};
use super::invalid::Invalid;
use super::phone::{Phone, parse_phone};
use crate::ids::ContactId;

/// A reference to a contact, its value in the form by which it is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `id:<uuid>`, or the bare uuid.
    Id(ContactId),
    /// `email:<address>`; looked up folded.
    Email(Email),
    /// `phone:<e164>`.
    Phone(Phone),
    /// `channel:<channel>:<external id>`
    Channel {
        /// The channel.
        channel: Arc<str>,
        /// The handle on it, compared exactly; may hold colons.
        external_id: Arc<str>,
    },
}

/// In the form in which it can be given again.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Id(id) => write!(f, "id:{id}"),
            Reference::Email(email) => write!(f, "email:{}", email.as_str()),
            Reference::Phone(phone) => write!(f, "phone:{}", phone.as_str()),
            Reference::Channel { channel, external_id } => write!(f, "channel:{channel}:{external_id}"),
        }
    }
}

/// The reference. `region` (alpha-2) reads a phone without a country code, as everywhere in the workspace.
///
/// # Errors
/// Another form, or what follows the form is no such value.
pub fn parse_reference(text: &str, region: Option<&str>) -> Result<Reference, Invalid> {
    let Some((form, value)) = text.split_once(':') else {
        return parse_contact_id(text).map(Reference::Id).map_err(|_| Invalid::Reference);
    };
    match form {
        "id" => parse_contact_id(value).map(Reference::Id),
        "email" => parse_email(value).map(Reference::Email),
        "phone" => parse_phone(value, region).map(Reference::Phone),
        "channel" => {
            let (channel, external_id) = value.split_once(':').ok_or(Invalid::Reference)?;
            let (channel, external_id) = (parse_channel(channel)?, parse_external_id(external_id)?);
            Ok(Reference::Channel { channel, external_id })
        }
        _ => Err(Invalid::Reference),
    }
}

/// A contact id: a UUID, with hyphens or without.
///
/// # Errors
/// Anything else, other ways of writing a UUID too.
pub fn parse_contact_id(text: &str) -> Result<ContactId, Invalid> {
    let plain = matches!(text.len(), 32 | 36);
    let id = plain.then(|| Uuid::try_parse(text).ok()).flatten();
    id.map(ContactId).ok_or(Invalid::ContactId)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0192f0c1-2345-7abc-8def-0123456789ab";

    fn reference(text: &str) -> Result<Reference, Invalid> {
        parse_reference(text, Some("MY"))
    }

    #[test]
    fn a_contact_is_addressed_by_its_id() {
        let id = Reference::Id(ID.parse().unwrap());
        assert_eq!(reference(ID), Ok(id.clone()));
        assert_eq!(reference(&format!("id:{}", ID.to_uppercase())), Ok(id.clone()));
        assert_eq!(reference(&ID.replace('-', "")), Ok(id));
    }

    #[test]
    fn a_contact_is_addressed_by_email_and_phone() {
        assert_eq!(reference("email:Ada@Example.com"), parse_email("Ada@Example.com").map(Reference::Email));
        let phone = parse_phone("+60123456789", None).map(Reference::Phone);
        assert_eq!(reference("phone:+60 12-345 6789"), phone);
        assert_eq!(reference("phone:012-345 6789"), phone);
    }

    #[test]
    fn an_external_id_may_hold_colons_and_spaces() {
        let channel = Reference::Channel { channel: "telegram".into(), external_id: " a:b:c ".into() };
        assert_eq!(reference("channel:telegram: a:b:c "), Ok(channel));
    }

    #[test]
    fn a_reference_says_what_is_wrong_with_it() {
        for (text, invalid) in [
            ("", Invalid::Reference),
            ("ada", Invalid::Reference),
            ("name:ada", Invalid::Reference),
            ("channel:telegram", Invalid::Reference),
            ("id:7", Invalid::ContactId),
            (&format!("id:{{{ID}}}"), Invalid::ContactId),
            ("email:ada", Invalid::Email),
            ("phone:12", Invalid::Phone),
            ("channel:Tele:1", Invalid::Channel),
            ("channel:telegram:", Invalid::Empty),
        ] {
            assert_eq!(reference(text), Err(invalid), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_reference_never_panics_and_can_be_given_again(
            text in prop_oneof![any::<String>(), "(id|email|phone|channel):\\PC{0,12}(:\\PC{0,9})?"]
        ) {
            if let Ok(read) = reference(&text) {
                prop_assert_eq!(reference(&read.to_string()), Ok(read.clone()));
                if matches!(read, Reference::Channel { .. }) {
                    prop_assert_eq!(read.to_string(), text);
                }
            }
        }
    }
}
