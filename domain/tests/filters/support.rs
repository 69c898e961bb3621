//! Contacts and filters from plain JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use dossier_domain::compose::{ActivityLevel, Status};
use dossier_domain::fields::{Definition, Definitions, FieldType, Typed, read_value};
use dossier_domain::filter::{Filter, Source, Subject, Vocabulary, matches, read};
use dossier_domain::ids::ContactId;
use dossier_domain::problem::{Place, Problem, Problems};
use dossier_domain::state::ConversationStatus;
use dossier_domain::values::phone::country_of;
use dossier_domain::values::text::fold;
use dossier_domain::values::time::parse_time;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// Where the files of the corpus are, whichever crate tests by them.
pub(crate) fn folder() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("tests/data/filters"));
    above.into_iter().find(|folder| folder.is_dir()).expect("the corpus is in the repository")
}

/// For how many days a contact is active.
pub(crate) const ACTIVE_DAYS: u16 = 30;

/// By the key of a custom field.
type ByKey<V> = BTreeMap<Arc<str>, V>;

/// The settings that a filter is read and evaluated in.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) fields: Definitions,
    pub(crate) zone: Tz,
    pub(crate) now: DateTime<Utc>,
    pub(crate) region: Option<String>,
}

/// A contact and the segments that it is a member of.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) subject: Subject,
    pub(crate) segments: BTreeSet<Arc<str>>,
}

impl Setting {
    pub(crate) fn read(&self, filter: &Json, source: Source) -> Result<Filter, Vec<Problem>> {
        self.with(source, |vocabulary| read(filter, vocabulary))
    }

    /// Works with the words of this setting.
    pub(crate) fn with<T>(&self, source: Source, work: impl FnOnce(Vocabulary<'_>) -> T) -> T {
        // A segment is known here if its id says so.
        let segment = |name: &str| name.starts_with("seg-").then(|| name.into());
        let vocabulary = Vocabulary {
            fields: &self.fields,
            region: self.region.as_deref(),
            zone: self.zone,
            segment: &segment,
            source,
        };
        work(vocabulary)
    }

    pub(crate) fn matches(&self, filter: &Filter, person: &Person) -> bool {
        matches(filter, &person.subject, self.now, &person.segments)
    }

    /// A contact of plain members, most of them those of the body that is answered. What is not given is absent.
    pub(crate) fn person(&self, json: &Json) -> Person {
        let mut members = Members(json.as_object().expect("a contact is an object").clone());
        let (blocked, last_interaction) = (members.boolean("blocked"), members.time("last_interaction"));
        let conversation_status = members.conversation_status();
        let created_at = members.time("created_at").unwrap_or_else(|| parse_time("2020-01-01T00:00:00Z").unwrap());
        let (custom, custom_sets) = self.custom(members.0.remove("custom"));
        let names = [members.text("first_name"), members.text("last_name")];
        let (email, phone) = (members.text("email"), members.text("phone"));
        let id = members.text("id").map_or(Uuid::nil(), |id| id.parse().expect("an id is a UUID"));
        let joined = names.iter().flatten().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
        let name = (!joined.is_empty()).then(|| Arc::from(joined)).or_else(|| phone.clone()).or_else(|| email.clone());
        let [first_name, last_name] = names;
        let subject = Subject {
            id: ContactId(id),
            display_name: name.unwrap_or_else(|| "00000000".into()),
            first_name,
            last_name,
            email,
            country: members.text("country").or_else(|| phone.as_deref().and_then(country_of).map(Arc::from)),
            phone,
            company: members.text("company"),
            language: members.text("language"),
            source: members.text("source"),
            last_channel: members.text("last_channel"),
            assignee: members.text("assignee"),
            conversation_status,
            status: Status::of(conversation_status, blocked),
            activity: ActivityLevel::of(blocked, last_interaction, ACTIVE_DAYS, self.now),
            blocked,
            has_absorbed: members.boolean("has_absorbed"),
            opened_at: members.time("opened_at"),
            created_at,
            first_seen: members.time("first_seen").unwrap_or(created_at),
            last_in: members.time("last_in"),
            last_out: members.time("last_out"),
            last_interaction,
            tags: members.texts("tags").into_iter().map(|tag| (Arc::from(fold(&tag)), tag)).collect(),
            channels: members.texts("channels").into_iter().collect(),
            custom,
            custom_sets,
            other_emails: members.texts("other_emails"),
            other_phones: members.texts("other_phones"),
            handles: members.texts("handles"),
        };
        let segments = members.texts("segments").into_iter().collect();
        assert!(members.0.is_empty(), "no contact has {:?}", members.0.keys());
        Person { subject, segments }
    }

    fn custom(&self, json: Option<Json>) -> (ByKey<Typed>, ByKey<BTreeSet<Arc<str>>>) {
        let (mut singles, mut sets) = (BTreeMap::new(), BTreeMap::new());
        for (key, json) in json.as_ref().and_then(Json::as_object).into_iter().flatten() {
            let definition = self.fields.get(key).expect("the field is defined");
            let mut problems = Problems::default();
            let value = read_value(definition, json, self.region.as_deref(), &Place::WHOLE, &mut problems);
            let Some(value) = problems.or(value).expect("the value is of its type") else { continue };
            match Typed::of(definition.kind, &value).unwrap() {
                Typed::Options(options) => drop(sets.insert(Arc::from(&**key), options.into_iter().collect())),
                single => drop(singles.insert(Arc::from(&**key), single)),
            }
        }
        (singles, sets)
    }
}

/// A custom field of each type, named after it; lists offer Gold, Silver and Bronze.
pub(crate) fn one_field_of_each_type() -> Definitions {
    let definition = |kind: FieldType| {
        let options: &[&str] = if kind.has_options() { &["Gold", "Silver", "Bronze"] } else { &[] };
        let key = serde_json::to_value(kind).unwrap();
        Definition::new(key.as_str().unwrap(), kind, options).unwrap()
    };
    FieldType::ALL.into_iter().map(definition).collect()
}

struct Members(Map<String, Json>);

impl Members {
    fn text(&mut self, name: &str) -> Option<Arc<str>> {
        self.0.remove(name).map(|text| text.as_str().expect("text").into())
    }

    fn texts(&mut self, name: &str) -> Vec<Arc<str>> {
        let texts = self.0.remove(name).unwrap_or_else(|| Json::Array(Vec::new()));
        texts.as_array().unwrap().iter().map(|text| text.as_str().expect("text").into()).collect()
    }

    fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        self.text(name).map(|text| parse_time(&text).expect("a time"))
    }

    fn boolean(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some_and(|yes| yes.as_bool().expect("true or false"))
    }

    fn conversation_status(&mut self) -> ConversationStatus {
        self.0
            .remove("conversation_status")
            .map_or(ConversationStatus::None, |json| serde_json::from_value(json).unwrap())
    }
}
