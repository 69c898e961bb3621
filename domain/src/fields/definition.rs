//! The definition of a custom field: its key and its type, which never change, and the options of a list.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Typed;
use crate::field::Value;
use crate::problem::{Place, Problem, Problems};
use crate::values::Invalid;
use crate::values::text::{TextRule, fold, parse_needed_text};

/// The most options of a list. The rules give no limit; this is that of tags on a contact.
pub const OPTION_LIMIT: usize = 500;
/// The longest key, in bytes.
const KEY_LIMIT: usize = 64;

/// The type of a custom field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Text of up to 4,000 characters, with lines.
    Text,
    /// A finite IEEE double.
    Number,
    /// True or false.
    Boolean,
    /// A day of the calendar, in no zone.
    Date,
    /// An instant.
    Datetime,
    /// A time of day, in no zone.
    Time,
    /// One of the options.
    List,
    /// Some of the options.
    MultiList,
    /// An email address.
    Email,
    /// A phone number, E.164.
    Phone,
    /// An address of the web.
    Url,
}

impl FieldType {
    /// The name, as stored and as spoken over HTTP.
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Text => "text",
            FieldType::Number => "number",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Datetime => "datetime",
            FieldType::Time => "time",
            FieldType::List => "list",
            FieldType::MultiList => "multi_list",
            FieldType::Email => "email",
            FieldType::Phone => "phone",
            FieldType::Url => "url",
        }
    }

    /// Every one of them.
    pub const ALL: [FieldType; 11] = [
        FieldType::Text,
        FieldType::Number,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Datetime,
        FieldType::Time,
        FieldType::List,
        FieldType::MultiList,
        FieldType::Email,
        FieldType::Phone,
        FieldType::Url,
    ];

    /// Whether its values are options.
    pub fn has_options(self) -> bool {
        matches!(self, FieldType::List | FieldType::MultiList)
    }
}

/// A custom field of a workspace, as far as its values and filters depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// By which values and filters name it.
    pub key: Arc<str>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What a list offers; of other types none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Arc<str>>,
    /// Whether it was retired: its history stays, but no contact shows it any more.
    #[serde(default)]
    pub retired: bool,
}

impl Definition {
    /// A new field, checked; the pointers lead into the body that defines one.
    ///
    /// # Errors
    /// No key, options that are missing, empty, too many or alike, and options of a type that has none.
    pub fn new(key: &str, kind: FieldType, options: &[impl AsRef<str>]) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let key = problems.take(&Place::WHOLE.member("key"), parse_key(key));
        let options = read_options(kind, options, &Place::WHOLE.member("options"), &mut problems);
        let read = key.map(|key| Definition { key, kind, options, retired: false });
        problems.or(read)
    }

    /// The option that a text spells, in the option's own spelling: two that fold alike are one.
    pub fn option(&self, text: &str) -> Option<&Arc<str>> {
        let folded = fold(text.trim());
        self.options.iter().find(|option| fold(option) == folded)
    }
}

/// The key of a custom field: `[a-z0-9_]{1,64}`, as it is.
///
/// # Errors
/// Anything else.
pub fn parse_key(text: &str) -> Result<Arc<str>, Invalid> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_key = (1..=KEY_LIMIT).contains(&text.len()) && text.bytes().all(plain);
    if is_key { Ok(text.into()) } else { Err(Invalid::FieldKey) }
}

/// The options of a field of this type: of a list some, each once; of any other type none. What is wrong is noted.
pub fn read_options(
    kind: FieldType,
    options: &[impl AsRef<str>],
    place: &Place<'_>,
    problems: &mut Problems,
) -> Vec<Arc<str>> {
    match options.len() {
        0 if kind.has_options() => problems.add(place, "empty", "give the options that the list offers"),
        0 => {}
        _ if !kind.has_options() => {
            problems.add(place, "unexpected_options", "leave the options out; only list and multi_list have some");
        }
        count if count > OPTION_LIMIT => {
            problems.add(place, "too_many", format!("give at most {OPTION_LIMIT} options"));
        }
        _ => return distinct_options(options, place, problems),
    }
    Vec::new()
}

fn distinct_options(options: &[impl AsRef<str>], place: &Place<'_>, problems: &mut Problems) -> Vec<Arc<str>> {
    let (mut read, mut seen) = (Vec::with_capacity(options.len()), HashSet::new());
    for (index, option) in options.iter().enumerate() {
        let place = place.item(index);
        let Some(option) = problems.take(&place, parse_needed_text(option.as_ref(), TextRule::NAME)) else { continue };
        if seen.insert(fold(&option)) {
            read.push(option);
        } else {
            problems.add(&place, "duplicate_option", "give this option once; upper and lower case are alike");
        }
    }
    read
}

/// The custom fields of a workspace, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definitions(BTreeMap<Arc<str>, Definition>);

impl Definitions {
    /// The field of a key, retired or not.
    pub fn get(&self, key: &str) -> Option<&Definition> {
        self.0.get(key)
    }

    /// The field of a key, unless it was retired.
    pub fn in_use(&self, key: &str) -> Option<&Definition> {
        self.get(key).filter(|definition| !definition.retired)
    }

    /// What a contact shows of a stored value: the form of its type. `None` where no field in use has the key, or where
    /// the value, stored before its field was defined, is none of the type.
    pub fn shown(&self, key: &str, value: &Value) -> Option<Value> {
        Typed::of(self.in_use(key)?.kind, value).map(Typed::into_value)
    }

    /// The key in use that is most like a text.
    pub fn nearest(&self, text: &str) -> Option<&Arc<str>> {
        let in_use = self.iter().filter(|definition| !definition.retired).map(|definition| &definition.key);
        let likeness = |key: &Arc<str>| strsim::normalized_levenshtein(text, key);
        in_use.map(|key| (likeness(key), key)).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, key)| key)
    }

    /// All of them, by key, retired ones included.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.0.values()
    }
}

impl FromIterator<Definition> for Definitions {
    fn from_iter<I: IntoIterator<Item = Definition>>(definitions: I) -> Self {
        Definitions(definitions.into_iter().map(|definition| (definition.key.clone(), definition)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(key: &str, kind: FieldType, options: &[&str]) -> Vec<(String, &'static str)> {
        let problems = Definition::new(key, kind, options).unwrap_err();
        problems.into_iter().map(|problem| (problem.pointer, problem.code)).collect()
    }

    #[test]
    fn a_list_has_options_that_differ_by_more_than_case() {
        let tier = Definition::new("tier", FieldType::List, &[" Gold ", "Silver"]).unwrap();
        assert_eq!(tier.options, ["Gold".into(), "Silver".into()]);
        assert_eq!(tier.option(" GOLD").map(AsRef::as_ref), Some("Gold"));
        assert_eq!(tier.option("Bronze"), None);
        let alike = refused("tier", FieldType::MultiList, &["Gold", "gold", " "]);
        assert_eq!(alike, [("/options/1".into(), "duplicate_option"), ("/options/2".into(), "empty")]);
        assert_eq!(refused("tier", FieldType::List, &[]), [("/options".into(), "empty")]);
        assert_eq!(refused("tier", FieldType::List, &["a"; 501]), [("/options".into(), "too_many")]);
    }

    #[test]
    fn other_types_have_none_and_every_field_has_a_plain_key() {
        assert_eq!(
            refused("Tier", FieldType::Text, &["a"]),
            [("/key".into(), "invalid_field_key"), ("/options".into(), "unexpected_options")]
        );
        for kind in FieldType::ALL {
            let options: &[&str] = if kind.has_options() { &["a"] } else { &[] };
            assert!(Definition::new("a_1", kind, options).is_ok());
        }
    }

    #[test]
    fn every_type_is_called_as_it_is_stored() {
        for kind in FieldType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn a_value_is_shown_in_the_form_of_its_type_and_only_of_a_field_in_use() {
        let plain = |key: &str, kind| Definition::new(key, kind, &[""; 0]).unwrap();
        let old = Definition { retired: true, ..plain("old", FieldType::Text) };
        let fields: Definitions = [plain("due", FieldType::Datetime), old].into_iter().collect();
        let offset = Value::from("2026-03-01T09:30:00+08:00");
        assert_eq!(fields.shown("due", &offset), Some("2026-03-01T01:30:00Z".into()));
        for (key, value) in [("due", Value::Number(1.0)), ("old", "a".into()), ("none", "a".into())] {
            assert_eq!(fields.shown(key, &value), None, "{key}");
        }
        assert_eq!(fields.nearest("deu").map(AsRef::as_ref), Some("due"));
        assert_eq!(Definitions::default().nearest("deu"), None);
    }

    #[test]
    fn a_definition_is_stored_by_plain_names() {
        let tags = Definition::new("topics", FieldType::MultiList, &["News"]).unwrap();
        let stored = serde_json::to_value(&tags).unwrap();
        let plain = serde_json::json!({"key": "topics", "type": "multi_list", "options": ["News"], "retired": false});
        assert_eq!(stored, plain);
        assert_eq!(serde_json::from_value::<Definition>(stored).unwrap(), tags);
    }
}
