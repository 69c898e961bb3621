//! The fields that a filter may name (rule 34), by the kind of their values.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::op::Kind;
use crate::fields::{Definition, Definitions, FieldType};
use crate::problem::{Place, Problems};

/// A field of a filter or of a sort.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FilterField {
    /// Text.
    Text(TextField),
    /// A phone number.
    Phone(PhoneField),
    /// A code or an id.
    Code(CodeField),
    /// `conversation_status`
    ConversationStatus,
    /// `status`
    Status,
    /// `activity`
    Activity,
    /// True or false.
    Boolean(BooleanField),
    /// A custom `number`, by its key.
    Number(Arc<str>),
    /// A custom `time`, by its key.
    Time(Arc<str>),
    /// A custom `date`, by its key.
    Date(Arc<str>),
    /// An instant.
    Instant(InstantField),
    /// A set.
    Set(SetField),
}

/// A field of text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum TextField {
    FirstName,
    LastName,
    DisplayName,
    Email,
    Company,
    /// A custom `text`, `email` or `url`, by its key.
    Custom(Arc<str>, TextForm),
}

impl TextField {
    /// What its whole values look like.
    pub fn form(&self) -> TextForm {
        match self {
            TextField::Email => TextForm::Email,
            TextField::Custom(_, form) => *form,
            _ => TextForm::Plain,
        }
    }
}

/// What the values of a field of text look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the form of its name")]
pub enum TextForm {
    Plain,
    Email,
    Url,
}

/// A field of phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PhoneField {
    /// `phone`
    Phone,
    /// A custom `phone`, by its key.
    Custom(Arc<str>),
}

/// A field of codes or ids, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum CodeField {
    Country,
    Language,
    Source,
    LastChannel,
    Assignee,
    /// A custom `list`, by its key.
    Custom(Arc<str>),
}

/// A field that is true or false.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum BooleanField {
    Blocked,
    HasAbsorbed,
    /// A custom `boolean`, by its key.
    Custom(Arc<str>),
}

/// A field of instants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum InstantField {
    OpenedAt,
    CreatedAt,
    FirstSeen,
    LastIn,
    LastOut,
    LastMessage,
    LastInteraction,
    /// A custom `datetime`, by its key.
    Custom(Arc<str>),
}

/// A field of sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum SetField {
    Tags,
    Channels,
    Segment,
    /// A custom `multi_list`, by its key.
    Custom(Arc<str>),
}

/// Why a name names no field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoField {
    /// The field of this name was retired.
    Retired,
    /// No field has this name.
    Unknown {
        /// The name that is most like it.
        nearest: String,
    },
}

impl NoField {
    /// Notes it.
    pub(super) fn tell(&self, place: &Place<'_>, problems: &mut Problems) {
        match self {
            NoField::Retired => {
                problems.add(place, "retired_field", "name a field that is in use; this one was retired")
            }
            NoField::Unknown { nearest } => {
                problems.add(place, "unknown_field", format!("name a field that there is, such as {nearest}"));
            }
        }
    }
}

impl FilterField {
    /// The fields that every workspace has, by name.
    pub const STANDARD: [(&str, FilterField); 26] = [
        ("first_name", FilterField::Text(TextField::FirstName)),
        ("last_name", FilterField::Text(TextField::LastName)),
        ("display_name", FilterField::Text(TextField::DisplayName)),
        ("email", FilterField::Text(TextField::Email)),
        ("phone", FilterField::Phone(PhoneField::Phone)),
        ("company", FilterField::Text(TextField::Company)),
        ("country", FilterField::Code(CodeField::Country)),
        ("language", FilterField::Code(CodeField::Language)),
        ("source", FilterField::Code(CodeField::Source)),
        ("last_channel", FilterField::Code(CodeField::LastChannel)),
        ("assignee", FilterField::Code(CodeField::Assignee)),
        ("conversation_status", FilterField::ConversationStatus),
        ("status", FilterField::Status),
        ("activity", FilterField::Activity),
        ("blocked", FilterField::Boolean(BooleanField::Blocked)),
        ("has_absorbed", FilterField::Boolean(BooleanField::HasAbsorbed)),
        ("opened_at", FilterField::Instant(InstantField::OpenedAt)),
        ("created_at", FilterField::Instant(InstantField::CreatedAt)),
        ("first_seen", FilterField::Instant(InstantField::FirstSeen)),
        ("last_in", FilterField::Instant(InstantField::LastIn)),
        ("last_out", FilterField::Instant(InstantField::LastOut)),
        ("last_message", FilterField::Instant(InstantField::LastMessage)),
        ("last_interaction", FilterField::Instant(InstantField::LastInteraction)),
        ("tags", FilterField::Set(SetField::Tags)),
        ("channels", FilterField::Set(SetField::Channels)),
        ("segment", FilterField::Set(SetField::Segment)),
    ];

    /// The field of a name, retired or not.
    ///
    /// # Errors
    /// No field has this name.
    pub fn named(name: &str, definitions: &Definitions) -> Result<FilterField, NoField> {
        let custom = || definitions.get(name.strip_prefix("custom.")?).map(FilterField::custom);
        let standard = FilterField::STANDARD.into_iter().find(|(own, _)| *own == name);
        let found = standard.map(|(_, field)| field).or_else(custom);
        found.ok_or_else(|| NoField::Unknown { nearest: nearest(name, definitions) })
    }

    /// The field of a name, if it is in use.
    ///
    /// # Errors
    /// No field has this name, or it was retired.
    pub fn in_use(name: &str, definitions: &Definitions) -> Result<FilterField, NoField> {
        let field = FilterField::named(name, definitions)?;
        let is_retired = field.key().is_some_and(|key| definitions.in_use(key).is_none());
        if is_retired { Err(NoField::Retired) } else { Ok(field) }
    }

    /// The custom field that is defined so.
    pub fn custom(definition: &Definition) -> FilterField {
        let key = definition.key.clone();
        match definition.kind {
            FieldType::Text => FilterField::Text(TextField::Custom(key, TextForm::Plain)),
            FieldType::Email => FilterField::Text(TextField::Custom(key, TextForm::Email)),
            FieldType::Url => FilterField::Text(TextField::Custom(key, TextForm::Url)),
            FieldType::Phone => FilterField::Phone(PhoneField::Custom(key)),
            FieldType::List => FilterField::Code(CodeField::Custom(key)),
            FieldType::Boolean => FilterField::Boolean(BooleanField::Custom(key)),
            FieldType::Number => FilterField::Number(key),
            FieldType::Time => FilterField::Time(key),
            FieldType::Date => FilterField::Date(key),
            FieldType::Datetime => FilterField::Instant(InstantField::Custom(key)),
            FieldType::MultiList => FilterField::Set(SetField::Custom(key)),
        }
    }

    /// What kind of values it has.
    pub fn kind(&self) -> Kind {
        match self {
            FilterField::Text(_) => Kind::Text,
            FilterField::Phone(_) => Kind::Phone,
            FilterField::Code(_) => Kind::Code,
            FilterField::ConversationStatus | FilterField::Status | FilterField::Activity => Kind::Word,
            FilterField::Boolean(_) => Kind::Boolean,
            FilterField::Number(_) => Kind::Number,
            FilterField::Time(_) => Kind::Time,
            FilterField::Date(_) => Kind::Date,
            FilterField::Instant(_) => Kind::Instant,
            FilterField::Set(_) => Kind::Set,
        }
    }

    /// The key of a custom field; `None` for a standard one.
    pub fn key(&self) -> Option<&Arc<str>> {
        match self {
            FilterField::Text(TextField::Custom(key, _))
            | FilterField::Phone(PhoneField::Custom(key))
            | FilterField::Code(CodeField::Custom(key))
            | FilterField::Boolean(BooleanField::Custom(key))
            | FilterField::Number(key)
            | FilterField::Time(key)
            | FilterField::Date(key)
            | FilterField::Instant(InstantField::Custom(key))
            | FilterField::Set(SetField::Custom(key)) => Some(key),
            _ => None,
        }
    }

    /// By which a filter names it.
    pub fn name(&self) -> Cow<'static, str> {
        if let Some(key) = self.key() {
            return format!("custom.{key}").into();
        }
        let standard = FilterField::STANDARD.into_iter().find(|(_, field)| field == self);
        standard.map_or_else(Cow::default, |(name, _)| name.into())
    }
}

impl fmt::Display for FilterField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Longer than any name, in bytes: what is longer is cut before it is compared.
const NAME_LIMIT: usize = 80;

/// The name in use that is most like a text, a custom field's with or without its `custom.`.
fn nearest(text: &str, definitions: &Definitions) -> String {
    let text: String = text.chars().take(NAME_LIMIT).collect();
    let likeness = |name: &str| strsim::normalized_levenshtein(&text, name);
    let standard = FilterField::STANDARD.into_iter().map(|(name, _)| (likeness(name), name.to_owned()));
    let in_use = definitions.iter().filter(|definition| !definition.retired);
    let custom = in_use.map(|definition| {
        let name = format!("custom.{}", definition.key);
        (likeness(&name).max(likeness(&definition.key)), name)
    });
    let most_alike = standard.chain(custom).max_by(|(one, _), (other, _)| one.total_cmp(other));
    most_alike.map(|(_, name)| name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Definitions {
        let retired = Definition { retired: true, ..Definition::new("tierce", FieldType::Text, &[""; 0]).unwrap() };
        let all = FieldType::ALL.into_iter().enumerate().map(|(index, kind)| Definition {
            key: format!("field_{index}").into(),
            kind,
            options: Vec::new(),
            retired: false,
        });
        all.chain([Definition::new("tier", FieldType::Text, &[""; 0]).unwrap(), retired]).collect()
    }

    #[test]
    fn every_field_is_found_by_its_name() {
        for (name, field) in FilterField::STANDARD {
            assert_eq!(FilterField::in_use(name, &definitions()), Ok(field.clone()));
            assert_eq!(field.to_string(), name);
        }
        for definition in definitions().iter() {
            let field = FilterField::custom(definition);
            assert_eq!(FilterField::named(&field.name(), &definitions()), Ok(field));
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest_one() {
        for (name, nearest) in [
            ("contry", "country"),
            ("LastIn", "last_in"),
            ("tag", "tags"),
            ("tier", "custom.tier"),
            ("custom.teir", "custom.tier"),
            ("custom.", "custom.tier"),
        ] {
            let refused = FilterField::in_use(name, &definitions());
            assert_eq!(refused, Err(NoField::Unknown { nearest: nearest.into() }), "{name}");
        }
        assert!(FilterField::in_use(&"x".repeat(100_000), &definitions()).is_err());
    }

    #[test]
    fn a_retired_field_is_known_and_not_in_use() {
        assert_eq!(FilterField::in_use("custom.tierce", &definitions()), Err(NoField::Retired));
        assert!(FilterField::named("custom.tierce", &definitions()).is_ok());
    }
}
